/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate anti_stub: added text that stands where work was asked for. What it looks for is in the tables, rules_anti_stub.c and
 * rules_bodies.c. One rule is decided here: functions without a body of their own are common in real changes, but a change of which
 * they are nearly all is none.
 */
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/plan.h"

#include <ctype.h>
#include <string.h>

#define NEARLY_ALL 0.8 /* of the added lines of code */

struct tally {
        uint64_t lines; /* of functions that do nothing of their own */
        const struct change *change;
        uint32_t line;
};

static bool is_body(const struct gate_rule *rule)
{
        return rule >= rules_bodies.rules && rule < rules_bodies.rules + rules_bodies.len;
}

/* One line, one finding: the table has the stricter rules first. */
static bool is_told(const struct judgement *judgement, const struct gate_match *match)
{
        const struct gate_report *report = judgement->report;

        for (size_t i = report->len; i-- > 0 && report->items[i].gate == judgement->gate;)
                if (report->items[i].line == match->line && !strcmp(report->items[i].path, match->change->path))
                        return true;
        return false;
}

static void found(const struct judgement *judgement, const struct gate_match *match, void *data)
{
        struct tally *tally = data;

        if (!is_told(judgement, match))
                rule_say(judgement, match);
        if (!is_body(match->rule))
                return;
        tally->lines += match->lines;
        if (!tally->change) {
                tally->change = match->change;
                tally->line = match->line;
        }
}

/* A line of code, as far as one line can tell. */
static bool counts(const struct change_line *line)
{
        size_t at = 0;

        while (at < line->len && isspace((unsigned char)line->text[at]))
                at++;
        if (line->sign != '+' || at == line->len)
                return false;
        return !strchr("#*", line->text[at]) &&
               !(line->text[at] == '/' && at + 1 < line->len && strchr("/*", line->text[at + 1]));
}

static uint64_t lines_of_code(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore tests = judgement_rules(&judgement->plan->paths.tests);
        uint64_t lines = 0;

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                if (language_of(change->path, "", 0) == LANG_NONE || ignore_covers(&tests, change->path, false))
                        continue;
                for (size_t k = 0; k < change->lines_len; k++)
                        lines += counts(&change->lines[k]);
        }
        return lines;
}

void judge_anti_stub(const struct judgement *judgement)
{
        struct tally tally = {0};

        rules_each(judgement, found, &tally);
        if (tally.change && (double)tally.lines >= NEARLY_ALL * (double)lines_of_code(judgement))
                gate_find(judgement,
                          &(struct gate_at){.path = tally.change->path, .line = tally.line, .rule = "stub-only"},
                          "and what is like it are nearly all that the change adds");
}
