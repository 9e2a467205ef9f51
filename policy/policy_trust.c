/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of trust. What opens the host or spends is taken apart from the rest of a repository's policy: a policy that
 * holds nothing but those values is made of it, and its canonical JSON is what the user admits. So the order is: openings,
 * admission, merge. policy_merge() applies everything; calling it without an admission is the caller's bug.
 */
#include "policy/policy.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static void take_missing(struct strv *to, const struct strv *wanted, const struct strv *have, const struct strv *always)
{
        for (size_t i = 0; i < wanted->len; i++)
                if (!strv_has(have, wanted->items[i]) && !strv_has(always, wanted->items[i]) &&
                    !strv_has(to, wanted->items[i]))
                        strv_add(to, wanted->items[i]);
}

static struct agent *find_agent(const struct policy *policy, const char *name)
{
        return policy ? schema_list_find(&agent_schema, (const struct list *)&policy->agents, name) : NULL;
}

/* Which key would go where is to be seen, although the file names only one of the two. */
static void complete_routes(const struct agent *profile, struct agent *opened)
{
        for (size_t i = 0; i < opened->network.routes.len; i++) {
                struct route *route = &opened->network.routes.items[i];
                const struct route *whole =
                        schema_list_find(&route_schema, (const struct list *)&profile->network.routes, route->name);

                if (whole && !route->upstream)
                        route->upstream = xstrdup(whole->upstream);
                for (size_t k = 0; whole && !route->header.len && k < whole->header.len; k++)
                        pairs_set(&route->header, whole->header.items[k].name, whole->header.items[k].value);
        }
}

/* An agent that opens something is admitted as a whole: its command is who gets what is opened. */
static void open_agents(const struct policy *installed, const struct policy *user, const struct policy *own,
                        struct policy *opened)
{
        for (size_t i = 0; i < own->agents.len; i++) {
                const struct agent *agent = &own->agents.items[i], *profile = find_agent(installed, agent->name);
                struct agent *copy;

                if (find_agent(user, agent->name))
                        continue;
                if (!profile && !agent->env.len && !agent->programs.len && !agent->network.allow.len &&
                    !agent->network.routes.len)
                        continue;
                copy = schema_list_add(&agent_schema, (struct list *)&opened->agents);
                schema_copy(&agent_schema, copy, agent);
                if (profile)
                        complete_routes(profile, copy);
        }
}

/* More than the user allows, or than holds where the user says nothing. */
static void open_budget(int64_t user, int64_t otherwise, int64_t own, int64_t *opened)
{
        if (own > (user == KEY_UNSET ? otherwise : user))
                *opened = own;
}

static void open_sandbox(const struct policy *user, const struct policy *own, const struct policy *defaults,
                         struct policy *opened)
{
        int allowed = user->sandbox.minimum != KEY_UNSET ? user->sandbox.minimum : defaults->sandbox.minimum;

        take_missing(&opened->sandbox.read, &own->sandbox.read, &user->sandbox.read, &defaults->sandbox.read);
        take_missing(&opened->sandbox.write, &own->sandbox.write, &user->sandbox.write, &defaults->sandbox.write);
        take_missing(&opened->sandbox.env, &own->sandbox.env, &user->sandbox.env, &defaults->sandbox.env);
        take_missing(&opened->sandbox.network.allow, &own->sandbox.network.allow, &user->sandbox.network.allow,
                     &defaults->sandbox.network.allow);
        if (own->sandbox.minimum > allowed)
                opened->sandbox.minimum = own->sandbox.minimum;
        open_budget(user->sandbox.network.bytes, NETWORK_BYTES_DEFAULT, own->sandbox.network.bytes,
                    &opened->sandbox.network.bytes);
        open_budget(user->sandbox.network.connections, NETWORK_CONNECTIONS_DEFAULT, own->sandbox.network.connections,
                    &opened->sandbox.network.connections);
}

