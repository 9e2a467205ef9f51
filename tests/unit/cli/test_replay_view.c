/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet has in it, shown: each of its words may be anything. */
#include "cli/replay.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

#define HOSTILE "\033]0;title\007\n::set-output name=a::b"

static bool is_harmless(const char *page)
{
        return !strchr(page, '\033') && !strchr(page, '\007') && !strstr(page, "\n::");
}

Test(replay_view, a_fork_whose_words_are_hostile)
{
        char fork[] = "its report has aaaaaaaaaaa\xc3…"; /* cut within a character */
        struct replay_subject subject = {.run = "r__1", .fork = fork};
        const struct replay_place place = REPLAY_PLACE_INIT;
        _cleanup_json_ json_t *report = json_pack("{s:s}", "outcome", HOSTILE), *none = json_array(), *told = NULL;
        _cleanup_str_ struct str page = {0}, marks = {0};

        subject.report = report;
        told = replay_json(&subject, &place, none, REPLAY_END_FORK);
        cr_assert(told != NULL);
        cr_expect_str_eq(json_text_of(told, "verdict"), "fork");
        replay_view(told, false, &page);
        cr_expect(is_harmless(str_text(&page)), "%s", str_text(&page));
        cr_expect(strstr(str_text(&page), "this is a fork") != NULL);
        replay_annotations(told, &marks);
        cr_expect(strncmp(str_text(&marks), "::error title=r__1::", 20) == 0, "%s", str_text(&marks));
}

Test(replay_view, gates_of_the_record_whose_words_are_hostile)
{
        struct replay_subject subject = {.run = "r__1"};
        const struct replay_place place = REPLAY_PLACE_INIT;
        _cleanup_json_ json_t *report = json_pack("{s:s,s:[{s:s,s:s,s:s}]}", "outcome", "committed", "gates", "gate",
                                                  HOSTILE, "level", HOSTILE, "path", HOSTILE);
        _cleanup_json_ json_t *now = json_pack("{s:s,s:[],s:[]}", "decision", "approve", "gates", "verifiers");
        _cleanup_json_ json_t *judgements = json_array(), *told = NULL;
        _cleanup_str_ struct str page = {0};

        subject.report = report;
        json_array_append_new(judgements, replay_compare(&subject, now));
        told = replay_json(&subject, &place, judgements, REPLAY_END_OTHER);
        replay_view(told, false, &page);
        cr_expect(is_harmless(str_text(&page)), "%s", str_text(&page));
}

Test(replay_compare, of_several_receipts_of_a_verifier_the_last_counts_however_many_there_are, .timeout = 20)
{
        struct replay_subject subject = {.judge = REPLAY_DIRECTOR};
        json_t *list = json_array();
        _cleanup_json_ json_t *report = json_pack("{s:{s:o}}", "verifiers", "director", list);

        subject.report = report;
        for (int i = 0; i < 200000; i++) {
                _cleanup_free_ char *name = xasprintf("v%d", i);

                json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "result", "PASS"));
        }
        cr_expect(!replay_any_blocks(&subject));
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", "v7", "result", "FAIL"));
        cr_expect(replay_any_blocks(&subject));
        json_array_append_new(list, json_pack("{s:s,s:s}", "name", "v7", "result", "PASS"));
        cr_expect(!replay_any_blocks(&subject));
}
