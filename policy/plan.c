/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling: item, policy and mood become one plan, part by part, each part in a function of its own (the agent in
 * policy/plan_agent.c, the verifiers in policy/plan_verifiers.c). The order matters in two places: rules of the mood come
 * before everything that they change, and the prompt comes last because it tells what the rest says. Fails with ERR_INPUT and
 * the remedy; a failed compile leaves nothing.
 */
#include "policy/plan_compile.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/budget.h"
#include "policy/item_keys.h"
#include "policy/prompt.h"
#include "policy/risk.h"

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
        .diff_bytes = 16 << 20,
        .diff_binary = 16 << 20,
        .artifact_files = 100,
        .artifact_bytes = 64 << 20,
        .cost_usd = 1000000,
        .attempts = 3,
};

/* Beside the table of defaults that a plan is made with, so that the two are one. */
void work_item_describe(schema_described *each, void *arg)
{
        struct work_item item;
        json_t *json;

        work_item_init(&item);
        item.budget = budget_defaults;
        item.arm = 0;
        item.risk = RISK_LOW;
        item.approval.before = APPROVAL_BEFORE_NONE;
        item.approval.after = APPROVAL_AFTER_POLICY;
        json = schema_write(&work_item_schema, &item);
        schema_describe(&work_item_schema, "", json, each, arg);
        json_decref(json);
        work_item_release(&item);
}

static enum mood choose_mood(const struct work_item *item, const struct plan_options *options,
                             const struct risk_report *risk, bool protects, const char **ret_why)
{
        struct mood_situation situation = options->situation;

        *ret_why = NULL;
        if (options->mood != KEY_UNSET)
                return (enum mood)options->mood;
        if (item->mood != KEY_UNSET)
                return (enum mood)item->mood;
        situation.has_acceptance = item->acceptance.len > 0;
        situation.has_verifier = item->verify.len > 0;
        situation.touches_protected |= protects;
        if ((int)risk->level > situation.risk)
                situation.risk = (int)risk->level;
        return mood_first(&situation, ret_why);
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
        plan->risk = (int)compile->risk->level;
        strv_copy(&plan->risk_why, &compile->risk->reasons);
        plan->worktree = (int)rules->worktree;
        plan->may_commit = rules->may_commit;
        plan->needs_note = rules->needs_note;
        plan->rebuilds = rules->rebuilds;
        plan->change_rule = (int)rules->change_rule;
        plan->pre_existing_blocks = rules->strict;
        plan->arm = item->arm == 1;
        schema_copy(&no_copy_schema, &plan->no_copy, &compile->policy->no_copy);
        plan->allow_secret_comments = !rules->strict && compile->policy->secrets.allow_comments == 1;
        plan->target = xstrdup(target);
        plan->rollback = xstrdup(item->rollback);
        plan->commit.author = xstrdup(compile->policy->commit.author);
        plan->commit.sign = compile->policy->commit.sign;
        strv_copy(&plan->outputs, &item->outputs);
        for (size_t i = 0; i < item->publication.len; i++)
                pairs_set(&plan->publication, item->publication.items[i].name, item->publication.items[i].value);
}

static void compile_budget(struct compile *compile)
{
        struct budget *budget = &compile->plan->budget;

        *budget = budget_defaults;
        if (compile->policy->failure.attempts != KEY_UNSET)
                budget->attempts = compile->policy->failure.attempts;
        schema_overlay(&budget_schema, budget, &compile->item->budget);
        budget_widen(budget, compile->rules->diff_factor);
}

/* In a strict mood every rule blocks, whatever the table and the policy say of it. */
static void compile_rules(struct compile *compile)
{
        const struct pairs *said = &compile->policy->rules;

        if (compile->rules->strict)
                rules_strict(&compile->plan->rules);
        for (size_t i = 0; i < said->len && !compile->rules->strict; i++)
                pairs_set(&compile->plan->rules, said->items[i].name, said->items[i].value);
}