static void open_spend(const struct policy *user, const struct policy *own, struct policy *opened)
{
        if (own->spend.weekly_usd > user->spend.weekly_usd)
                opened->spend.weekly_usd = own->spend.weekly_usd;
        if (own->spend.paid_runs_per_cycle > user->spend.paid_runs_per_cycle)
                opened->spend.paid_runs_per_cycle = own->spend.paid_runs_per_cycle;
        /* A shorter cycle is more money. */
        if (own->spend.cycle_ms != KEY_UNSET &&
            (user->spend.cycle_ms == KEY_UNSET || own->spend.cycle_ms < user->spend.cycle_ms))
                opened->spend.cycle_ms = own->spend.cycle_ms;
        if (own->spend.week_starts != KEY_UNSET && own->spend.week_starts != user->spend.week_starts)
                opened->spend.week_starts = own->spend.week_starts;
}

static void open_commit(const struct policy *user, const struct policy *own, struct policy *opened)
{
        if (own->commit.author && (!user->commit.author || strcmp(own->commit.author, user->commit.author) != 0))
                opened->commit.author = xstrdup(own->commit.author);
        if (own->commit.sign == 0 && user->commit.sign != 0)
                opened->commit.sign = 0;
}

/* One line per value, one that is empty as well: what is opened is never said with no line. Of an agent, what it runs and gets. */
static void flatten(const char *path, const json_t *value, struct strv *lines)
{
        const char *key;
        json_t *inner;

        if (json_object_size(value)) {
                json_object_foreach((json_t *)value, key, inner)
                {
                        _cleanup_free_ char *below = xasprintf("%s%s%s", path, *path ? "." : "", key);

                        flatten(below, inner, lines);
                }
        } else if (json_array_size(value) && !strstr(path, ".command")) {
                for (size_t i = 0; i < json_array_size(value); i++)
                        flatten(path, json_array_get(value, i), lines);
        } else {
                _cleanup_free_ char *text =
                        json_is_string(value) ? xstrdup(json_string_value(value)) : json_canonical(value);

                strv_add_printf(lines, "%s: %s", path, text);
        }
}

/* A lower price is more tokens for the same money. */
static void open_prices(const struct policy *user, const struct policy *own, struct policy *opened)
{
        for (size_t i = 0; i < own->prices.len; i++)
                if (!schema_list_find(&price_schema, (const struct list *)&user->prices, own->prices.items[i].model))
                        schema_copy(&price_schema, schema_list_add(&price_schema, (struct list *)&opened->prices),
                                    &own->prices.items[i]);
}

void policy_openings(const struct policy *installed, const struct policy *user, const struct policy *own,
                     struct policy_openings *ret)
{
        _cleanup_policy_ struct policy defaults, opened;
        _cleanup_json_ json_t *json = NULL;

        *ret = (struct policy_openings){0};
        policy_default(&defaults);
        policy_init(&opened);
        if (own && (own->source == POLICY_FROM_COMMIT || own->source == POLICY_FROM_WORKTREE)) {
                open_agents(installed, user, own, &opened);
                open_prices(user, own, &opened);
                open_sandbox(user, own, &defaults, &opened);
                open_spend(user, own, &opened);
                open_commit(user, own, &opened);
        }
        json = schema_write(&policy_schema, &opened);
        if (!json_object_size(json))
                return;
        ret->json = json_canonical(json);
        hash_bytes(ret->json, strlen(ret->json), ret->sha256);
        flatten("", json, &ret->lines);
}

void policy_openings_release(struct policy_openings *openings)
{
        free(openings->json);
        strv_release(&openings->lines);
        *openings = (struct policy_openings){0};
}

int policy_admitted(const struct policy_openings *openings, const char *sha256, struct err *err)
{
        if (!openings->json || (sha256 && !strcmp(sha256, openings->sha256)))
                return 0;
        return err_set(err, ERR_BLOCKED,
                       "the repository's policy opens more than your configuration (%s%s)%s; see and admit "
                       "it with: cupel admit",
                       openings->lines.items[0], openings->lines.len > 1 ? ", …" : "",
                       sha256 ? ", and that has changed since you admitted it" : "");
}

