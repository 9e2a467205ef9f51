/* SPDX-License-Identifier: Apache-2.0 */
/* Each gate is one function over the changes; the table at the end is the order in which they are asked. */
#include "policy/gate.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <string.h>

const char *const gate_level_names[] = {"off", "warn", "block", NULL};

static const struct {
        enum gate_level level;
        bool enforced;
        const char *meaning;
} gates[] = {
#define X(gate, name, level, enforced, text) [GATE_##gate] = {GATE_##level, enforced, text},
        GATES(X)
#undef X
};

const char *const gate_names[] = {
#define X(gate, name, level, enforced, text) [GATE_##gate] = name,
        GATES(X)
#undef X
                [GATE_COUNT] = NULL,
};

enum gate_level gate_default(enum gate gate)
{
        return gates[gate].level;
}

bool gate_is_enforced(enum gate gate)
{
        return gates[gate].enforced;
}

const char *gate_meaning(enum gate gate)
{
        return gates[gate].meaning;
}

struct judgement {
        const struct plan *plan;
        const struct change_list *changes;
        struct gate_report *report;
        enum gate gate;
        enum gate_level level;
};

static struct ignore rules_of(const struct strv *globs)
{
        struct ignore rules = {0};

        for (size_t i = 0; i < globs->len; i++)
                ignore_add(&rules, "", globs->items[i]);
        return rules;
}

/* Adds "PATH text" or, without a path, "text". */
static void find(const struct judgement *judgement, const char *path, const char *text)
{
        struct gate_report *report = judgement->report;
        struct str reason = {0};

        report->blocked |= judgement->level == GATE_BLOCK;
        if (report->len == GATE_FINDINGS_MAX) {
                report->left_out++;
                return;
        }
        if (path) {
                str_put_quoted(&reason, path, strlen(path));
                str_putc(&reason, ' ');
        }
        str_puts(&reason, text);
        report->items = xrealloc(report->items, (report->len + 1) * sizeof(*report->items));
        report->items[report->len++] = (struct gate_finding){.gate = judgement->gate,
                                                             .level = judgement->level,
                                                             .path = xstrdup(path),
                                                             .reason = str_steal(&reason)};
}

static void judge_paths(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore allow = rules_of(&judgement->plan->paths.allow);
        _cleanup_ignore_ struct ignore deny = rules_of(&judgement->plan->paths.deny);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *path = judgement->changes->items[i].path;

                if (ignore_covers(&deny, path, false))
                        find(judgement, path, "is one of the denied paths (paths.deny)");
                else if (allow.len && !ignore_covers(&allow, path, false))
                        find(judgement, path, "is outside the allowed paths (paths.allow)");
        }
}

static void judge_diff_budget(const struct judgement *judgement)
{
        const struct budget *budget = &judgement->plan->budget;
        const struct change_list *changes = judgement->changes;
        uint64_t lines = changes->lines_added + changes->lines_removed;
        _cleanup_str_ struct str text = {0};

        if (changes->len > (uint64_t)budget->diff_files) {
                str_printf(&text, "%zu files change; the budget is %lld (budget.diff_files)", changes->len,
                           (long long)budget->diff_files);
                find(judgement, NULL, str_text(&text));
                str_clear(&text);
        }
        if (lines <= (uint64_t)budget->diff_lines)
                return;
        str_printf(&text, "%llu lines change; the budget is %lld (budget.diff_lines)", (unsigned long long)lines,
                   (long long)budget->diff_lines);
        find(judgement, NULL, str_text(&text));
}

/* The first of the globs that covers the path by itself. */
static const char *rule_for(const struct strv *globs, const char *path)
{
        for (size_t i = 0; i < globs->len; i++) {
                _cleanup_ignore_ struct ignore rule = {0};

                ignore_add(&rule, "", globs->items[i]);
                if (ignore_covers(&rule, path, false))
                        return globs->items[i];
        }
        return "protected";
}

static void judge_protected(const struct judgement *judgement)
{
        const struct strv *globs = &judgement->plan->paths.guarded;
        _cleanup_ignore_ struct ignore guarded = rules_of(globs);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *path = judgement->changes->items[i].path;
                _cleanup_str_ struct str text = {0};

                if (!ignore_covers(&guarded, path, false))
                        continue;
                str_printf(&text, "is a protected path (%s)", rule_for(globs, path));
                judgement->report->touches_protected = true;
                find(judgement, path, str_text(&text));
        }
}