static void compile_gates(struct compile *compile)
{
        struct plan *plan = compile->plan;

        for (size_t i = 0; i < GATE_COUNT; i++)
                plan->gates[i] =
                        compile->rules->strict || i >= GATES_SETTABLE ? (int)GATE_BLOCK : compile->policy->gates[i];
        compile_rules(compile);
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

static void add_risk(struct strv *why, const struct plan *plan, const struct risk_report *risk)
{
        strv_add_printf(why, "the risk is %s, and from %s a person approves%s%s", risk_names[risk->level],
                        risk_names[plan->approval.person_at], risk->reasons.len ? ": " : "",
                        risk->reasons.len ? risk->reasons.items[0] : "");
        for (size_t i = 1; i < risk->reasons.len; i++)
                strv_add(why, risk->reasons.items[i]);
}

static void compile_approval(struct compile *compile)
{
        struct plan *plan = compile->plan;
        int before = compile->item->approval.before;

        plan->approval.before = before == KEY_UNSET ? APPROVAL_BEFORE_NONE : before;
        plan->approval.person_at = compile->policy->approval.person_at;
        plan->approval.deadline_ms = compile->policy->approval.deadline_ms;
        if (compile->rules->person)
                strv_add_printf(&plan->approval.why, "in the mood %s a person approves", compile->rules->name);
        if (compile->item->approval.after == APPROVAL_AFTER_PERSON)
                strv_add(&plan->approval.why, "the work item asks for a person (approval.after)");
        if (plan->risk >= plan->approval.person_at)
                add_risk(&plan->approval.why, plan, compile->risk);
        plan->approval.person = plan->approval.why.len > 0;
}

/* An attempt of another tier keeps the list: it is the item's agent that has it. */
static int compile_failure(struct compile *compile)
{
        const struct policy *policy = compile->policy;
        const int64_t tier = compile->options->tier;
        struct plan *plan = compile->plan;

        strv_copy(&plan->failure.moods, &policy->failure.moods);
        plan->failure.then = policy->failure.then == KEY_UNSET ? FAILURE_ASK : policy->failure.then;
        plan->failure.mood_named = compile->mood_named;
        plan->failure.tier = tier;
        if (compile_tiers(compile) < 0)
                return -1;
        if (tier <= (int64_t)plan->failure.tiers.len)
                return 0;
        return err_set(compile->err, ERR_INPUT, "the agent has %zu tiers, and tier %lld is asked for",
                       plan->failure.tiers.len, (long long)tier);
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

static void compile_checkpoint(struct compile *compile)
{
        const struct policy *policy = compile->policy;
        struct plan *plan = compile->plan;

        plan->checkpoint.every_ms = policy->checkpoint.every_ms == KEY_UNSET ? 0 : policy->checkpoint.every_ms;
        plan->checkpoint.keep =
                policy->checkpoint.keep == KEY_UNSET ? CHECKPOINT_KEEP_DEFAULT : policy->checkpoint.keep;
        plan->checkpoint.committed = policy->checkpoint.committed == 1;
}

static int compile_all(struct compile *compile, enum mood mood)
{
        compile_head(compile, mood);
        compile_budget(compile);
        compile_gates(compile);
        compile_sandbox(compile);
        compile_approval(compile);
        compile_checkpoint(compile);
        if (compile_failure(compile) < 0)
                return -1;
        if (compile_agent(compile) < 0 || compile_verifiers(compile) < 0)
                return -1;
        compile_revert(compile);
        compile_forbid(compile);
        if (compile_prompt(compile) < 0 || compile_words(compile) < 0)
                return -1;
        return check_arguments(compile);
}

int plan_compile(const struct work_item *item, const struct policy *policy, const struct plan_options *options,
                 struct plan *ret, struct err *err)
{
        const struct risk_start start = {.item = item, .policy = policy, .repository = options->repository_risk};
        _cleanup_risk_ struct risk_report risk = {0};
        const char *why;
        enum mood mood;
        int rc;
        struct compile compile = {.item = item, .policy = policy, .options = options, .risk = &risk, .err = err};
        _cleanup_free_ char *json = NULL;
        _cleanup_plan_ struct plan plan, again;

        plan_init(&plan);
        plan_init(&again);
        risk_at_start(&start, &risk);
        mood = choose_mood(item, options, &risk, risk_names_protected(item, policy), &why);
        compile.mood_named = options->mood != KEY_UNSET ? !options->mood_of_plan : item->mood != KEY_UNSET;
        compile.rules = mood_rules(mood);
        compile.plan = &plan;
        plan.mood_why = xstrdup(why);
        if (!item->title)
                return err_set(err, ERR_INPUT,
                               "the work item has no title; expected one line that says what is wanted");
        schema_init(&item_agent_schema, &compile.agent);
        rc = compile_all(&compile, mood);
        schema_release(&item_agent_schema, &compile.agent);
        if (rc < 0)
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

bool plan_needs_person(const struct plan *plan, const struct risk_report *risk, struct strv *ret_why)
{
        const bool raised = (int)risk->level > plan->risk && (int)risk->level >= plan->approval.person_at;

        strv_copy(ret_why, &plan->approval.why);
        if (raised)
                add_risk(ret_why, plan, risk);
        return plan->approval.person || raised;
}
