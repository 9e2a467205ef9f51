/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as canonical JSON and back. What does not come out as the same bytes when it is written again is no plan of
 * ours: so unknown keys, other spellings and everything that a reader might see differently are refused in one test.
 */
#include "policy/plan.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define PLAN(member) .offset = offsetof(struct plan, member), .doc = "part of the plan"
#define OF(struct_, member) .offset = offsetof(struct struct_, member), .doc = "part of the plan"

/* A group of the plan's own members: nested in JSON, offsets from the plan itself (size 0: nothing of its own to clear). */
#define GROUP(name_, keys_)                                                                                            \
        {                                                                                                              \
                .what = (name_), .keys = (keys_), .len = sizeof(keys_) / sizeof((keys_)[0]), .size = 0                 \
        }
#define IN_GROUP(schema_) .offset = 0, .sub = &(schema_), .doc = "part of the plan"

static const struct key verifier_keys[] = {
        {.name = "name", .type = KEY_LINE, OF(plan_verifier, name), .check = check_verifier_name, .required = true},
        {.name = "run", .type = KEY_TEXT, OF(plan_verifier, run), .required = true},
        {.name = "timeout", .type = KEY_TIME, OF(plan_verifier, timeout_ms), .min = 1, .required = true},
        {.name = "retries", .type = KEY_INT, OF(plan_verifier, retries), .max = 10, .required = true},
        {.name = "gate", .type = KEY_ENUM, OF(plan_verifier, gate), .choices = verifier_gate_names, .required = true},
        {.name = "kind", .type = KEY_ENUM, OF(plan_verifier, kind), .choices = verifier_kind_names, .required = true},
        {.name = "always", .type = KEY_BOOL, OF(plan_verifier, always), .required = true},
        {.name = "scope", .type = KEY_STRINGS, OF(plan_verifier, scope), .check = check_glob},
        {.name = "baseline", .type = KEY_BOOL, OF(plan_verifier, baseline), .required = true},
        {.name = "junit", .type = KEY_LINE, OF(plan_verifier, junit), .check = check_file_path},
        {.name = "tap", .type = KEY_LINE, OF(plan_verifier, tap)},
        {.name = "lost", .type = KEY_ENUM, OF(plan_verifier, lost), .choices = gate_level_names, .required = true},
        {.name = "base_tests", .type = KEY_BOOL, OF(plan_verifier, base_tests), .required = true},
};
static const struct schema verifier_schema_ = SCHEMA("a verifier of the plan", verifier_keys, struct plan_verifier);

static const struct key word_keys[] = {
        {.name = "word", .type = KEY_LINE, OF(plan_word, word), .required = true},
        {.name = "mechanism", .type = KEY_LINE, OF(plan_word, mechanism), .required = true},
};
static const struct schema word_schema = SCHEMA("a forbidden word", word_keys, struct plan_word);

static const struct key agent_keys[] = {
        {.name = "name", .type = KEY_LINE, PLAN(agent.name)},
        {.name = "command", .type = KEY_STRINGS, PLAN(agent.command), .may_be_empty = true},
        {.name = "env", .type = KEY_PAIRS, PLAN(agent.env), .check = check_env_name},
        {.name = "routes", .type = KEY_NAMED, PLAN(agent.routes), .sub = &route_schema},
        {.name = "tty", .type = KEY_BOOL, PLAN(agent.tty)},
        {.name = "model", .type = KEY_LINE, PLAN(agent.model)},
        {.name = "home", .type = KEY_PAIRS, PLAN(agent.home), .check = check_file_path},
        {.name = "rewrites", .type = KEY_STRINGS, PLAN(agent.rewrites), .check = check_file_path},
        {.name = "read", .type = KEY_STRINGS, PLAN(agent.read), .check = check_host_path},
        {.name = "links", .type = KEY_PAIRS, PLAN(agent.links), .check = check_verifier_name},
        {.name = "mcp", .type = KEY_BOOL, PLAN(agent.mcp)},
        {.name = "means", .type = KEY_MAP, PLAN(agent.means), .sub = &means_schema},
};
static const struct schema agent_group = GROUP("agent", agent_keys);

static const struct key paths_keys[] = {
        {.name = "allow", .type = KEY_STRINGS, PLAN(paths.allow), .check = check_glob},
        {.name = "deny", .type = KEY_STRINGS, PLAN(paths.deny), .check = check_glob},
        {.name = "protected", .type = KEY_STRINGS, PLAN(paths.guarded), .check = check_glob},
        {.name = "tests", .type = KEY_STRINGS, PLAN(paths.tests), .check = check_glob},
};
static const struct schema paths_group = GROUP("paths", paths_keys);

