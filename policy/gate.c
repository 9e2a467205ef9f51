/* SPDX-License-Identifier: Apache-2.0 */
/* The gates are asked in the order of their table (policy/gate.h); each lives in policy/gates/. */
#include "policy/gate.h"

#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "policy/gates/judgement.h"
#include "policy/gates/rules.h"
#include "policy/plan.h"

#include <string.h>

const char *const gate_level_names[] = {"off", "warn", "block", NULL};

static const struct {
        enum gate_level level;
        const char *meaning;
} gates[] = {
#define X(gate, name, level, text) [GATE_##gate] = {GATE_##level, text},
        GATES(X)
#undef X
};

const char *const gate_names[] = {
#define X(gate, name, level, text) [GATE_##gate] = name,
        GATES(X)
#undef X
                [GATE_COUNT] = NULL,
};

enum gate_level gate_default(enum gate gate)
{
        return gates[gate].level;
}

const char *gate_meaning(enum gate gate)
{
        return gates[gate].meaning;
}

struct ignore judgement_rules(const struct strv *globs)
{
        struct ignore rules = {0};

        for (size_t i = 0; i < globs->len; i++)
                ignore_add(&rules, "", globs->items[i]);
        return rules;
}

static enum gate_level level_of(const struct judgement *judgement, const char *id)
{
        const struct gate_rule *rule = id ? rule_find(id) : NULL;

        return rule ? rule_level(judgement->plan, rule) : judgement->level;
}

static size_t json_bytes(const char *text)
{
        size_t bytes = 2;

        for (; text && *text; text++)
                bytes += *text == '"' || *text == '\\' ? 2 : 1;
        return bytes;
}

/* A name that is no text is written with four characters for a byte, of which JSON doubles the first. */
static size_t path_bytes(const char *path)
{
        _cleanup_str_ struct str quoted = {0};

        if (path)
                str_put_quoted(&quoted, path, strlen(path));
        return json_bytes(str_text(&quoted));
}

/* What the finding takes in an event: once as an object, once as a reason. */
static size_t finding_bytes(const struct gate_finding *finding)
{
        return 150 + path_bytes(finding->path) + 2 * json_bytes(finding->reason) + 2 * json_bytes(finding->excerpt) +
               2 * json_bytes(finding->rule);
}

static void finding_release(struct gate_finding *finding)
{
        free(finding->path);
        free(finding->rule);
        free(finding->excerpt);
        free(finding->reason);
}

/* The last warning makes room for a refusal. */
static bool make_room(struct gate_report *report)
{
        for (size_t i = report->len; i-- > 0;) {
                if (report->items[i].level == GATE_BLOCK)
                        continue;
                report->bytes -= finding_bytes(&report->items[i]);
                finding_release(&report->items[i]);
                memmove(&report->items[i], &report->items[i + 1], (report->len - i - 1) * sizeof(*report->items));
                report->len--;
                report->left_out++;
                return true;
        }
        return false;
}

static void keep(struct gate_report *report, struct gate_finding *finding)
{
        const size_t bytes = finding_bytes(finding);

        while (report->len == GATE_FINDINGS_MAX || report->bytes + bytes > GATE_FINDINGS_BYTES)
                if (finding->level != GATE_BLOCK || !make_room(report)) {
                        report->left_out++;
                        finding_release(finding);
                        return;
                }
        report->bytes += bytes;
        report->items = xrealloc(report->items, (report->len + 1) * sizeof(*report->items));
        report->items[report->len++] = *finding;
}

/* Findings come file by file: what is the last already is not added again. */
static void add_secret(struct gate_report *report, const char *path)
{
        struct strv *paths = &report->secret_paths;

        if (!paths->len || strcmp(paths->items[paths->len - 1], path) != 0)
                strv_add(paths, path);
}

bool gate_report_hide(const struct gate_report *report, struct change_list *changes)
{
        for (size_t i = 0; i < report->secret_paths.len; i++) {
                struct change *change = change_list_find(changes, report->secret_paths.items[i]);

                if (change)
                        change->hidden = true;
        }
        return report->secret_paths.len > 0;
}

void gate_find(const struct judgement *judgement, const struct gate_at *at, const char *text)
{
        static const struct gate_at nowhere = {0};
        struct gate_finding finding = {.gate = judgement->gate};
        struct str reason = {0};

        at = at ? at : &nowhere;
        finding.level = level_of(judgement, at->rule);
        if (at->most != GATE_OFF && finding.level > at->most)
                finding.level = at->most;
        if (finding.level == GATE_OFF)
                return;
        if (at->path) {
                str_put_quoted(&reason, at->path, strlen(at->path));
                if (at->line)
                        str_printf(&reason, ":%u", at->line);
                str_putc(&reason, ' ');
        }
        str_puts(&reason, text);
        finding.path = xstrdup(at->path);
        finding.line = at->line;
        finding.rule = xstrdup(at->rule);
        finding.excerpt = xstrdup(at->excerpt);
        finding.reason = str_steal(&reason);
        judgement->report->blocked |= finding.level == GATE_BLOCK;
        if (judgement->report->found[judgement->gate]++ == 0)
                judgement->report->first[judgement->gate] = xstrdup(finding.reason);
        if (at->path && judgement->gate == GATE_SECRETS && finding.level == GATE_BLOCK)
                add_secret(judgement->report, at->path);
        keep(judgement->report, &finding);
}

