/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/director_call.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static int hear(const char *text, struct director_answer *answer, struct err *err)
{
        _cleanup_json_ json_t *message = json_loads(text, 0, NULL);

        cr_assert(message);
        *err = ERR_INIT;
        return director_hear(message, NULL, answer, err);
}

Test(director_call, done_fills_the_answer)
{
        _cleanup_director_answer_ struct director_answer answer = {0};
        struct err err;

        cr_assert_eq(
                hear("{\"event\":\"done\",\"outcome\":\"held\",\"commit\":null,\"tree\":\"ab\",\"reasons\":[\"why\"]}",
                     &answer, &err),
                DIRECTOR_DONE, "%s", err.message);
        cr_assert_eq(answer.outcome, OUTCOME_HELD);
        cr_assert_null(answer.commit);
        cr_assert_str_eq(answer.tree, "ab");
        cr_assert_eq(answer.reasons.len, 1);
        cr_assert_str_eq(answer.reasons.items[0], "why");
}

Test(director_call, progress_is_listened_past)
{
        struct director_answer answer = {0};
        struct err err;

        cr_assert_eq(hear("{\"event\":\"phase\",\"to\":\"landing\"}", &answer, &err), 0);
        cr_assert_eq(
                hear("{\"event\":\"step\",\"name\":\"u\",\"gate\":\"director\",\"state\":\"start\"}", &answer, &err),
                0);
        cr_assert_eq(hear("{\"event\":\"progress\",\"what\":\"m\",\"done\":1,\"total\":2}", &answer, &err), 0);
}

Test(director_call, an_error_and_what_the_protocol_lacks_fail)
{
        struct director_answer answer = {0};
        struct err err;

        cr_assert_eq(hear("{\"event\":\"error\",\"message\":\"disk full\"}", &answer, &err), DIRECTOR_FAILED);
        cr_assert_str_eq(err.message, "director: disk full");
        cr_assert_eq(hear("{\"event\":\"surprise\"}", &answer, &err), -1);
        cr_assert_eq(hear("{\"outcome\":\"held\"}", &answer, &err), -1);
        cr_assert_eq(hear("{\"event\":\"done\",\"outcome\":\"great\",\"commit\":null,\"tree\":null,\"reasons\":[]}",
                          &answer, &err),
                     -1);
        cr_assert_eq(hear("{\"event\":\"done\",\"outcome\":\"held\",\"reasons\":[],\"extra\":1}", &answer, &err), -1);
        cr_assert_eq(hear("{\"event\":\"done\",\"outcome\":\"held\",\"commit\":7,\"tree\":null,\"reasons\":[]}",
                          &answer, &err),
                     -1);
        cr_assert_eq(hear("{\"event\":\"done\",\"outcome\":\"held\",\"tree\":null,\"reasons\":[]}", &answer, &err), -1);
        cr_assert_eq(hear("{\"event\":\"phase\"}", &answer, &err), -1);
        cr_assert_eq(hear("{\"event\":\"step\",\"name\":\"\\u001b[2J\",\"gate\":\"director\",\"state\":\"start\"}",
                          &answer, &err),
                     -1);
}

Test(director_call, each_message_has_its_turns)
{
        static const struct {
                const char *event;
                bool may[DIRECTOR_TURNS]; /* PREPARES, WAITS, DECIDES, IS_DONE */
                enum director_turn then[DIRECTOR_TURNS];
        } rows[] = {
                {"ready", {true, false, false, false}, {DIRECTOR_WAITS}},
                {"progress", {true, false, true, false}, {DIRECTOR_PREPARES, 0, DIRECTOR_DECIDES}},
                {"phase", {true, true, true, false}, {DIRECTOR_PREPARES, DIRECTOR_WAITS, DIRECTOR_DECIDES}},
                {"step", {false, false, true, false}, {0, 0, DIRECTOR_DECIDES}},
                {"done", {true, true, true, false}, {DIRECTOR_IS_DONE, DIRECTOR_IS_DONE, DIRECTOR_IS_DONE}},
                {"error", {true, true, true, false}, {DIRECTOR_IS_DONE, DIRECTOR_IS_DONE, DIRECTOR_IS_DONE}},
                {"surprise", {false}, {0}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (enum director_turn was = 0; was < DIRECTOR_TURNS; was++) {
                        _cleanup_json_ json_t *message = json_pack("{s:s}", "event", rows[i].event);
                        enum director_turn turn = was;
                        struct err err = ERR_INIT;

                        cr_expect_eq(director_take_turn(&turn, message, &err), rows[i].may[was] ? 0 : -1, "%s, %d",
                                     rows[i].event, (int)was);
                        cr_expect_eq(turn, rows[i].may[was] ? rows[i].then[was] : was, "%s, %d", rows[i].event,
                                     (int)was);
                }
}