/* The user's agents, prices and verifiers keep their names. */
static void keep_named(const struct policy *installed, const struct policy *user, struct policy *ret)
{
        for (size_t i = 0; i < user->agents.len; i++) {
                const struct agent *own = &user->agents.items[i], *profile = find_agent(installed, own->name);
                struct agent *agent = find_agent(ret, own->name);

                schema_release(&agent_schema, agent);
                schema_copy(&agent_schema, agent, profile ? profile : own);
                schema_overlay(&agent_schema, agent, own);
        }
        for (size_t i = 0; i < user->prices.len; i++) {
                struct price *price =
                        schema_list_find(&price_schema, (struct list *)&ret->prices, user->prices.items[i].model);

                schema_release(&price_schema, price);
                schema_copy(&price_schema, price, &user->prices.items[i]);
        }
        for (size_t i = 0; i < user->verifiers.len; i++) {
                struct verifier *verifier = schema_list_find(&verifier_schema, (struct list *)&ret->verifiers,
                                                             user->verifiers.items[i].name);

                schema_release(&verifier_schema, verifier);
                schema_copy(&verifier_schema, verifier, &user->verifiers.items[i]);
        }
}

/* Where the user said something, a repository may only be stricter. */
static void keep_narrow(const struct policy *installed, const struct policy *user, struct policy *ret)
{
        for (size_t i = 0; i < GATES_SETTABLE; i++)
                if (user->gates[i] > ret->gates[i])
                        ret->gates[i] = user->gates[i];
        rules_keep(user, ret);
        if (user->approval.person_at != KEY_UNSET && user->approval.person_at < ret->approval.person_at)
                ret->approval.person_at = user->approval.person_at;
        if (user->approval.deadline_ms != KEY_UNSET && user->approval.deadline_ms < ret->approval.deadline_ms)
                ret->approval.deadline_ms = user->approval.deadline_ms;
        if (user->checkout.dirty == CHECKOUT_REFUSE)
                ret->checkout.dirty = CHECKOUT_REFUSE;
        if (user->failure.attempts != KEY_UNSET && user->failure.attempts < ret->failure.attempts)
                ret->failure.attempts = user->failure.attempts;
        strv_add_missing(&ret->tests, &user->tests); /* a test that it does not call one could be weakened */
        strv_add_missing(&ret->no_copy.from, &user->no_copy.from);
        if (user->no_copy.lines != KEY_UNSET && user->no_copy.lines < ret->no_copy.lines)
                ret->no_copy.lines = user->no_copy.lines;
        if (user->secrets.allow_comments == 0)
                ret->secrets.allow_comments = 0;
        strv_add_missing(&ret->sandbox.read, &user->sandbox.read);
        strv_add_missing(&ret->sandbox.write, &user->sandbox.write);
        strv_add_missing(&ret->sandbox.carry, &user->sandbox.carry);
        strv_add_missing(&ret->sandbox.env, &user->sandbox.env);
        strv_add_missing(&ret->sandbox.network.allow, &user->sandbox.network.allow);
        keep_named(installed, user, ret);
}

int policy_merge(const struct policy *installed, const struct policy *user, const struct policy *own,
                 struct policy *ret, struct err *err)
{
        _cleanup_policy_ struct policy defaults;

        policy_default(&defaults);
        policy_default(ret);
        if (installed)
                schema_overlay(&policy_schema, ret, installed);
        schema_overlay(&policy_schema, ret, user);
        ret->source = own ? own->source : POLICY_FROM_USER;
        if (own) {
                schema_overlay(&policy_schema, ret, own);
                if (own->source != POLICY_FROM_OPTION)
                        keep_narrow(installed, user, ret);
        }
        strv_add_missing(&ret->protected_paths, &user->protected_paths);
        strv_add_missing(&ret->protected_paths, &defaults.protected_paths);
        strv_add_missing(&ret->sandbox.env, &defaults.sandbox.env);
        if (ret->agents.len + ret->verifiers.len <= 1000)
                return 0;
        policy_release(ret);
        return err_set(err, ERR_INPUT, "the policies together have over 1000 agents and verifiers; expected fewer");
}