static const struct {
        void (*judge)(const struct judgement *judgement);
        bool text; /* it judges lines */
} judges[GATE_COUNT] = {
        [GATE_PATHS] = {judge_paths, false},
        [GATE_PROTECTED] = {judge_protected, false},
        [GATE_DIFF_BUDGET] = {judge_diff_budget, false},
        [GATE_FILE_TYPES] = {judge_file_types, true},
        [GATE_GENERATED] = {judge_generated, false},
        [GATE_WHITESPACE] = {judge_whitespace, true},
        [GATE_SECRETS] = {judge_secrets, true},
        [GATE_NO_COPY] = {judge_no_copy, true},
        [GATE_CONFLICT_MARKERS] = {judge_conflict_markers, false},
        [GATE_ANTI_STUB] = {judge_anti_stub, true},
        [GATE_TEST_TAMPER] = {judge_test_tamper, true},
        [GATE_MOOD] = {judge_mood, false},
        [GATE_FORBID] = {judge_forbid, false},
};

/* A gate that is off is asked all the same where one of its rules was turned on by name. */
static bool is_asked(const struct plan *plan, size_t gate)
{
        const struct gate_rule *rule;

        if (plan->gates[gate] != (int)GATE_OFF)
                return judges[gate].judge;
        for (size_t i = 0; plan->rules.len && (rule = rule_at(i)); i++)
                if ((size_t)rule->gate == gate && rule_level(plan, rule) != GATE_OFF)
                        return judges[gate].judge;
        return false;
}

bool gates_need_text(const struct plan *plan)
{
        for (size_t i = 0; i < GATE_COUNT; i++)
                if (judges[i].text && is_asked(plan, i))
                        return true;
        return false;
}

void gates_judge(const struct plan *plan, const struct change_list *changes, const struct change_reader *read,
                 struct gate_report *report)
{
        struct moved moved = {.changes = changes};

        for (size_t i = 0; i < GATE_COUNT; i++) {
                struct judgement judgement = {.plan = plan,
                                              .changes = changes,
                                              .read = read,
                                              .moved = &moved,
                                              .report = report,
                                              .gate = (enum gate)i,
                                              .level = (enum gate_level)plan->gates[i]};

                if (is_asked(plan, i))
                        judges[i].judge(&judgement);
        }
        moved_release(&moved);
}

bool gate_report_blocks(const struct gate_report *report)
{
        return report->blocked;
}

void gate_report_release(struct gate_report *report)
{
        for (size_t i = 0; i < report->len; i++)
                finding_release(&report->items[i]);
        free(report->items);
        for (size_t i = 0; i < GATE_COUNT; i++)
                free(report->first[i]);
        strv_release(&report->secret_paths);
        *report = (struct gate_report){0};
}

/* "gate: PATH:LINE text (rule): excerpt" */
static void add_reason(const struct gate_finding *finding, struct strv *ret)
{
        struct str text = {0};

        str_printf(&text, "%s: %s", gate_names[finding->gate], finding->reason);
        if (finding->rule)
                str_printf(&text, " (%s)", finding->rule);
        if (finding->excerpt)
                str_printf(&text, ": %s", finding->excerpt);
        strv_take(ret, str_steal(&text));
}

void gate_report_reasons(const struct gate_report *report, struct strv *ret)
{
        static const enum gate_level order[] = {GATE_BLOCK, GATE_WARN};

        for (size_t pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < report->len; i++)
                        if (report->items[i].level == order[pass])
                                add_reason(&report->items[i], ret);
        if (report->left_out)
                strv_add_printf(ret, "and %zu more", report->left_out);
}

struct json_t *gate_report_json(const struct gate_report *report)
{
        json_t *list = json_array();

        for (size_t i = 0; i < report->len; i++) {
                const struct gate_finding *finding = &report->items[i];

                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:o, s:I, s:s?, s:s?, s:s}", "gate",
                                                gate_names[finding->gate], "level", gate_level_names[finding->level],
                                                "path", finding->path ? json_quoted(finding->path) : json_null(),
                                                "line", (json_int_t)finding->line, "rule", finding->rule, "excerpt",
                                                finding->excerpt, "reason", finding->reason));
        }
        return list;
}
