/* SPDX-License-Identifier: Apache-2.0 */
/* What `cupel agents check` tells: a line per fact, then what is missing. Values of variables are never part of it. */
#include "cli/agents_check.h"

#include "cli/agent_find.h"
#include "cli/agents_list.h"
#include "cli/launch.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define LABEL_CELLS 10

static void put_label(struct str *out, const char *label)
{
        str_puts(out, "  ");
        render_cell(out, label, LABEL_CELLS, false);
}

static void put_fact(struct str *out, const char *label, const char *fact)
{
        put_label(out, label);
        render_line(out, fact);
        str_putc(out, '\n');
}

/* The first line that it printed. */
static char *version_of(const struct agent_trial *trial)
{
        const char *text = trial->output ? trial->output + strspn(trial->output, " \t\r\n") : "";

        return trial->tried ? xmemdup(text, strcspn(text, "\r\n")) : NULL;
}

static bool was_found(const struct agent_program *program)
{
        return program->file != NULL;
}

static void put_program(struct str *out, const struct agent_program *program, const char *label)
{
        put_fact(out, label, was_found(program) ? program->found : "not found");
        if (was_found(program) && strcmp(program->found, program->file) != 0) {
                _cleanup_free_ char *real = xasprintf("is %s", program->file);

                put_fact(out, "", real);
        }
}

static void put_programs(struct str *out, const struct agent_programs *programs)
{
        for (size_t i = 0; i < programs->programs.len; i++) {
                const struct agent_program *program = &programs->programs.items[i];

                if (i == 0 || !program->of || program->name[0] != '/')
                        put_program(out, program, i == 0 ? "program" : program->name);
        }
}

static void put_version(struct str *out, const struct agent_check *check)
{
        _cleanup_free_ char *version = version_of(check->trial);
        _cleanup_str_ struct str text = {0};
        const struct strv *tried = &check->agent->tried;

        if (!version) {
                put_fact(out, "version",
                         check->agent->version.len ? "not tried"
                                                   : "the profile has no version command, so its start was not tried");
                return;
        }
        str_puts(&text, version[0] ? version : "(nothing printed)");
        for (size_t i = 0; i < tried->len; i++)
                str_printf(&text, "%s%s%s", i ? ", " : " (profile made with ", tried->items[i],
                           i + 1 == tried->len ? ")" : "");
        put_fact(out, "version", str_text(&text));
}

static void put_shown(struct str *out, const struct plan *plan)
{
        for (size_t i = 0; i < plan->agent.read.len; i++)
                put_fact(out, i ? "" : "shown", plan->agent.read.items[i]);
        if (!plan->agent.read.len)
                put_fact(out, "shown", "nothing but the system's folders");
        for (size_t i = 0; i < plan->agent.home.len; i++) {
                _cleanup_free_ char *file = xasprintf("~/%s", plan->agent.home.items[i].name);

                put_fact(out, i ? "" : "home", file);
        }
}

static void put_keys(struct str *out, const struct agent_found *found)
{
        for (size_t i = 0; i < found->credentials.len; i++) {
                const struct agent_credential *credential = &found->credentials.items[i];

                for (size_t j = 0; j < credential->names.len; j++) {
                        bool set = !strv_has(&credential->missing, credential->names.items[j]);
                        _cleanup_free_ char *text = xasprintf(
                                "%s is %s%s", credential->names.items[j], set ? "set" : "not set",
                                credential->any && credential->names.len > 1 ? " (one of them is enough)" : "");

                        put_fact(out, i || j ? "" : "key", text);
                }
        }
}

static void put_sandbox(struct str *out, const struct agent_trial *trial)
{
        char text[640];

        if (trial->unfit.code) {
                err_text(&trial->unfit, text, sizeof(text));
                put_fact(out, "sandbox", text);
        } else if (trial->tried) {
                snprintf(text, sizeof(text), "tier %s: %s", sandbox_tier_name(trial->tier),
                         sandbox_tier_meaning(trial->tier));
                put_fact(out, "sandbox", text);
        }
}

static void put_verdict(struct str *out, const struct agent_check *check, bool colour)
{
        const struct strv *missing = &check->launch->missing;

        str_putc(out, '\n');
        if (check->exit == 0) {
                render_tint(out, colour, TINT_GOOD, "ready");
                str_printf(out, ": cupel run --agent %s\n", check->agent->name);
                return;
        }
        for (size_t i = 0; i < missing->len; i++) {
                render_tint(out, colour, TINT_BAD, "missing");
                str_puts(out, ": ");
                render_line(out, missing->items[i]);
                str_putc(out, '\n');
        }
        if (check->trial->unfit.code) {
                render_tint(out, colour, TINT_BAD, "no sandbox");
                str_puts(out, ": `cupel doctor` tells what this machine lacks\n");
        }
}

void agent_check_put(const struct agent_check *check, bool colour, struct str *out)
{
        render_tint(out, colour, TINT_STRONG, check->agent->name);
        if (check->agent->about) {
                str_puts(out, "  ");
                render_line(out, check->agent->about);
        }
        str_putc(out, '\n');
        put_programs(out, check->programs);
        put_version(out, check);
        put_shown(out, &check->launch->plan);
        put_keys(out, check->found);
        put_sandbox(out, check->trial);
        put_verdict(out, check, colour);
}

static json_t *programs_json(const struct agent_programs *programs)
{
        json_t *list = json_array();

        for (size_t i = 0; i < programs->programs.len; i++) {
                const struct agent_program *program = &programs->programs.items[i];

                json_array_append_new(list, json_pack("{s:o, s:o?, s:o?, s:o?}", "name", json_quoted(program->name),
                                                      "found", program->found ? json_quoted(program->found) : NULL,
                                                      "file", program->file ? json_quoted(program->file) : NULL, "of",
                                                      program->of ? json_quoted(program->of) : NULL));
        }
        return list;
}

static json_t *home_json(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->agent.home.len; i++)
                json_array_append_new(list, json_quoted(plan->agent.home.items[i].name));
        return list;
}

struct json_t *agent_check_json(const struct agent_check *check)
{
        _cleanup_free_ char *version = version_of(check->trial);
        const struct agent_trial *trial = check->trial;
        char unfit[640] = "";

        err_text(&trial->unfit, unfit, sizeof(unfit));
        return json_pack("{s:s, s:i, s:b, s:o, s:o, s:o?, s:o, s:o, s:s?, s:s?, s:o}", "name", check->agent->name,
                         "exit", check->exit, "tried", trial->tried, "agent", agent_found_json(check->found),
                         "programs", programs_json(check->programs), "version", version ? json_quoted(version) : NULL,
                         "shown", json_from_strv(&check->launch->plan.agent.read), "home",
                         home_json(&check->launch->plan), "tier", trial->tried ? sandbox_tier_name(trial->tier) : NULL,
                         "sandbox", trial->unfit.code ? unfit : NULL, "missing",
                         json_from_strv(&check->launch->missing));
}
