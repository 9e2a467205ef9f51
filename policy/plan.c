/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling: item, policy and mood become one plan, part by part, each part in a function of its own (the agent in
 * policy/plan_agent.c, the verifiers in policy/plan_verifiers.c). The order matters in two places: rules of the mood come before everything that they change,
 * and the prompt comes last because it tells what the rest says. Fails with ERR_INPUT and the remedy; a failed compile
 * leaves nothing.
 */
#include "policy/plan_compile.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/json.h"
#include "policy/prompt.h"

#include <string.h>

#define MINUTE ((int64_t)60 * 1000)
#define GIB ((int64_t)1 << 30)
#define ARGUMENT_BYTES_MAX (128 * 1024 - 1) /* of one argument: MAX_ARG_STRLEN of execve(2), with its end */

static const struct budget budget_defaults = {
        .wall_ms = 30 * MINUTE,
        .cpu_ms = 60 * MINUTE,
        .memory = 4 * GIB,
        .disk = 2 * GIB,
        .output = 64 << 20,
        .pids = 2048,
        .notes = 10000,
        .diff_files = 1000,
        .diff_lines = 50000,
        .cost_usd = 1000000,
        .attempts = 3,
};

/* Whether the item itself names a protected path among those that may change. */
static bool names_protected(const struct work_item *item, const struct policy *policy)
{
        _cleanup_ignore_ struct ignore rules = {0};
        bool found = false;

        for (size_t i = 0; i < policy->protected_paths.len; i++)
                ignore_add(&rules, "", policy->protected_paths.items[i]);
        for (size_t i = 0; i < item->paths.allow.len && !found; i++) {
                const char *glob = item->paths.allow.items[i];

                found = ignore_covers(&rules, glob + (*glob == '/'), false);
        }
        return found;
}

static enum mood choose_mood(const struct work_item *item, const struct policy *policy,
                             const struct plan_options *options)
{
        struct mood_situation situation = options->situation;

        if (options->mood != KEY_UNSET)
                return (enum mood)options->mood;
        if (item->mood != KEY_UNSET)
                return (enum mood)item->mood;
        situation.has_acceptance = item->acceptance.len > 0;
        situation.has_verifier = item->verify.len > 0;
        situation.touches_protected |= names_protected(item, policy);
        if (item->risk > situation.risk)
                situation.risk = item->risk;
        return mood_first(&situation);
}

static void compile_head(struct compile *compile, enum mood mood)
{
        const struct work_item *item = compile->item;
        const struct mood_rules *rules = compile->rules;
        struct plan *plan = compile->plan;
        const char *target = item->target ? item->target : compile->policy->target;

        plan->version = PLAN_VERSION;
        plan->item_id = xstrdup(item->id);
        plan->title = xstrdup(item->title);
        plan->objective = xstrdup(item->objective && *item->objective ? item->objective : item->title);
        plan->mood = (int)mood;
        plan->risk = item->risk == KEY_UNSET ? RISK_LOW : item->risk;
        plan->worktree = (int)rules->worktree;
        plan->may_commit = rules->may_commit;
        plan->needs_note = rules->needs_note;
        plan->change_rule = (int)rules->change_rule;
        plan->pre_existing_blocks = rules->strict;
        plan->arm = item->arm == 1;
        plan->target = xstrdup(target);
        plan->rollback = xstrdup(item->rollback);
        plan->commit.author = xstrdup(compile->policy->commit.author);
        plan->commit.sign = compile->policy->commit.sign;
        strv_copy(&plan->outputs, &item->outputs);
}

static void compile_budget(struct compile *compile)
{
        struct budget *budget = &compile->plan->budget;

        *budget = budget_defaults;
        if (compile->policy->failure.attempts != KEY_UNSET)
                budget->attempts = compile->policy->failure.attempts;
        schema_overlay(&budget_schema, budget, &compile->item->budget);
        budget->diff_files *= compile->rules->diff_factor;
        budget->diff_lines *= compile->rules->diff_factor;
}

static void compile_gates(struct compile *compile)
{
        struct plan *plan = compile->plan;

        for (size_t i = 0; i < GATE_COUNT; i++) {
                enum gate gate = (enum gate)i;

                plan->gates[i] =
                        compile->rules->strict || i >= GATES_SETTABLE ? (int)GATE_BLOCK : compile->policy->gates[i];
                if (plan->gates[i] != (int)GATE_OFF && !gate_is_enforced(gate))
                        strv_add_printf(&plan->declared, "gate %s (%s): " FORBID_UNENFORCED, gate_names[i],
                                        gate_meaning(gate));
        }
        strv_copy(&plan->paths.allow, &compile->item->paths.allow);
        strv_copy(&plan->paths.deny, &compile->item->paths.deny);
        strv_copy(&plan->paths.guarded, &compile->policy->protected_paths);
        if (compile->options->hooks && !strv_has(&plan->paths.guarded, compile->options->hooks))
                strv_add(&plan->paths.guarded, compile->options->hooks);
        strv_copy(&plan->paths.tests, &compile->policy->tests);
}

static void compile_sandbox(struct compile *compile)
{
        const struct sandbox_policy *from = &compile->policy->sandbox;
        struct plan *plan = compile->plan;

        plan->sandbox.minimum = from->minimum;
        strv_copy(&plan->sandbox.read, &from->read);
        strv_copy(&plan->sandbox.write, &from->write);
        strv_copy(&plan->sandbox.carry, &from->carry);
        strv_copy(&plan->sandbox.env, &from->env);
        strv_sort_unique(&plan->sandbox.env);
}

