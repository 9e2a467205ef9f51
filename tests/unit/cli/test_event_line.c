/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_line.h"

#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *line(const char *type, const char *json, bool colour)
{
        static struct str out;
        const struct store_event_row row = {.run = "r", .sequence = 7, .type = type, .json = json, .len = strlen(json)};

        str_clear(&out);
        event_line(&row, colour, &out);
        return str_text(&out);
}

Test(event_line, says_when_who_what)
{
        cr_assert_str_eq(
                line("note.observation",
                     "{\"time\":\"2026-01-01T12:34:56.789Z\",\"actor\":\"agent\",\"data\":{\"text\":\"hello\"}}",
                     false),
                "    7  12:34:56  agent     note.observation                hello");
        cr_assert(strstr(
                line("run.state",
                     "{\"time\":\"2026-01-01T12:34:56.789Z\",\"actor\":\"system\",\"data\":{\"from\":\"running\","
                     "\"to\":\"frozen\",\"reasons\":[\"a\",\"b\"]}}",
                     false),
                "running  frozen  a; b"));
}

Test(event_line, nothing_raw_reaches_the_terminal)
{
        const char *text =
                line("note.observation",
                     "{\"actor\":\"\\u001b[2J\",\"data\":{\"text\":\"a\\u001b]0;x\\u0007\\nb\\u009b\"}}", false);

        cr_assert_null(strchr(text, '\033'));
        cr_assert_null(strchr(text, '\n'));
        cr_assert_null(strchr(text, '\a'));
        cr_assert_null(strstr(text, "\xc2\x9b"));
}

Test(event_line, unknown_types_and_broken_json_still_give_a_line)
{
        cr_assert(strstr(line("new.type", "{\"actor\":\"user\",\"data\":{\"k\\n\":5,\"flag\":true}}", false),
                         "k\\n 5  flag"));
        cr_assert(strstr(line("note.status", "not json", false), "note.status"));
}

Test(event_line, a_request_without_an_answer_says_why)
{
        cr_assert(strstr(line("receipt.net",
                              "{\"actor\":\"system\",\"data\":{\"host\":\"h\",\"port\":1,\"via\":\"route:r\","
                              "\"error\":\"Couldn't connect to server\",\"bytes_in\":0,\"bytes_out\":9}}",
                              false),
                         "h  port 1  route:r  Couldn't connect to server  bytes_in 0"));
}

Test(event_line, that_a_cost_is_estimated_is_said_only_where_it_is)
{
        static const char data[] = "{\"actor\":\"system\",\"data\":{\"usd\":0.5,\"model\":\"m\",\"estimated\":%s}}";
        char text[256];

        snprintf(text, sizeof(text), data, "false");
        cr_assert_null(strstr(line("cost.reported", text, false), "estimated"));
        snprintf(text, sizeof(text), data, "true");
        cr_assert(strstr(line("cost.reported", text, false), "m  estimated"));
}

Test(event_line, what_a_step_used_is_no_row_of_semicolons)
{
        cr_assert(strstr(line("receipt.limits",
                              "{\"actor\":\"runner\",\"data\":{\"ended\":\"exit\",\"limits\":[{\"limit\":\"cpu\"},"
                              "{\"limit\":\"wall\"}],\"redacted\":0,\"step\":\"agent\"}}",
                              false),
                         "receipt.limits                  agent  exit  redacted 0"));
        cr_assert_null(strchr(line("new.type", "{\"data\":{\"k\":[{\"a\":1},{\"a\":2}]}}", false), ';'));
}

Test(event_line, long_texts_are_cut)
{
        _cleanup_str_ struct str json = {0};

        str_puts(&json, "{\"actor\":\"agent\",\"data\":{\"text\":\"");
        for (int i = 0; i < 5000; i++)
                str_puts(&json, "ä");
        str_puts(&json, "\"}}");
        cr_assert_lt(strlen(line("note.observation", str_text(&json), false)), 600);
        cr_assert(strstr(line("note.observation", str_text(&json), false), "ä…"));
}
