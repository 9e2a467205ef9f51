/* SPDX-License-Identifier: Apache-2.0 */
/* `cupel policy rules` and docs/rules.md: what the gates look for, each with the examples that it is tested by. */
#include "cli/policy_pages.h"

#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/gates/rules.h"

#include <stdio.h>

static const char *const words[LANG_COUNT] = {
#define X(name, word) [LANG_##name] = word,
        LANGUAGES(X)
#undef X
};

/* "C, C++"; "any file" */
static char *languages_of(const struct gate_rule *rule)
{
        struct str text = {0};

        if (rule->languages == IN_ANY || rule->languages == IN_CODE)
                return xstrdup(rule->languages == IN_ANY ? "any file" : "all languages");
        for (size_t i = 0; i < LANG_COUNT; i++)
                if (rule->languages & 1u << i)
                        str_printf(&text, "%s%s", text.len ? ", " : "", words[i]);
        return str_steal(&text);
}

static json_t *rules_json(void)
{
        const struct gate_rule *rule;
        json_t *list = json_array();

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_free_ char *languages = languages_of(rule);

                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", rule->id, "gate",
                                                      gate_names[rule->gate], "level", gate_level_names[rule->level],
                                                      "languages", languages, "text", rule->text));
        }
        return list;
}

static void print_markdown(void)
{
        const struct gate_rule *rule;
        int gate = -1;

        puts("# Rules of the gates\n\nMade by `cupel policy rules --markdown`. How they judge, and how one of them is "
             "turned off or made "
             "stricter:\n[policy.md](policy.md), Gates. The level is what a rule says where its gate blocks.");
        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_free_ char *languages = languages_of(rule);

                if (gate != (int)rule->gate)
                        printf("\n## %s\n\n| rule | level | in | it |\n|---|---|---|---|\n", gate_names[rule->gate]);
                gate = (int)rule->gate;
                printf("| `%s` | %s | %s | %s |\n", rule->id, gate_level_names[rule->level], languages, rule->text);
        }
}

static void print_text(void)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_free_ char *languages = languages_of(rule);

                printf("%-24s %-6s %-17s %s (%s)\n", rule->id, gate_level_names[rule->level], gate_names[rule->gate],
                       rule->text, languages);
        }
}

static void print_json(void)
{
        _cleanup_json_ json_t *list = rules_json();

        json_print(stdout, list);
}

const struct policy_page policy_rules_page = {
        "rules",
        {[POLICY_PAGE_TEXT] = print_text, [POLICY_PAGE_JSON] = print_json, [POLICY_PAGE_MARKDOWN] = print_markdown}};
