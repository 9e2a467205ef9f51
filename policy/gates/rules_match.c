/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for rules in changes. Of each change both sides are opened once, when the first rule needs them. All matches of a rule on the
 * new side are taken together with those on the old side, hunk by hunk, so that only what is more than before is told.
 */
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/gates/pattern.h"
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

#define MATCHES_MAX 1000 /* of one rule in one file */

/* One place where a rule matches, by lines (indices of the source). */
struct spot {
        size_t first, last, at, at_end; /* bytes: at, at_end */
        uint32_t hunk;
};

struct spots {
        struct spot items[MATCHES_MAX];
        size_t len;
        bool gave_up;
};

/* The sides of one change: [0] whole files, [1] the changed lines alone. */
struct sides {
        const struct judgement *judgement;
        const struct change *change;
        struct source news[2], olds[2];
        bool new_open[2], old_open[2], failed;
        bool is_test;
        gate_match_fn found;
        void *data;
};

void rule_say(const struct judgement *judgement, const struct gate_match *match)
{
        _cleanup_free_ char *excerpt = gate_excerpt(match->line_text, match->line_len);

        gate_find(
                judgement,
                &(struct gate_at){
                        .path = match->change->path, .line = match->line, .rule = match->rule->id, .excerpt = excerpt},
                match->rule->text);
}

struct pattern *rule_pattern(size_t index)
{
        static struct pattern **patterns;
        static size_t len;

        while (len <= index) {
                patterns = xrealloc(patterns, (len + 1) * sizeof(*patterns));
                patterns[len++] = NULL;
        }
        if (!patterns[index])
                patterns[index] = pattern_new(rule_at(index)->pattern);
        return patterns[index];
}

bool rule_has_hint(const struct gate_rule *rule, const char *text, size_t len)
{
        for (const char *at = rule->hint; at && *at;) {
                size_t word = strcspn(at, "|");

                if (memmem(text, len, at, word))
                        return true;
                at += word + (at[word] == '|');
        }
        return !rule->hint;
}

/* All places that the change touches. */
static void search(struct source *source, size_t index, const struct gate_rule *rule, struct spots *ret)
{
        const char *text = source_view(source, rule->view);
        enum pattern_found found = PATTERN_NOTHING;
        struct pattern_span span;
        size_t from = 0;

        ret->len = 0;
        ret->gave_up = false;
        if (!rule_has_hint(rule, str_text(&source->text), source->text.len))
                return;
        while ((found = pattern_find(rule_pattern(index), text, source->text.len, from, &span)) == PATTERN_FOUND) {
                struct spot spot = {.first = source_line_at(source, span.start),
                                    .last = source_line_at(source, span.end - 1),
                                    .at = span.at,
                                    .at_end = span.at_end};

                from = span.end;
                spot.hunk = source_touched(source, spot.first, spot.last);
                if (spot.hunk == NO_HUNK)
                        continue;
                if (ret->len == MATCHES_MAX)
                        break; /* what matters may hide behind so many */
                ret->items[ret->len++] = spot;
        }
        ret->gave_up = found != PATTERN_NOTHING;
}

/* Everything between its first and its last line went away elsewhere: it only moved. */
static bool only_moved(const struct sides *sides, const struct source *source, const struct spot *spot)
{
        for (size_t i = spot->first; i <= spot->last; i++) {
                size_t len;
                const char *text = source_line_text(source, i, &len);

                if (!moved_has(sides->judgement->moved, text, len))
                        return false;
        }
        return true;
}

static void report(const struct sides *sides, const struct gate_rule *rule, const struct source *source,
                   const struct spot *spot)
{
        size_t line = source_line_at(source, spot->at);
        struct gate_match match = {.rule = rule,
                                   .change = sides->change,
                                   .line = source->lines[line].number,
                                   .lines = (uint32_t)(spot->last - spot->first + 1),
                                   .text = str_text(&source->text) + spot->at,
                                   .len = spot->at_end - spot->at};

        match.line_text = source_line_text(source, line, &match.line_len);
        sides->found(sides->judgement, &match, sides->data);
}

