/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/risk.h"

#include "lib/base/change.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/plan.h"
#include "tests/unit/policy/planned.h"

#include <criterion/criterion.h>
#include <string.h>

static void plan_of(const char *item_text, int repository, struct plan *plan)
{
        const struct plan_options options = {.mood = KEY_UNSET, .repository_risk = repository};
        struct err err = ERR_INIT;

        cr_assert_eq(planned(item_text, "verifiers: {unit: make test}\n", &options, plan, &err), 0, "%s", err.message);
}

static bool tells(const struct strv *reasons, const char *beginning)
{
        for (size_t i = 0; i < reasons->len; i++)
                if (!strncmp(reasons->items[i], beginning, strlen(beginning)))
                        return true;
        return false;
}

Test(risk, at_the_start)
{
        static const struct {
                const char *item;
                int repository;
                enum risk level;
                const char *reason;
        } rows[] = {
                {"title: x\nagent: {command: [a]}\n", KEY_UNSET, RISK_LOW, NULL},
                {"title: x\nrisk: low\nagent: {command: [a]}\n", RISK_LOW, RISK_LOW, NULL},
                {"title: x\nrisk: medium\nagent: {command: [a]}\n", RISK_LOW, RISK_MEDIUM, "item (medium): "},
                {"title: x\nrisk: critical\nagent: {command: [a]}\n", RISK_LOW, RISK_CRITICAL, "item (critical): "},
                {"title: x\nrisk: low\nagent: {command: [a]}\n", RISK_HIGH, RISK_HIGH, "repository (high): "},
                {"title: x\npaths: {allow: [/.gitmodules]}\nagent: {command: [a]}\n", RISK_LOW, RISK_HIGH,
                 "names_protected (high): "},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_plan_ struct plan plan;

                plan_of(rows[i].item, rows[i].repository, &plan);
                cr_assert_eq(plan.risk, (int)rows[i].level, "row %zu: %s", i, risk_names[plan.risk]);
                cr_assert_eq(plan.risk_why.len, rows[i].reason ? 1u : 0u, "row %zu", i);
                cr_assert(!rows[i].reason || tells(&plan.risk_why, rows[i].reason), "row %zu", i);
                cr_assert_eq(plan.approval.person, rows[i].level >= RISK_HIGH, "row %zu", i);
                cr_assert_eq(plan.mood, (int)(rows[i].level >= RISK_HIGH ? MOOD_PARANOID : MOOD_CALM), "row %zu", i);
        }
}

/* ---- Candidates ---- */

struct candidate {
        struct change_list changes;
        struct gate_report gates;
};

static struct change *touch(struct candidate *candidate, const char *path, uint32_t added)
{
        struct change *change = change_list_add(&candidate->changes, path);

        change->kind = CHANGE_MODIFIED;
        change->old_mode = change->new_mode = 0100644;
        change->old_size = change->new_size = 1000;
        change->lines_added = added;
        candidate->changes.lines_added += added;
        return change;
}

static void find(struct candidate *candidate, enum gate gate)
{
        struct gate_report *gates = &candidate->gates;

        gates->found[gate] = 1;
        gates->first[gate] = xstrdup("somewhere");
}

static void make_plain(struct candidate *candidate)
{
        touch(candidate, "src/a.c", 3);
}

static void make_protected(struct candidate *candidate)
{
        make_plain(candidate);
        candidate->gates.touches_protected = true;
}

static void make_tampered(struct candidate *candidate)
{
        make_plain(candidate);
        find(candidate, GATE_TEST_TAMPER);
}

static void make_secret(struct candidate *candidate)
{
        make_plain(candidate);
        find(candidate, GATE_SECRETS);
}

static void make_lines(struct candidate *candidate)
{
        touch(candidate, "src/a.c", 2001);
}

static void make_few_lines(struct candidate *candidate)
{
        touch(candidate, "src/a.c", 2000);
}

static void make_files(struct candidate *candidate)
{
        char name[32];

        for (int i = 0; i < 1001; i++) {
                snprintf(name, sizeof(name), "src/%d.c", i);
                touch(candidate, name, 1);
        }
}

