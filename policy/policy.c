/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy: its defaults, and reading one file by the table of policy/policy_keys.c. Who may say what is
 * policy/policy_trust.c. Fails with ERR_INPUT at the place in the file; ERR_BLOCKED where a repository's policy names a
 * secret folder.
 */
#include "policy/policy.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/profile.h"
#include "policy/prompt.h"

#include <string.h>

static const char *const source_names[] = {
#define X(source, name) [POLICY_FROM_##source] = name,
        POLICY_SOURCES(X)
#undef X
};

const char *policy_source_name(enum policy_source source)
{
        return source_names[source];
}

void policy_init(struct policy *policy)
{
        schema_init(&policy_schema, policy);
}

void policy_release(struct policy *policy)
{
        schema_release(&policy_schema, policy);
}

void policy_describe(schema_described *each, void *arg)
{
        _cleanup_policy_ struct policy defaults;
        _cleanup_json_ json_t *json = NULL;

        policy_default(&defaults);
        json = schema_write(&policy_schema, &defaults);
        schema_describe(&policy_schema, "", json, each, arg);
}

static void add_all(struct strv *list, const char *const *texts)
{
        for (; *texts; texts++)
                strv_add(list, *texts);
}

void policy_default(struct policy *policy)
{
        static const char *const tests[] = {"test/**",    "tests/**",    "*_test.*",        "test_*",
                                            "**/test/**", "**/tests/**", "**/__tests__/**", "*.test.*",
                                            "*.spec.*",   "*Test.java",  "*Tests.java",     NULL};
        /* what decides over runs, what the user's machine or CI runs, and folders in which agents keep hooks, permissions and
         * servers of their own: a run must not furnish the next one. Instructions (AGENTS.md, CLAUDE.md…) are documents. */
        static const char *const guarded[] = {".cupel/**",
                                              ".github/workflows/**",
                                              ".gitlab-ci.yml",
                                              ".gitattributes",
                                              ".gitmodules",
                                              ".mcp.json",
                                              ".claude/",
                                              ".codex/",
                                              ".gemini/",
                                              ".qwen/",
                                              ".opencode/",
                                              "opencode.json",
                                              "opencode.jsonc",
                                              ".aider.conf.yml",
                                              NULL};
        static const char *const env[] = {"LANG", "TERM", NULL};
        static const char *const moods[] = {"calm", "skeptical", "paranoid", NULL};

        policy_init(policy);
        add_all(&policy->tests, tests);
        add_all(&policy->protected_paths, guarded);
        add_all(&policy->sandbox.env, env);
        add_all(&policy->failure.moods, moods);
        policy->sandbox.minimum = TIER_C;
        for (size_t i = 0; i < GATES_SETTABLE; i++)
                policy->gates[i] = (int)gate_default((enum gate)i);
        policy->no_copy.lines = 8;
        policy->secrets.allow_comments = 0;
        policy->approval.person_at = RISK_HIGH;
        policy->approval.deadline_ms = APPROVAL_DEADLINE_DEFAULT;
        policy->checkout.dirty = CHECKOUT_ALLOW;
        policy->checkpoint.every_ms = CHECKPOINT_EVERY_DEFAULT;
        policy->checkpoint.keep = CHECKPOINT_KEEP_DEFAULT;
        policy->checkpoint.committed = 0;
        policy->failure.attempts = 3;
        policy->failure.then = FAILURE_ASK;
        policy->commit.sign = 1;
}

/* A repository that reaches for secrets is nobody's typing error: its run is blocked. */
static int refuse_folder(const struct yaml *doc, const struct yaml_node *node, const char *key, const char *secret,
                         bool exact, enum policy_source source, struct err *err)
{
        if (exact)
                yaml_err(doc, node, err,
                         "sandbox.%s: \"%s\" is a secret folder (%s); expected only in the user's own configuration",
                         key, node->text, secret);
        else
                yaml_err(doc, node, err,
                         "sandbox.%s: \"%s\" contains the secret folder %s; expected folders that are named themselves",
                         key, node->text, secret);
        if (source == POLICY_FROM_COMMIT || source == POLICY_FROM_WORKTREE)
                err->code = ERR_BLOCKED;
        return -1;
}

static int check_folders(const struct yaml *doc, const char *key, enum policy_source source, const char *home,
                         struct err *err)
{
        const struct yaml_node *list = yaml_get(yaml_get(yaml_root(doc), "sandbox"), key);
        size_t len = !list || list->type == YAML_NULL ? 0 : list->type == YAML_LIST ? list->len : 1;

        for (size_t i = 0; i < len; i++) {
                const struct yaml_node *node = list->type == YAML_LIST ? list->entries[i].value : list;
                bool exact;
                const char *secret = policy_secret(node->text, home, &exact);

                if (secret && !(exact && source == POLICY_FROM_USER))
                        return refuse_folder(doc, node, key, secret, exact, source, err);
        }
        return 0;
}

static int check_agents(const struct policy *policy, const struct yaml *doc, struct err *err)
{
        for (size_t i = 0; i < policy->agents.len; i++) {
                const struct agent *agent = &policy->agents.items[i];

                if (profile_check_node(agent, doc, yaml_get(yaml_get(yaml_root(doc), "agents"), agent->name), err) < 0)
                        return -1;
        }
        return 0;
}

static int check_template(const struct policy *policy, const struct yaml *doc, struct err *err)
{
        struct err wrong = ERR_INIT;

        if (!policy->prompt || prompt_check(policy->prompt, &wrong) == 0)
                return 0;
        return yaml_err(doc, yaml_get(yaml_root(doc), "prompt"), err, "%s", wrong.message);
}

int policy_parse(const char *bytes, size_t len, const char *file, enum policy_source source, const char *home,
                 struct policy *policy, struct err *err)
{
        struct yaml *doc = yaml_parse(bytes, len, file, err);
        int rc = -1;

        policy->source = source;
        if (!doc)
                return -1;
        /* A file of nothing but comments says nothing. */
        if (yaml_root(doc)->type == YAML_NULL ||
            (schema_read(&policy_schema, doc, yaml_root(doc), policy, err) == 0 &&
             check_folders(doc, "read", source, home, err) == 0 &&
             check_folders(doc, "write", source, home, err) == 0 && check_agents(policy, doc, err) == 0 &&
             check_template(policy, doc, err) == 0))
                rc = 0;
        yaml_doc_free(doc);
        return rc;
}