/* NULL: it cannot be opened, or is not there. */
static struct source *open_side(struct sides *sides, const struct gate_rule *rule, bool new_side)
{
        const size_t kind = rule->languages == IN_ANY;
        struct source *source = &(new_side ? sides->news : sides->olds)[kind];
        bool *is_open = &(new_side ? sides->new_open : sides->old_open)[kind];
        struct err err = ERR_INIT;

        if (*is_open)
                return source;
        *is_open = true;
        if (kind)
                source_lines(source, sides->change, new_side);
        else if (new_side || sides->change->old_mode)
                sides->failed |= source_open(source, sides->judgement, sides->change, new_side, &err) < 0;
        if (err.code != ERR_OK)
                gate_unjudged(sides->judgement, sides->change, err.message);
        return source;
}

/* Another secret in the place of one that was there is a secret that is added. */
static bool is_same(const struct source *a, const struct spot *at, const struct source *b, const struct spot *bt)
{
        size_t len = at->at_end - at->at;

        return len == bt->at_end - bt->at && memcmp(str_text(&a->text) + at->at, str_text(&b->text) + bt->at, len) == 0;
}

static void judge_rule(struct sides *sides, size_t index, const struct gate_rule *rule)
{
        static struct spots now, before;
        struct source *source = open_side(sides, rule, true), *old;

        if (sides->failed)
                return;
        if (rule->languages != IN_ANY && !(rule->languages & 1u << source->language))
                return;
        search(source, index, rule, &now);
        if (now.gave_up)
                gate_unjudged(sides->judgement, sides->change, rule->id);
        if (!now.len)
                return;
        old = open_side(sides, rule, false);
        search(old, index, rule, &before);
        for (size_t i = 0; i < now.len && !sides->failed; i++) {
                bool was_there = false;

                for (size_t k = 0; k < before.len && !was_there; k++) {
                        was_there = before.items[k].hunk == now.items[i].hunk &&
                                    ((rule->gate != GATE_SECRETS && !rule->by_value) ||
                                     is_same(source, &now.items[i], old, &before.items[k]));
                        if (was_there)
                                before.items[k].hunk = NO_HUNK;
                }
                if (!was_there && !only_moved(sides, source, &now.items[i]))
                        report(sides, rule, source, &now.items[i]);
        }
}

/* What is no text on one of its sides has no lines to look at: source code of that kind is judged by nobody. */
static bool is_searchable(struct sides *sides)
{
        const struct change *change = sides->change;

        if ((change->new_mode & 0170000) != 0100000)
                return false;
        if (change->binary && language_of(change->path, "", 0) != LANG_NONE)
                gate_unjudged(sides->judgement, change, "it is named like source code, and is no text or over 4 MiB");
        else if (change->text_left_out)
                gate_unjudged(sides->judgement, change, "the change has more text than is kept");
        return !change->binary && !change->text_left_out && change->lines_len;
}

static bool applies(const struct sides *sides, const struct gate_rule *rule)
{
        return rule->gate == sides->judgement->gate && rule->pattern &&
               rule_level(sides->judgement->plan, rule) != GATE_OFF &&
               (rule->place == EVERYWHERE || (rule->place == IN_TESTS) == sides->is_test);
}

static void judge_change(struct sides *sides)
{
        const struct gate_rule *rule;

        if (!is_searchable(sides))
                return;
        for (size_t i = 0; (rule = rule_at(i)) && !sides->failed; i++)
                if (applies(sides, rule))
                        judge_rule(sides, i, rule);
}

void rules_each(const struct judgement *judgement, gate_match_fn found, void *data)
{
        _cleanup_ignore_ struct ignore tests = judgement_rules(&judgement->plan->paths.tests);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                struct sides sides = {.judgement = judgement,
                                      .change = change,
                                      .is_test = ignore_covers(&tests, change->path, false),
                                      .found = found,
                                      .data = data};

                judge_change(&sides);
                for (size_t k = 0; k < 2; k++) {
                        source_release(&sides.news[k]);
                        source_release(&sides.olds[k]);
                }
        }
}