static void judge_conflict_markers(const struct judgement *judgement)
{
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                _cleanup_str_ struct str text = {0};

                if (!change->conflict_marker)
                        continue;
                str_printf(&text, "has a merge conflict marker in line %u", change->conflict_marker);
                find(judgement, change->path, str_text(&text));
        }
}

/* By the end of the name: data, documents and build output are no new surface. */
static bool is_code(const char *path)
{
        static const char *const endings[] = {
                ".c",  ".h",   ".cc",  ".cpp", ".cxx", ".hpp", ".rs",   ".go",   ".py",    ".rb",
                ".js", ".mjs", ".cjs", ".ts",  ".jsx", ".tsx", ".java", ".kt",   ".scala", ".swift",
                ".m",  ".cs",  ".fs",  ".php", ".pl",  ".lua", ".sh",   ".bash", ".zig",   ".ml",
                ".hs", ".ex",  ".exs", ".erl", ".clj", ".r",   ".jl",   ".dart", ".sql",
        };
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
                if (!strcmp(dot, endings[i]))
                        return true;
        return false;
}

static void judge_new_code(const struct judgement *judgement, const struct ignore *tests)
{
        const char *first = NULL;

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                bool test = ignore_covers(tests, change->path, false);

                if (test && change->kind != CHANGE_DELETED)
                        return;
                if (!test && !first && change->kind == CHANGE_ADDED && is_code(change->path))
                        first = change->path;
        }
        if (first)
                find(judgement, first, "is new code, and no test is new or changed (mood bold)");
}

static void judge_mood(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore tests = rules_of(&judgement->plan->paths.tests);
        int rule = judgement->plan->change_rule;

        if (judgement->plan->worktree != WORKTREE_WRITE && judgement->changes->len)
                find(judgement, NULL, "files change, and this mood changes nothing");
        if (rule == CHANGE_NEW_CODE_IS_TESTED)
                judge_new_code(judgement, &tests);
        if (rule != CHANGE_TESTS_ONLY && rule != CHANGE_TESTS_AND_FIXES)
                return;
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                if (ignore_covers(&tests, change->path, false))
                        continue;
                if (rule == CHANGE_TESTS_ONLY)
                        find(judgement, change->path, "is no test, and only tests may change (mood petty)");
                else if (change->kind == CHANGE_ADDED)
                        find(judgement, change->path,
                             "is new and no test (mood skeptical: only tests, and fixes of what exists)");
        }
}

static void (*const judges[GATE_COUNT])(const struct judgement *judgement) = {
        [GATE_PATHS] = judge_paths,         [GATE_DIFF_BUDGET] = judge_diff_budget,
        [GATE_PROTECTED] = judge_protected, [GATE_CONFLICT_MARKERS] = judge_conflict_markers,
        [GATE_MOOD] = judge_mood,
};

void gates_judge(const struct plan *plan, const struct change_list *changes, struct gate_report *report)
{
        for (size_t i = 0; i < GATE_COUNT; i++) {
                struct judgement judgement = {.plan = plan,
                                              .changes = changes,
                                              .report = report,
                                              .gate = (enum gate)i,
                                              .level = (enum gate_level)plan->gates[i]};

                if (judges[i] && judgement.level != GATE_OFF)
                        judges[i](&judgement);
        }
}

bool gate_report_blocks(const struct gate_report *report)
{
        return report->blocked;
}

void gate_report_release(struct gate_report *report)
{
        for (size_t i = 0; i < report->len; i++) {
                free(report->items[i].path);
                free(report->items[i].reason);
        }
        free(report->items);
        *report = (struct gate_report){0};
}

void gate_report_reasons(const struct gate_report *report, struct strv *ret)
{
        static const enum gate_level order[] = {GATE_BLOCK, GATE_WARN};

        for (size_t pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < report->len; i++)
                        if (report->items[i].level == order[pass])
                                strv_add_printf(ret, "%s: %s", gate_names[report->items[i].gate],
                                                report->items[i].reason);
        if (report->left_out)
                strv_add_printf(ret, "and %zu more", report->left_out);
}

struct json_t *gate_report_json(const struct gate_report *report)
{
        json_t *list = json_array();

        for (size_t i = 0; i < report->len; i++) {
                const struct gate_finding *finding = &report->items[i];

                json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "gate", gate_names[finding->gate],
                                                      "level", gate_level_names[finding->level], "path",
                                                      finding->path ? json_quoted(finding->path) : json_null(),
                                                      "reason", finding->reason));
        }
        return list;
}