static void make_manifest(struct candidate *candidate)
{
        touch(candidate, "web/package.json", 1);
}

static void make_executable(struct candidate *candidate)
{
        touch(candidate, "tool", 1)->new_mode = 0100755;
}

static void make_touched_executable(struct candidate *candidate)
{
        struct change *change = touch(candidate, "tool", 1);

        change->old_mode = change->new_mode = 0100755;
}

Test(risk, of_a_candidate)
{
        static const struct {
                void (*make)(struct candidate *candidate);
                enum risk level;
                const char *reason;
        } rows[] = {
                {make_plain, RISK_LOW, NULL},
                {make_few_lines, RISK_LOW, NULL},
                {make_touched_executable, RISK_LOW, NULL},
                {make_protected, RISK_HIGH, "protected (high): "},
                {make_tampered, RISK_HIGH, "test_tamper (high): somewhere"},
                {make_secret, RISK_HIGH, "secrets (high): somewhere"},
                {make_lines, RISK_MEDIUM, "large_diff (medium): 1 file and 2001 lines change"},
                {make_files, RISK_HIGH, "huge_diff (high): 1001 files and 1001 lines change"},
                {make_manifest, RISK_MEDIUM, "dependencies (medium): dependencies may change: web/package.json (npm)"},
                {make_executable, RISK_MEDIUM, "executables (medium): tool is newly executable"},
        };
        _cleanup_plan_ struct plan plan;

        plan_of("title: x\nagent: {command: [a]}\n", RISK_LOW, &plan);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct candidate candidate = {0};
                _cleanup_risk_ struct risk_report risk = {0};
                _cleanup_json_ json_t *json = NULL;
                _cleanup_strv_ struct strv why = {0};

                rows[i].make(&candidate);
                risk_judge(
                        &(struct risk_input){.plan = &plan, .changes = &candidate.changes, .gates = &candidate.gates},
                        &risk);
                cr_assert_eq(risk.level, rows[i].level, "row %zu: %s", i, risk_names[risk.level]);
                cr_assert_eq(risk.reasons.len, rows[i].reason ? 1u : 0u, "row %zu", i);
                cr_assert(!rows[i].reason || tells(&risk.reasons, rows[i].reason), "row %zu: %s", i,
                          risk.reasons.len ? risk.reasons.items[0] : "");
                cr_assert_eq(plan_needs_person(&plan, &risk, &why), rows[i].level >= RISK_HIGH, "row %zu", i);
                json = risk_json(&risk);
                cr_assert_str_eq(json_string_value(json_object_get(json, "level")), risk_names[rows[i].level]);
                change_list_release(&candidate.changes);
                gate_report_release(&candidate.gates);
        }
}

Test(risk, what_weighs_most_is_told_first_and_none_at_length)
{
        struct candidate candidate = {0};
        _cleanup_risk_ struct risk_report risk = {0};
        _cleanup_free_ char *folder = xcalloc(1, 4000);
        _cleanup_free_ char *path = NULL;
        _cleanup_plan_ struct plan plan;

        plan_of("title: x\nrisk: medium\nagent: {command: [a]}\n", RISK_LOW, &plan);
        memset(folder, 'd', 3999);
        path = xasprintf("%s/package.json", folder);
        make_protected(&candidate);
        touch(&candidate, path, 1);
        risk_judge(&(struct risk_input){.plan = &plan, .changes = &candidate.changes, .gates = &candidate.gates},
                   &risk);
        cr_assert_eq(risk.reasons.len, 3);
        cr_expect(!strncmp(risk.reasons.items[0], "protected (high): ", 18), "%s", risk.reasons.items[0]);
        cr_expect(!strncmp(risk.reasons.items[1], "item (medium): ", 15), "%s", risk.reasons.items[1]);
        cr_expect(!strncmp(risk.reasons.items[2], "dependencies (medium): ", 23), "%s", risk.reasons.items[2]);
        cr_expect_lt(strlen(risk.reasons.items[2]), 700);
        change_list_release(&candidate.changes);
        gate_report_release(&candidate.gates);
}

