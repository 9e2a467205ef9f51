/* SPDX-License-Identifier: Apache-2.0 */
/* What the director may tell the supervisor: everything else, in whatever form, ends the run. */
#include "tests/unit/cli/supervision_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(supervision_messages, .init = setup, .fini = teardown, .timeout = 30);

static void say(const char *text)
{
        say_to(supervision_from_director, text);
}

#define TREE "1111111111111111111111111111111111111111"

Test(supervision_messages, done_is_the_verdict)
{
        s.turn = DIRECTOR_DECIDES;
        say("{\"event\":\"phase\",\"to\":\"director_verifying\"}");
        say("{\"event\":\"step\",\"name\":\"u\",\"gate\":\"director\",\"state\":\"end\",\"result\":\"PASS\",\"ms\":3}");
        say("{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":\"" TREE "\",\"reasons\":[\"why\"]}");
        cr_assert(s.answered && !s.given_up);
        cr_assert_eq(s.stage, STAGE_ENDED);
        cr_assert_eq(s.verdict.outcome, OUTCOME_HELD);
        cr_assert_null(s.verdict.commit);
        cr_assert_str_eq(s.verdict.tree, TREE);
        cr_assert_eq(s.verdict.reasons.len, 1);
        cr_assert_str_eq(s.verdict.reasons.items[0], "why");
}

/* Its end is the end of its stream: until then the run is not over. */
Test(supervision_messages, an_error_is_kept_for_the_end)
{
        say("{\"event\":\"error\",\"message\":\"disk full\"}");
        cr_assert_str_eq(s.director_error, "disk full");
        cr_assert(!s.answered && !s.given_up);
}

Test(supervision_messages, what_is_not_in_the_table_ends_the_run)
{
        static const char *const bad[] = {
                "{}",
                "{\"event\":\"surprise\"}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":null,\"reasons\":[],\"more\":1}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":null}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":null,\"reasons\":[1]}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"commit\":7,\"tree\":null,\"reasons\":[]}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":[],\"reasons\":[]}",
                "{\"event\":\"done\",\"outcome\":\"held\",\"tree\":null,\"reasons\":[]}",
                "{\"event\":\"done\",\"outcome\":\"great\",\"commit\":null,\"tree\":null,\"reasons\":[]}",
                "{\"event\":\"error\"}",
                "{\"event\":\"error\",\"message\":1}",
                "{\"event\":\"error\",\"message\":\"x\",\"more\":1}",
                "{\"event\":\"phase\",\"to\":\"landing\",\"reasons\":[]}",
                "{\"event\":\"step\",\"name\":\"\\u001b[2J\",\"gate\":\"director\",\"state\":\"start\"}",
                "{\"event\":\"ready\",\"lowers\":[]}",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                teardown();
                setup();
                s.turn = strstr(bad[i], "\"ready\"") ? DIRECTOR_PREPARES : DIRECTOR_DECIDES;
                say(bad[i]);
                cr_expect(s.given_up && !s.answered, "%s", bad[i]);
                cr_expect_eq(s.verdict.outcome, OUTCOME_INTERNAL_ERROR, "%s", bad[i]);
                cr_expect(s.verdict.reasons.len == 1 && strstr(s.verdict.reasons.items[0], "nonsense"), "%s", bad[i]);
        }
}

Test(supervision_messages, what_comes_out_of_order_ends_the_run)
{
        static const struct {
                enum director_turn turn;
                const char *message;
        } bad[] = {
                {DIRECTOR_PREPARES, "{\"event\":\"step\",\"name\":\"u\",\"gate\":\"director\",\"state\":\"start\"}"},
                {DIRECTOR_WAITS, "{\"event\":\"ready\",\"lowers\":[],\"objects\":[]}"},
                {DIRECTOR_WAITS, "{\"event\":\"step\",\"name\":\"u\",\"gate\":\"director\",\"state\":\"start\"}"},
                {DIRECTOR_WAITS, "{\"event\":\"progress\",\"what\":\"m\",\"done\":1,\"total\":2}"},
                {DIRECTOR_DECIDES, "{\"event\":\"ready\",\"lowers\":[],\"objects\":[]}"},
                {DIRECTOR_IS_DONE, "{\"event\":\"phase\",\"to\":\"landing\"}"},
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                teardown();
                setup();
                s.turn = bad[i].turn;
                say(bad[i].message);
                cr_expect(s.given_up, "%s", bad[i].message);
                cr_expect(s.verdict.reasons.len == 1 && strstr(s.verdict.reasons.items[0], "out of order"), "%s",
                          bad[i].message);
        }
}

/* Both in one burst: what the person is told is what the director said when it was at its end. */
Test(supervision_messages, nothing_counts_after_the_verdict)
{
        say("{\"event\":\"done\",\"outcome\":\"cancelled\",\"commit\":null,\"tree\":null,\"reasons\":[\"first\"]}");
        say("{\"event\":\"done\",\"outcome\":\"committed\",\"commit\":\"" TREE "\",\"tree\":\"" TREE
            "\",\"reasons\":[]}");
        say("{\"event\":\"error\",\"message\":\"disk full\"}");
        cr_assert_eq(s.verdict.outcome, OUTCOME_CANCELLED);
        cr_assert_str_eq(s.verdict.reasons.items[0], "first");
        cr_assert_null(s.verdict.commit);
        cr_assert_str_eq(s.director_error, "");
}