static const struct key gate_keys[] = {
#define X(gate_, name_, level, text)                                                                                   \
        {.name = (name_), .type = KEY_ENUM, PLAN(gates[GATE_##gate_]), .choices = gate_level_names, .required = true},
        GATES(X)
#undef X
};
static const struct schema gates_group = GROUP("gates", gate_keys);

static const struct key sandbox_keys[] = {
        {.name = "minimum", .type = KEY_ENUM, PLAN(sandbox.minimum), .choices = tier_names, .required = true},
        {.name = "read", .type = KEY_STRINGS, PLAN(sandbox.read), .check = check_host_path},
        {.name = "write", .type = KEY_STRINGS, PLAN(sandbox.write), .check = check_host_path},
        {.name = "carry", .type = KEY_STRINGS, PLAN(sandbox.carry), .check = check_carry},
        {.name = "env", .type = KEY_STRINGS, PLAN(sandbox.env), .check = check_env_name},
        {.name = "network", .type = KEY_MAP, PLAN(sandbox.network), .sub = &network_schema},
};
static const struct schema sandbox_group = GROUP("sandbox", sandbox_keys);

static const struct key approval_keys[] = {
        {.name = "before", .type = KEY_ENUM, PLAN(approval.before), .choices = approval_before_names, .required = true},
        {.name = "person", .type = KEY_BOOL, PLAN(approval.person), .required = true},
        {.name = "person_at", .type = KEY_ENUM, PLAN(approval.person_at), .choices = risk_names, .required = true},
        {.name = "why", .type = KEY_STRINGS, PLAN(approval.why)},
        {.name = "deadline", .type = KEY_TIME, PLAN(approval.deadline_ms), .min = 1, .required = true},
};
static const struct schema approval_group = GROUP("approval", approval_keys);

static const struct key failure_keys[] = {
        {.name = "moods", .type = KEY_STRINGS, PLAN(failure.moods), .choices = mood_names},
        {.name = "tiers", .type = KEY_STRINGS, PLAN(failure.tiers), .check = check_agent_choice},
        {.name = "tier", .type = KEY_INT, PLAN(failure.tier), .max = 1000, .required = true},
        {.name = "then", .type = KEY_ENUM, PLAN(failure.then), .choices = failure_then_names, .required = true},
        {.name = "mood_named", .type = KEY_BOOL, PLAN(failure.mood_named), .required = true},
};
static const struct schema failure_group = GROUP("failure", failure_keys);

static const struct key checkpoint_keys[] = {
        {.name = "every", .type = KEY_TIME, PLAN(checkpoint.every_ms), .required = true},
        {.name = "keep", .type = KEY_INT, PLAN(checkpoint.keep), .min = 1, .max = 100, .required = true},
        {.name = "committed", .type = KEY_BOOL, PLAN(checkpoint.committed), .required = true},
        {.name = "state", .type = KEY_LINE, PLAN(checkpoint.state), .check = check_carry},
        {.name = "state_bytes", .type = KEY_SIZE, PLAN(checkpoint.state_bytes)},
};
static const struct schema checkpoint_group = GROUP("checkpoint", checkpoint_keys);

static const struct key commit_keys[] = {
        {.name = "author", .type = KEY_LINE, PLAN(commit.author), .check = check_author},
        {.name = "sign", .type = KEY_BOOL, PLAN(commit.sign), .required = true},
};
static const struct schema commit_group = GROUP("commit", commit_keys);

static const struct key reverts_keys[] = {
        {.name = "run", .type = KEY_LINE, PLAN(reverts.run)},
        {.name = "commit", .type = KEY_LINE, PLAN(reverts.commit)},
};
static const struct schema reverts_group = GROUP("reverts", reverts_keys);

static const struct key bundle_keys[] = {
        {.name = "files", .type = KEY_INT, PLAN(bundle.files)},
        {.name = "bytes", .type = KEY_INT, PLAN(bundle.bytes)},
        {.name = "sha256", .type = KEY_LINE, PLAN(bundle.sha256)},
};
static const struct schema bundle_group = GROUP("bundle", bundle_keys);

static const char *const change_rule_names[] = {"anything", "tests", "tests_and_fixes", "new_code_is_tested", NULL};

static const struct key plan_keys[] = {
        {.name = "version", .type = KEY_INT, PLAN(version), .min = PLAN_VERSION, .max = PLAN_VERSION, .required = true},
        {.name = "item_id", .type = KEY_LINE, PLAN(item_id), .check = check_item_id},
        {.name = "title", .type = KEY_LINE, PLAN(title), .required = true},
        {.name = "objective", .type = KEY_TEXT, PLAN(objective), .required = true},
        {.name = "mood", .type = KEY_ENUM, PLAN(mood), .choices = mood_names, .required = true},
        {.name = "mood_why", .type = KEY_LINE, PLAN(mood_why)},
        {.name = "risk", .type = KEY_ENUM, PLAN(risk), .choices = risk_names, .required = true},
        {.name = "risk_why", .type = KEY_STRINGS, PLAN(risk_why)},
        {.name = "worktree", .type = KEY_ENUM, PLAN(worktree), .choices = worktree_names, .required = true},
        {.name = "may_commit", .type = KEY_BOOL, PLAN(may_commit), .required = true},
        {.name = "needs_note", .type = KEY_BOOL, PLAN(needs_note), .required = true},
        {.name = "change_rule", .type = KEY_ENUM, PLAN(change_rule), .choices = change_rule_names, .required = true},
        {.name = "pre_existing_blocks", .type = KEY_BOOL, PLAN(pre_existing_blocks), .required = true},
        {.name = "rebuilds", .type = KEY_BOOL, PLAN(rebuilds), .required = true},
        {.name = "arm", .type = KEY_BOOL, PLAN(arm), .required = true},
        {.name = "target", .type = KEY_LINE, PLAN(target), .check = check_ref},
        {.name = "agent", .type = KEY_MAP, IN_GROUP(agent_group)},
        {.name = "prices", .type = KEY_NAMED, PLAN(prices), .sub = &price_schema},
        {.name = "prompt", .type = KEY_TEXT, PLAN(prompt), .required = true},
        {.name = "verifiers", .type = KEY_LIST, PLAN(verifiers), .sub = &verifier_schema_},
        {.name = "budget", .type = KEY_MAP, PLAN(budget), .sub = &budget_schema, .required = true},
        {.name = "paths", .type = KEY_MAP, IN_GROUP(paths_group)},
        {.name = "gates", .type = KEY_MAP, IN_GROUP(gates_group), .required = true},
        {.name = "no_copy", .type = KEY_MAP, PLAN(no_copy), .sub = &no_copy_schema, .required = true},
        {.name = "allow_secret_comments", .type = KEY_BOOL, PLAN(allow_secret_comments), .required = true},
        {.name = "rules", .type = KEY_PAIRS, PLAN(rules), .check = check_rule_id, .check_value = check_rule_level},
        {.name = "sandbox", .type = KEY_MAP, IN_GROUP(sandbox_group), .required = true},
        {.name = "approval", .type = KEY_MAP, IN_GROUP(approval_group), .required = true},
        {.name = "failure", .type = KEY_MAP, IN_GROUP(failure_group), .required = true},
        {.name = "checkpoint", .type = KEY_MAP, IN_GROUP(checkpoint_group), .required = true},
        {.name = "reverts", .type = KEY_MAP, IN_GROUP(reverts_group)},
        {.name = "commit", .type = KEY_MAP, IN_GROUP(commit_group), .required = true},
        {.name = "bundle", .type = KEY_MAP, IN_GROUP(bundle_group)},
        {.name = "requires", .type = KEY_LIST, PLAN(requirements), .sub = &requirement_schema},
        {.name = "forbid", .type = KEY_LIST, PLAN(forbid), .sub = &word_schema},
        {.name = "declared", .type = KEY_STRINGS, PLAN(declared)},
        {.name = "outputs", .type = KEY_STRINGS, PLAN(outputs), .check = check_glob},
        {.name = "publication", .type = KEY_PAIRS, PLAN(publication), .check_value = check_publication},
        {.name = "rollback", .type = KEY_TEXT, PLAN(rollback)},
};
const struct schema plan_schema = SCHEMA("a plan", plan_keys, struct plan);

void plan_init(struct plan *plan)
{
        schema_init(&plan_schema, plan);
}

void plan_release(struct plan *plan)
{
        schema_release(&plan_schema, plan);
}

char *plan_to_json(const struct plan *plan)
{
        _cleanup_json_ json_t *json = schema_write(&plan_schema, plan);

        return json_canonical(json);
}

struct json_t *plan_network_json(const struct plan *plan)
{
        struct json_t *routes = json_array();

        for (size_t i = 0; i < plan->agent.routes.len; i++) {
                const struct route *route = &plan->agent.routes.items[i];

                json_array_append_new(routes, json_pack("{s:s, s:o}", "name", route->name, "upstream",
                                                        json_quoted_or_null(route->upstream)));
        }
        return json_pack("{s:o, s:o}", "hosts", json_from_strv(&plan->sandbox.network.allow), "routes", routes);
}

void plan_id(const struct plan *plan, char ret_hex[HASH_HEX])
{
        _cleanup_free_ char *json = plan_to_json(plan);

        hash_bytes(json, strlen(json), ret_hex);
}

int plan_from_json(const char *bytes, size_t len, struct plan *ret, struct err *err)
{
        struct yaml *doc = yaml_parse(bytes, len, "plan.json", err);
        _cleanup_free_ char *again = NULL;
        struct plan plan;
        int rc;

        if (!doc)
                return -1;
        plan_init(&plan);
        rc = schema_read(&plan_schema, doc, yaml_root(doc), &plan, err);
        yaml_doc_free(doc);
        if (rc == 0) {
                again = plan_to_json(&plan);
                if (strlen(again) != len || memcmp(again, bytes, len) != 0)
                        rc = err_set(err, ERR_INPUT,
                                     "plan.json: it is no canonical plan; expected the bytes that cupel wrote");
        }
        if (rc < 0)
                plan_release(&plan);
        else
                *ret = plan;
        return rc;
}
