/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A replay as a JUnit report: a suite per judgement, a case per verifier and one for the verdict. A case fails where the replay differs
 * from the record: that is what whoever replays wants to hear of. Characters that XML cannot hold become "?".
 */
#include "cli/replay.h"

#include "lib/base/json.h"

#include <string.h>

static void put_text(struct str *out, const char *text)
{
        static const struct {
                char c;
                const char *entity;
        } entities[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\n', "&#10;"}, {'\t', "&#9;"}};

        for (; *text; text++) {
                const char *entity = (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : NULL;

                for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
                        if (*text == entities[i].c)
                                entity = entities[i].entity;
                /* U+FFFE and U+FFFF are no characters of XML */
                if (strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0) {
                        entity = "?";
                        text += 2;
                }
                if (entity)
                        str_puts(out, entity);
                else
                        str_putc(out, *text);
        }
}

static void put_attribute(struct str *out, const char *name, const char *text)
{
        str_printf(out, " %s=\"", name);
        put_text(out, text);
        str_putc(out, '"');
}

static void begin_case(struct str *out, const struct json_t *replay, const char *name, double seconds)
{
        str_puts(out, "    <testcase");
        put_attribute(out, "classname", json_text_of(replay, "run"));
        put_attribute(out, "name", name);
        str_printf(out, " time=\"%.3f\">\n", seconds);
}

static void put_failure(struct str *out, const char *then, const char *now, const char *why)
{
        str_puts(out, "      <failure");
        str_puts(out, " message=\"");
        put_text(out, then);
        str_puts(out, " in the record, now ");
        put_text(out, now);
        str_puts(out, "\" type=\"replay\">");
        put_text(out, why);
        str_puts(out, "</failure>\n");
}

static const char *or_nothing(const struct json_t *object, const char *key)
{
        const char *text = json_text_of(object, key);

        return text[0] ? text : "not run";
}

static void put_verifier(struct str *out, const struct json_t *replay, const struct json_t *verifier)
{
        const double ms = json_number_value(json_object_get(verifier, "ms"));

        begin_case(out, replay, json_text_of(verifier, "name"), ms / 1000);
        if (!json_is_true(json_object_get(verifier, "same")))
                put_failure(out, or_nothing(verifier, "then"), or_nothing(verifier, "now"),
                            json_text_of(verifier, "why"));
        str_puts(out, "      <system-out>");
        put_text(out, or_nothing(verifier, "now"));
        str_puts(out, "</system-out>\n    </testcase>\n");
}

static size_t count_failures(const struct json_t *judgement)
{
        const struct json_t *verifiers = json_object_get(judgement, "verifiers");
        size_t count = !json_is_true(json_object_get(judgement, "same"));

        for (size_t i = 0; i < json_array_size(verifiers); i++)
                count += !json_is_true(json_object_get(json_array_get(verifiers, i), "same"));
        return count;
}

static void put_suite(struct str *out, const struct json_t *replay, const struct json_t *judgement)
{
        const struct json_t *verifiers = json_object_get(judgement, "verifiers");
        const struct json_t *verdict = json_object_get(judgement, "verdict");

        str_puts(out, "  <testsuite");
        put_attribute(out, "name", json_text_of(replay, "run"));
        str_printf(out, " tests=\"%zu\" failures=\"%zu\">\n", json_array_size(verifiers) + 1,
                   count_failures(judgement));
        for (size_t i = 0; i < json_array_size(verifiers); i++)
                put_verifier(out, replay, json_array_get(verifiers, i));
        begin_case(out, replay, "verdict", 0);
        if (!json_is_true(json_object_get(judgement, "same")))
                put_failure(out, json_text_of(verdict, "then"), json_text_of(verdict, "now"), "");
        str_puts(out, "    </testcase>\n  </testsuite>\n");
}

/* One that could not be judged is a case, too: an empty report would say that all is well. */
static void put_unjudged(struct str *out, const struct json_t *replay)
{
        const char *fork = json_text_of(replay, "fork");

        str_puts(out, "  <testsuite");
        put_attribute(out, "name", json_text_of(replay, "run"));
        str_printf(out, " tests=\"1\" failures=\"%d\" skipped=\"%d\">\n", fork[0] != 0, fork[0] == 0);
        begin_case(out, replay, "verdict", 0);
        if (fork[0])
                put_failure(out, "another design", "a fork", fork);
        else {
                str_puts(out, "      <skipped");
                put_attribute(out, "message", json_text_of(replay, "nothing"));
                str_puts(out, "/>\n");
        }
        str_puts(out, "    </testcase>\n  </testsuite>\n");
}

void replay_junit(const struct json_t *replay, struct str *out)
{
        const struct json_t *judgements = json_object_get(replay, "judgements");

        str_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cupel replay\">\n");
        for (size_t i = 0; i < json_array_size(judgements); i++)
                put_suite(out, replay, json_array_get(judgements, i));
        if (!json_array_size(judgements))
                put_unjudged(out, replay);
        str_puts(out, "</testsuites>\n");
}
