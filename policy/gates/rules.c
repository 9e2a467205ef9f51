/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules, and what they say under a plan. The search is policy/gates/rules_match.c. */
#include "policy/gates/rules.h"
#include "policy/gates/secret_mask.h"

#include "lib/base/cleanup.h"
#include "policy/plan.h"

#include <string.h>

static const struct gate_rules *const tables[] = {&rules_file_types, &rules_generated,    &rules_whitespace,
                                                  &rules_anti_stub,  &rules_bodies,       &rules_test_tamper,
                                                  &rules_secrets,    &rules_secret_files, &rules_no_copy};

const struct gate_rule *rule_at(size_t index)
{
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                if (index < tables[i]->len)
                        return &tables[i]->rules[index];
                index -= tables[i]->len;
        }
        return NULL;
}

const struct gate_rule *rule_find(const char *id)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++)
                if (!strcmp(rule->id, id))
                        return rule;
        return NULL;
}

static enum gate_level level_within(const struct gate_rule *rule, const char *said, int gate)
{
        const int level = said ? word_find(gate_level_names, said) : -1;

        if (level >= 0)
                return (enum gate_level)level;
        return gate < (int)rule->level ? (enum gate_level)gate : rule->level;
}

enum gate_level rule_level(const struct plan *plan, const struct gate_rule *rule)
{
        return level_within(rule, pairs_get(&plan->rules, rule->id), plan->gates[rule->gate]);
}

void rules_strict(struct pairs *ret)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++)
                if (rule->level != GATE_BLOCK)
                        pairs_set(ret, rule->id, gate_level_names[GATE_BLOCK]);
}

/*
 * A repository may be stricter than its user, never more lenient: what the user said of a rule, or of its gate, is the least. Where
 * the user said nothing of either, the repository's word holds.
 */
void rules_keep(const struct policy *user, struct policy *policy)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                const char *wanted = pairs_get(&user->rules, rule->id), *here = pairs_get(&policy->rules, rule->id);
                const int gate = user->gates[rule->gate];
                enum gate_level least;

                if (!wanted && gate == KEY_UNSET)
                        continue;
                least = level_within(rule, wanted, gate == KEY_UNSET ? policy->gates[rule->gate] : gate);
                if (level_within(rule, here, policy->gates[rule->gate]) < least)
                        pairs_set(&policy->rules, rule->id, gate_level_names[least]);
        }
}

const char *check_rule_id(const char *text)
{
        return rule_find(text) ? NULL : "the id of a rule; see them all with: cupel policy rules";
}

const char *check_rule_level(const char *text)
{
        return word_find(gate_level_names, text) >= 0 ? NULL : "off, warn or block";
}

void gate_unjudged(const struct judgement *judgement, const struct change *change, const char *why)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, "could not be judged: ");
        str_put_harmless(&text, why, strlen(why));
        gate_find(judgement, &(struct gate_at){.path = change->path, .rule = "not-judged"}, str_text(&text));
}

/* More than what is shown is masked, so that a secret that the end cuts off is known as one. */
#define MASK_WINDOW 2048

char *gate_excerpt(const char *text, size_t len)
{
        _cleanup_str_ struct str masked = {0};
        struct str out = {0};
        size_t from = 0;

        secret_mask(text, len < MASK_WINDOW ? len : MASK_WINDOW, &masked);
        text = str_text(&masked);
        len = masked.len;
        while (from < len && (text[from] == ' ' || text[from] == '\t'))
                from++;
        len = len - from > EXCERPT_MAX ? from + EXCERPT_MAX : len;
        for (size_t i = from; i < len;) {
                size_t run = i;

                while (run < len && text[run] != '\t' && text[run] != '\n')
                        run++;
                str_put_harmless(&out, text + i, run - i);
                if (run < len)
                        str_putc(&out, ' ');
                i = run + 1;
        }
        while (out.len && out.data[out.len - 1] == ' ')
                out.data[--out.len] = '\0';
        return str_steal(&out);
}