static void compile_approval(struct compile *compile)
{
        struct plan *plan = compile->plan;
        int before = compile->item->approval.before;

        plan->approval.before = before == KEY_UNSET ? APPROVAL_BEFORE_NONE : before;
        plan->approval.person_at = compile->policy->approval.person_at;
        if (compile->rules->person)
                strv_add_printf(&plan->approval.why, "in the mood %s a person approves", compile->rules->name);
        if (compile->item->approval.after == APPROVAL_AFTER_PERSON)
                strv_add(&plan->approval.why, "the work item asks for a person (approval.after)");
        if (plan->risk >= plan->approval.person_at)
                strv_add_printf(&plan->approval.why, "the risk is %s, and from %s a person approves",
                                risk_names[plan->risk], risk_names[plan->approval.person_at]);
        plan->approval.person = plan->approval.why.len > 0;
}

static void compile_forbid(struct compile *compile)
{
        struct plan *plan = compile->plan;
        enum forbid_network network = plan->sandbox.network.allow.len ? FORBID_EGRESS
                                      : plan->agent.routes.len        ? FORBID_ROUTES
                                                                      : FORBID_NO_NETWORK;
        _cleanup_strv_ struct strv words = {0};

        strv_copy(&words, &compile->item->forbid);
        strv_sort_unique(&words);
        plan->forbid.items = xcalloc(words.len + 1, sizeof(*plan->forbid.items));
        plan->forbid.len = words.len;
        for (size_t i = 0; i < words.len; i++) {
                const char *mechanism = forbid_mechanism(words.items[i], network);

                plan->forbid.items[i] =
                        (struct plan_word){.word = xstrdup(words.items[i]), .mechanism = xstrdup(mechanism)};
                if (strcmp(mechanism, FORBID_UNENFORCED) == 0)
                        strv_add_printf(&plan->declared, "forbid %s: " FORBID_UNENFORCED, words.items[i]);
        }
}

static int compile_prompt(struct compile *compile)
{
        const struct prompt_input input = {.item = compile->item,
                                           .plan = compile->plan,
                                           .text = compile->policy->prompt,
                                           .history = compile->options->history};
        _cleanup_str_ struct str prompt = {0};

        if (prompt_render(&input, &prompt, compile->err) < 0)
                return -1;
        compile->plan->prompt = str_steal(&prompt);
        return 0;
}

/* The kernel refuses a longer one with E2BIG, and nobody would know of which. */
static int check_arguments(struct compile *compile)
{
        const struct strv *command = &compile->plan->agent.command;

        for (size_t i = 0; i < command->len; i++)
                if (strlen(command->items[i]) > ARGUMENT_BYTES_MAX)
                        return err_set(
                                compile->err, ERR_INPUT,
                                "argument %zu of the agent's command has %zu bytes with the prompt in it, and the "
                                "kernel takes at most %d; shorten the objective, or let the agent read it: in its "
                                "command, {prompt_file} in place of {prompt} is a file with it",
                                i, strlen(command->items[i]), ARGUMENT_BYTES_MAX);
        return 0;
}

static int compile_all(struct compile *compile, enum mood mood)
{
        compile_head(compile, mood);
        compile_budget(compile);
        compile_gates(compile);
        compile_sandbox(compile);
        compile_approval(compile);
        if (compile_agent(compile) < 0 || compile_verifiers(compile) < 0)
                return -1;
        compile_forbid(compile);
        if (compile_prompt(compile) < 0 || compile_words(compile) < 0)
                return -1;
        return check_arguments(compile);
}

int plan_compile(const struct work_item *item, const struct policy *policy, const struct plan_options *options,
                 struct plan *ret, struct err *err)
{
        enum mood mood = choose_mood(item, policy, options);
        struct compile compile = {
                .item = item, .policy = policy, .options = options, .rules = mood_rules(mood), .err = err};
        _cleanup_free_ char *json = NULL;
        _cleanup_plan_ struct plan plan, again;

        plan_init(&plan);
        plan_init(&again);
        compile.plan = &plan;
        if (!item->title)
                return err_set(err, ERR_INPUT,
                               "the work item has no title; expected one line that says what is wanted");
        if (compile_all(&compile, mood) < 0)
                return -1;
        json = plan_to_json(&plan);
        if (strlen(json) > PLAN_BYTES_MAX)
                return err_set(err, ERR_INPUT,
                               "the plan has %zu bytes; expected at most 1 MiB: shorten the item or the policy",
                               strlen(json));
        /* What runner and director could not read is refused here, while a person is there to be told. */
        if (plan_from_json(json, strlen(json), &again, err) < 0)
                return err_wrap(err, "item and policy make no usable plan");
        *ret = plan;
        plan_init(&plan);
        return 0;
}

bool plan_has_network(const struct plan *plan)
{
        return plan->sandbox.network.allow.len || plan->agent.routes.len;
}

bool plan_is_metered(const struct plan *plan)
{
        for (size_t i = 0; i < plan->agent.routes.len; i++)
                if (plan->agent.routes.items[i].meter > (int)METER_NONE)
                        return true;
        return false;
}

bool plan_needs_person(const struct plan *plan, const struct gate_report *report, struct strv *ret_why)
{
        bool raised = report->touches_protected && plan->risk < RISK_HIGH && (int)RISK_HIGH >= plan->approval.person_at;

        strv_copy(ret_why, &plan->approval.why);
        if (raised)
                strv_add_printf(ret_why,
                                "a protected path changes, which makes the risk high, and from %s a person approves",
                                risk_names[plan->approval.person_at]);
        return plan->approval.person || raised;
}
