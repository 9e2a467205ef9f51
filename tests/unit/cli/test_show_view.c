/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_view.h"

#include "cli/story.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <string.h>

static struct store_run run = {.id = "item__1",
                               .item = "item",
                               .title = "Fix \033[2Jit",
                               .mood = "calm",
                               .base = "0123456789abcdef0123456789abcdef01234567",
                               .target_ref = "refs/heads/main",
                               .commit = "",
                               .reasons = "[]",
                               .created = "2026-01-01T00:00:00.000Z",
                               .moved = "2026-01-01T00:00:00.000Z",
                               .phase = PHASE_DISCARDED,
                               .outcome = OUTCOME_WORK_FAILED,
                               .events = 9};

static const char *page_of(struct json_t *report, const struct story *story, bool colour)
{
        static struct str out;

        str_clear(&out);
        show_page(&(struct show_page){.run = &run,
                                      .story = story,
                                      .report = report,
                                      .packet = report ? "/state/runs/item__1" : NULL,
                                      .now = 1767225600 + 60,
                                      .colour = colour},
                  &out);
        return str_text(&out);
}

Test(show_view, tells_the_outcome_its_reasons_and_the_next_step)
{
        struct story story = {.reasons = json_pack("[s]", "the command exited with status 3\nagent.log: bad")};
        const char *page = page_of(NULL, &story, false);

        cr_assert(strstr(page, "work_failed: the command failed\n"));
        cr_assert(strstr(page, "  the command exited with status 3\n  agent.log: bad\n"));
        cr_assert(strstr(page, "(1 minute ago)"));
        cr_assert(strstr(page, "next      cupel events item__1 (step by step)\n"));
        json_decref(story.reasons);
}

#define USED(peak) "limits", "step", "agent", "limits", "limit", "output", "peak", peak

Test(show_view, the_next_step_names_what_there_is_to_see)
{
        static const char format[] = "{s:[{s:s,s:[{s:s,s:i}]}]}";
        struct story story = {0};
        _cleanup_json_ json_t *silent = json_pack(format, USED(0)), *loud = json_pack(format, USED(7));

        cr_assert(strstr(page_of(silent, &story, false), "next      cupel events item__1 (step by step)\n"));
        cr_assert(strstr(page_of(loud, &story, false), "next      cupel show item__1 --log (the output)\n"));
        json_object_set_new(silent, "changes", json_object());
        cr_assert(strstr(page_of(silent, &story, false), "next      cupel show item__1 --diff (the patch)\n"));
        json_object_set_new(loud, "changes", json_object());
        cr_assert(strstr(page_of(loud, &story, false), "--diff (the patch), --log (the output)\n"));
}

Test(show_view, what_never_started_has_nothing_to_see)
{
        struct story story = {0};
        _cleanup_json_ json_t *report = json_object();

        run.phase = PHASE_BLOCKED;
        cr_assert(strstr(page_of(report, &story, false), "next      what the reasons say, then run it again\n"));
}

Test(show_view, nothing_of_the_agent_reaches_the_terminal_raw)
{
        struct story story = {.reasons = json_pack("[s]", "a\033]0;x\a"),
                              .verifiers = json_pack("[{s:s,s:s,s:s,s:s}]", "name", "\033[1m", "gate", "self", "result",
                                                     "\033FAIL", "command", "x\033\ny")};
        _cleanup_json_ json_t *report = json_pack("{s:s,s:{s:i,s:[{s:s,s:s}]},s:[s],s:[s]}", "objective", "o\033\n\rp",
                                                  "changes", "files", 1, "items", "path", "evil\033[31m\nname", "kind",
                                                  "added", "left", "l\033", "declared_not_enforced", "d\033");
        const char *page = page_of(report, &story, false);

        cr_assert_null(strchr(page, '\033'));
        cr_assert_null(strchr(page, '\r'));
        cr_assert_null(strchr(page, '\a'));
        cr_assert(strstr(page, "evil\\033[31m\\nname"));
        json_decref(story.reasons);
        json_decref(story.verifiers);
}

Test(show_view, on_a_terminal_notes_are_broken_at_blanks)
{
        struct story story = {.notes = {{.type = (char *)"note.hypothesis",
                                         .time = (char *)"2026-01-01T00:00:00.000Z",
                                         .gist = (char *)"the base already does what the item asks, or it does not"}},
                              .notes_len = 1,
                              .notes_seen = 1};
        static struct str out;

        cr_assert(strstr(page_of(NULL, &story, false), "the item asks, or it does not\n"), "whole where it is none");
        show_page(&(struct show_page){.run = &run, .story = &story, .columns = 80}, &out);
        cr_assert(strstr(str_text(&out), "the item asks, or it does\n                            not\n"), "%s",
                  str_text(&out));
        str_release(&out);
}

Test(show_view, colours_only_where_wanted)
{
        struct story story = {0};

        cr_assert(strchr(page_of(NULL, &story, true), '\033'));
}

Test(show_view, malformed_reports_are_survived)
{
        struct story story = {.verifiers = json_pack("[i,{s:i}]", 3, "name", 4), .gates = json_pack("[s,{}]", "x")};
        _cleanup_json_ json_t *report =
                json_pack("{s:i,s:s,s:{s:s}}", "objective", 3, "left", "x", "changes", "items", "y");

        cr_assert(page_of(report, &story, false));
        json_decref(story.verifiers);
        json_decref(story.gates);
}
