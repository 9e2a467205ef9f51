/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_line.h"

#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *line_of(const char *type, const char *json, size_t columns, size_t from)
{
        static struct str out;
        const struct event_page page = {.columns = columns, .from = from};
        const struct store_event_row row = {.run = "r", .sequence = 7, .type = type, .json = json, .len = strlen(json)};

        str_clear(&out);
        event_line(&row, &page, &out);
        return str_text(&out);
}

static const char *line(const char *type, const char *json)
{
        return line_of(type, json, 0, 0);
}

static const char long_one[] =
        "{\"time\":\"2026-01-01T12:34:56.789Z\",\"actor\":\"agent\",\"data\":{\"text\":\"the cache is never warm in "
        "these tests, and nobody noticed since the first of them always takes that long\"}}";

Test(event_line, a_terminal_gets_no_longer_line_and_a_pipe_gets_one)
{
        cr_assert_str_eq(line_of("note.observation", long_one, 80, 0),
                         "    7  12:34:56  agent     note.observation  the cache is never warm in these\n"
                         "       tests, and nobody noticed since the first of them always takes that long");
        cr_assert_str_eq(
                line_of("note.observation", long_one, 123, 0),
                "    7  12:34:56  agent     note.observation                the cache is never warm in these tests, "
                "and nobody noticed since\n"
                "                                                           the first of them always takes that long");
        cr_assert_null(strchr(line("note.observation", long_one), '\n'));
        cr_assert(strstr(line("note.observation", long_one), "since the first of them always takes that long"));
}

Test(event_line, every_line_fits_whatever_the_width)
{
        for (size_t columns = 60; columns < 200; columns++)
                for (size_t from = 0; from <= 25; from += 25) {
                        const char *at = line_of("note.observation", long_one, columns, from);

                        for (size_t taken = from; *at; taken = 0) {
                                cr_expect(taken + strcspn(at, "\n") <= columns || columns < 75, "%zu: %s", columns, at);
                                at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n');
                        }
                }
}

Test(event_line, says_when_who_what)
{
        cr_assert_str_eq(
                line("note.observation",
                     "{\"time\":\"2026-01-01T12:34:56.789Z\",\"actor\":\"agent\",\"data\":{\"text\":\"hello\"}}"),
                "    7  12:34:56  agent     note.observation                hello");
        cr_assert(strstr(
                line("run.state",
                     "{\"time\":\"2026-01-01T12:34:56.789Z\",\"actor\":\"system\",\"data\":{\"from\":\"running\","
                     "\"to\":\"frozen\",\"reasons\":[\"a\",\"b\"]}}"),
                "running  frozen  a; b"));
}

Test(event_line, nothing_raw_reaches_the_terminal)
{
        const char *text = line("note.observation",
                                "{\"actor\":\"\\u001b[2J\",\"data\":{\"text\":\"a\\u001b]0;x\\u0007\\nb\\u009b\"}}");

        cr_assert_null(strchr(text, '\033'));
        cr_assert_null(strchr(text, '\n'));
        cr_assert_null(strchr(text, '\a'));
        cr_assert_null(strstr(text, "\xc2\x9b"));
}

Test(event_line, unknown_types_and_broken_json_still_give_a_line)
{
        cr_assert(strstr(line("new.type", "{\"actor\":\"user\",\"data\":{\"k\\n\":5,\"flag\":true}}"), "k\\n 5  flag"));
        cr_assert(strstr(line("note.status", "not json"), "note.status"));
}

Test(event_line, a_request_without_an_answer_says_why)
{
        cr_assert(strstr(line("receipt.net",
                              "{\"actor\":\"system\",\"data\":{\"host\":\"h\",\"port\":1,\"via\":\"route:r\","
                              "\"error\":\"Couldn't connect to server\",\"bytes_in\":0,\"bytes_out\":9}}"),
                         "h  port 1  route:r  Couldn't connect to server  bytes_in 0"));
}

Test(event_line, that_a_cost_is_estimated_is_said_only_where_it_is)
{
        static const char data[] = "{\"actor\":\"system\",\"data\":{\"usd\":0.5,\"model\":\"m\",\"estimated\":%s}}";
        char text[256];

        snprintf(text, sizeof(text), data, "false");
        cr_assert_null(strstr(line("cost.reported", text), "estimated"));
        snprintf(text, sizeof(text), data, "true");
        cr_assert(strstr(line("cost.reported", text), "m  estimated"));
}

Test(event_line, what_a_step_used_is_no_row_of_semicolons)
{
        cr_assert(strstr(line("receipt.limits",
                              "{\"actor\":\"runner\",\"data\":{\"ended\":\"exit\",\"limits\":[{\"limit\":\"cpu\"},"
                              "{\"limit\":\"wall\"}],\"redacted\":0,\"step\":\"agent\"}}"),
                         "receipt.limits                  agent  exit  redacted 0"));
        cr_assert_null(strchr(line("new.type", "{\"data\":{\"k\":[{\"a\":1},{\"a\":2}]}}"), ';'));
}

Test(event_line, long_texts_are_cut)
{
        _cleanup_str_ struct str json = {0};

        str_puts(&json, "{\"actor\":\"agent\",\"data\":{\"text\":\"");
        for (int i = 0; i < 5000; i++)
                str_puts(&json, "ä");
        str_puts(&json, "\"}}");
        cr_assert_lt(strlen(line("note.observation", str_text(&json))), 600);
        cr_assert(strstr(line("note.observation", str_text(&json)), "ä…"));
}