/* A person's threshold is asked of what was computed, not of what the item says. */
Test(risk, a_low_threshold_holds_what_is_medium)
{
        _cleanup_plan_ struct plan plan;
        struct candidate candidate = {0};
        _cleanup_risk_ struct risk_report risk = {0};
        _cleanup_strv_ struct strv why = {0};

        plan_of("title: x\nagent: {command: [a]}\n", RISK_LOW, &plan);
        plan.approval.person_at = RISK_MEDIUM;
        make_manifest(&candidate);
        risk_judge(&(struct risk_input){.plan = &plan, .changes = &candidate.changes, .gates = &candidate.gates},
                   &risk);
        cr_assert(plan_needs_person(&plan, &risk, &why));
        cr_assert(strstr(why.items[0], "package.json"), "%s", why.items[0]);
        change_list_release(&candidate.changes);
}

Test(risk, manifests_and_lock_files)
{
        static const struct {
                const char *path, *line, *ecosystem;
        } rows[] = {
                {"package.json", "  \"left-pad\": \"1\"", "npm"},
                {"a/b/yarn.lock", "x", "npm"},
                {"requirements-dev.txt", "x", "pip"},
                {"myrequirements.txt", "x", NULL},
                {"pyproject.toml", "x", "pip"},
                {"Cargo.lock", "x", "cargo"},
                {"go.mod", "x", "go"},
                {"pom.xml", "  <dependency>", "maven"},
                {"pom.xml", "  <!-- words -->", NULL},
                {"build.gradle", "implementation 'x:y:1'", "gradle"},
                {"build.gradle", "// words", NULL},
                {"CMakeLists.txt", "find_package(zlib)", "cmake"},
                {"CMakeLists.txt", "add_executable(x x.c)", NULL},
                {"CMakeLists.txt", NULL, "cmake"},
                {"cmake/deps.cmake", "FetchContent_Declare(x)", "cmake"},
                {"Gemfile", "x", "bundler"},
                {"composer.json", "x", "composer"},
                {"Dockerfile", "RUN apt-get install x", "docker"},
                {"Dockerfile", "WORKDIR /x", NULL},
                {"package.json.md", "x", NULL},
                {"src/package.c", "x", NULL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct change_line line = {.sign = '+', .number = 1};
                struct change change = {
                        .path = (char *)rows[i].path, .kind = CHANGE_MODIFIED, .new_size = 10, .lines_added = 1};
                const char *got;

                if (rows[i].line) {
                        line.text = rows[i].line;
                        line.len = strlen(rows[i].line);
                        change.lines = &line;
                        change.lines_len = 1;
                }
                got = risk_dependencies(&change);
                cr_assert(!got == !rows[i].ecosystem && (!got || !strcmp(got, rows[i].ecosystem)), "%s, %s: %s",
                          rows[i].path, rows[i].line, got);
        }
}

Test(risk, what_only_goes_away_adds_no_dependency)
{
        struct change change = {.path = "package.json", .kind = CHANGE_DELETED, .lines_removed = 3};
        struct change_line removed = {.sign = '-', .number = 1, .text = "find_package(x)", .len = 15};
        struct change cmake = {.path = "CMakeLists.txt",
                               .kind = CHANGE_MODIFIED,
                               .new_size = 5,
                               .lines_added = 1,
                               .lines = &removed,
                               .lines_len = 1};

        cr_assert_null(risk_dependencies(&change));
        change.kind = CHANGE_MODIFIED;
        change.new_size = 10;
        cr_assert_null(risk_dependencies(&change));
        cr_assert_null(risk_dependencies(&cmake));
}

Test(risk, every_reason_has_a_name_and_a_meaning)
{
        for (unsigned i = 0; i < RISK_REASON_COUNT; i++)
                cr_assert(risk_reason_id((enum risk_reason)i)[0] && risk_reason_meaning((enum risk_reason)i)[0]);
}
