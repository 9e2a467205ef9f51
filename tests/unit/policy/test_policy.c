/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

static int parse(const char *text, enum policy_source source, struct policy *policy, struct err *err)
{
        policy_init(policy);
        return policy_parse(text, strlen(text), "policy.yaml", source, "/data/me", policy, err);
}

static void load(const char *text, enum policy_source source, struct policy *policy)
{
        struct err err = ERR_INIT;

        cr_assert_eq(parse(text, source, policy, &err), 0, "%s", err.message);
}

static enum err_code refused(const char *text, enum policy_source source, const char *expected)
{
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        cr_assert_eq(parse(text, source, &policy, &err), -1, "accepted: %s", text);
        cr_assert(strstr(err.message, expected), "\"%s\" is not in \"%s\"", expected, err.message);
        return err.code;
}

static const char contract[] =
        "target: main\ntests: [\"test/**\"]\n"
        "agents:\n  claude-code: {command: [claude, -p, \"{prompt}\"], requires: [{env: ANTHROPIC_API_KEY}], tiers: "
        "[x],\n"
        "    network: {allow: [], routes: {anthropic: {upstream: https://api.anthropic.com, header: {x-api-key: env "
        "ANTHROPIC_API_KEY},\n"
        "              allow: [\"POST /v1/messages*\"], env: {ANTHROPIC_BASE_URL: \"{url}\"}}}}}\n"
        "sandbox: {minimum: C, read: [~/.cargo], write: [], carry: [node_modules], env: [LANG, TERM], network: {allow: "
        "[]}}\n"
        "verifiers:\n  unit: {run: make test, timeout: 10m, scope: [\"src/**\"], gate: both, retries: 0, report: "
        "{junit: build/junit.xml}, baseline: true}\n"
        "gates: {anti_stub: block, secrets: block, test_tamper: block, no_copy: warn, conflict_markers: block}\n"
        "protected: [\".cupel/**\"]\napproval: {person_at: high}\n"
        "spend: {weekly_usd: 100, paid_runs_per_cycle: 1, cycle: 1d, week_starts: mon}\n"
        "failure: {attempts: 3, moods: [calm, skeptical, paranoid], then: ask}\n"
        "commit: {author: \"Name <mail>\", sign: true}\n";

Test(policy, the_contract_parses)
{
        _cleanup_policy_ struct policy policy;

        load(contract, POLICY_FROM_USER, &policy);
        cr_assert_str_eq(policy.agents.items[0].name, "claude-code");
        cr_assert_str_eq(pairs_get(&policy.agents.items[0].network.routes.items[0].env, "ANTHROPIC_BASE_URL"), "{url}");
        cr_assert_str_eq(policy.verifiers.items[0].report.junit, "build/junit.xml");
        cr_assert_eq(policy.gates[GATE_NO_COPY], GATE_WARN);
        cr_assert_eq(policy.spend.weekly_usd, 100000000);
        cr_assert_eq(policy.spend.cycle_ms, 86400000);
        cr_assert_eq(policy.gates[GATE_PATHS], KEY_UNSET);
}

Test(policy, errors_say_where)
{
        refused("gates: {nothing: block}\n", POLICY_FROM_COMMIT, "policy.yaml:1:9: unknown key \"nothing\" in gates");
        refused("gates: {mood: off}\n", POLICY_FROM_USER, "unknown key \"mood\"");
        refused("gates: {paths: maybe}\n", POLICY_FROM_COMMIT, "expected one of off, warn, block");
        refused("verifiers: {a: {timeout: 1s}}\n", POLICY_FROM_COMMIT, "has no \"run\"");
        refused("verifiers: {a/b: x}\n", POLICY_FROM_COMMIT, "policy.yaml:1:13: verifiers has the name \"a/b\"");
        refused("agents: {a: {command: ['']}}\n", POLICY_FROM_COMMIT, "agent \"a\" has an empty command");
        refused("agents: {a: {home: {../x: y}}}\n", POLICY_FROM_COMMIT, "home has the name \"../x\"");
        refused("agents: {a: {means: {refused: {exit: [0]}}}}\n", POLICY_FROM_COMMIT, "from 1 to 255");
        refused("prices: {'a b': {input: 1}}\n", POLICY_FROM_COMMIT, "prices has the name \"a b\"");
        refused("sandbox: {carry: [.git]}\n", POLICY_FROM_COMMIT, "other than .git");
        refused("sandbox: {carry: [a/../..]}\n", POLICY_FROM_COMMIT, "inside the repository");
        refused("sandbox: {carry: [x/.GIT/y]}\n", POLICY_FROM_COMMIT, "other than .git");
        refused("sandbox: {read: [relative]}\n", POLICY_FROM_COMMIT, "an absolute path");
        refused("sandbox: {read: [~/a/../.ssh]}\n", POLICY_FROM_USER, "without");
        refused("commit: {author: nobody}\n", POLICY_FROM_USER, "an author like");
        refused("failure: {moods: [angry]}\n", POLICY_FROM_USER, "expected one of calm");
}

Test(policy, secret_folders_only_from_the_user_and_by_name)
{
        static const char *const secret[] = {"~/.ssh",
                                             "~/.ssh/id_rsa",
                                             "/root/.aws",
                                             "/home/x/.gnupg/",
                                             "/data/me/.mozilla/firefox",
                                             "/elsewhere/.ssh",
                                             "~/.local/share/keyrings"};
        static const char *const parents[] = {"~",        "/",     "/home",     "/home/x",       "/root",
                                              "/data/me", "/data", "~/.config", "~/.local/share"};
        static const char *const fine[] = {"~/.cargo",        "/opt/x",     "~/.sshx",
                                           "/home/x/.rustup", "/usr/share", "~/.config/nvim"};
        bool exact;

        for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
                _cleanup_free_ char *text = xasprintf("sandbox: {read: ['%s']}\n", secret[i]);
                _cleanup_policy_ struct policy policy;

                cr_assert_eq(refused(text, POLICY_FROM_COMMIT, "policy.yaml:1:18: sandbox.read:"), ERR_BLOCKED);
                cr_assert_eq(refused(text, POLICY_FROM_OPTION, "is a secret folder"), ERR_INPUT);
                load(text, POLICY_FROM_USER, &policy);
        }
        for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
                _cleanup_free_ char *text = xasprintf("sandbox: {write: ['%s']}\n", parents[i]);

                refused(text, POLICY_FROM_USER, "contains the secret folder");
        }
        for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
                cr_assert_null(policy_secret(fine[i], "/data/me", &exact), "%s", fine[i]);
        cr_assert_not_null(policy_secret("/.config", "/", &exact), "a home folder that is the root");
        cr_assert_null(policy_secret("/usr/share", "/", &exact));
}

Test(policy, a_repository_opens_nothing_without_admission)
{
        static const struct {
                const char *policy, *line;
        } cases[] = {
                {"sandbox: {read: [~/.cargo]}\n", "sandbox.read: ~/.cargo"},
                {"sandbox: {write: [/srv]}\n", "sandbox.write: /srv"},
                {"sandbox: {env: [HOME, AWS_SECRET]}\n", "sandbox.env: HOME"},
                {"sandbox: {network: {allow: [x.org]}}\n", "sandbox.network.allow: x.org"},
                {"sandbox: {minimum: D}\n", "sandbox.minimum: D"},
                {"agents: {a: {command: [x], env: {K: v}}}\n", "agents.a.command: [\"x\"]"},
                {"agents: {a: {command: [x], network: {routes: {r: {upstream: 'https://evil.org', allow: [GET "
                 "/]}}}}}\n",
                 "agents.a.command: [\"x\"]"},
                {"sandbox: {network: {bytes: 11G}}\n", "sandbox.network.bytes: 11811160064"},
                {"sandbox: {network: {connections: 10001}}\n", "sandbox.network.connections: 10001"},
                {"spend: {weekly_usd: 5}\n", "spend.weekly_usd: 5.00"},
                {"commit: {sign: false}\n", "commit.sign: false"},
                {"commit: {author: \"A <a@b>\"}\n", "commit.author: A <a@b>"},
                {"prices: {model: {}}\n", "prices.model: {}"},
        };
        _cleanup_policy_ struct policy user;

        policy_init(&user);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_openings_ struct policy_openings openings = {0}, option = {0};
                _cleanup_policy_ struct policy own;
                struct err err = ERR_INIT;

                load(cases[i].policy, POLICY_FROM_COMMIT, &own);
                policy_openings(NULL, &user, &own, &openings);
                cr_assert(openings.json, "%s", cases[i].policy);
                cr_assert_str_eq(openings.lines.items[0], cases[i].line);
                cr_assert_eq(policy_admitted(&openings, NULL, &err), -1);
                cr_assert_eq(err.code, ERR_BLOCKED);
                cr_assert(strstr(err.message, "cupel admit"));
                cr_assert_eq(policy_admitted(&openings, "0123", &err), -1);
                cr_assert(strstr(err.message, "changed"));
                cr_assert_eq(policy_admitted(&openings, openings.sha256, &err), 0);
                own.source = POLICY_FROM_OPTION;
                policy_openings(NULL, &user, &own, &option);
                cr_assert_null(option.json);
        }
}

Test(policy, what_only_narrows_needs_no_admission)
{
        _cleanup_policy_ struct policy user, own;
        _cleanup_openings_ struct policy_openings openings = {0};
        struct err err = ERR_INIT;

        load("sandbox: {read: [~/.cargo], minimum: D}\nspend: {weekly_usd: 100}\n"
             "agents: {a: {command: [x], env: {K: v}}}\n",
             POLICY_FROM_USER, &user);
        load("target: dev\nverifiers: {unit: make}\nsandbox: {minimum: A, carry: [node_modules], read: [~/.cargo], "
             "env: [TERM]}\n"
             "spend: {weekly_usd: 5}\nagents: {a: {command: [evil], env: {K: w}}, b: {command: [y]}}\n"
             "gates: {secrets: block}\ncommit: {sign: true}\n",
             POLICY_FROM_WORKTREE, &own);
        policy_openings(NULL, &user, &own, &openings);
        cr_assert_null(openings.json, "%s", openings.json);
        cr_assert_eq(policy_admitted(&openings, NULL, &err), 0);
}

Test(policy, a_repository_cannot_loosen_what_the_user_set)
{
        _cleanup_policy_ struct policy user, own, effective;
        struct err err = ERR_INIT;
        const struct agent *agent;

        load("gates: {no_copy: block}\napproval: {person_at: medium}\nfailure: {attempts: 1}\nprotected: [mine]\n"
             "agents: {a: {command: [good]}}\nverifiers: {unit: good}\n",
             POLICY_FROM_USER, &user);
        load("gates: {no_copy: off, secrets: warn}\napproval: {person_at: critical}\nfailure: {attempts: "
             "9}\nprotected: [theirs]\n"
             "agents: {a: {command: [evil]}, b: {command: [other]}}\nverifiers: {unit: evil, lint: theirs}\n",
             POLICY_FROM_COMMIT, &own);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0);
        cr_assert_eq(effective.gates[GATE_NO_COPY], GATE_BLOCK);
        cr_assert_eq(effective.gates[GATE_SECRETS], GATE_WARN);
        cr_assert_eq(effective.approval.person_at, RISK_MEDIUM);
        cr_assert_eq(effective.failure.attempts, 1);
        cr_assert(strv_has(&effective.protected_paths, "mine"));
        cr_assert(strv_has(&effective.protected_paths, "theirs"));
        cr_assert(strv_has(&effective.protected_paths, ".cupel/**"));
        agent = schema_list_find(&agent_schema, (struct list *)&effective.agents, "a");
        cr_assert_str_eq(agent->command.items[0], "good");
        cr_assert_eq(effective.agents.len, 2);
        cr_assert_str_eq(effective.verifiers.items[1].run, "good");
        cr_assert_str_eq(effective.verifiers.items[0].run, "theirs");
}

Test(policy, defaults_hold_where_nobody_speaks)
{
        _cleanup_policy_ struct policy user, effective;
        struct err err = ERR_INIT;

        load("# nothing\n", POLICY_FROM_USER, &user);
        cr_assert_eq(policy_merge(NULL, &user, NULL, &effective, &err), 0);
        cr_assert_eq(effective.gates[GATE_PROTECTED], GATE_BLOCK);
        cr_assert_eq(effective.sandbox.minimum, TIER_C);
        cr_assert_eq(effective.approval.person_at, RISK_HIGH);
        cr_assert_eq(effective.commit.sign, 1);
        cr_assert(strv_has(&effective.protected_paths, ".gitmodules"));
        cr_assert_eq(effective.sandbox.read.len, 0);
}

Test(policy, show_says_where_from)
{
        _cleanup_policy_ struct policy user, own, effective;
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        load("gates: {no_copy: block}\nprotected: [mine]\n", POLICY_FROM_USER, &user);
        load("gates: {no_copy: off}\ntarget: dev\n", POLICY_FROM_COMMIT, &own);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0);
        policy_show(&(struct policy_layers){.user = &user, .own = &own, .effective = &effective}, &text);
        cr_assert(strstr(text.data, "target: dev    (base commit)\n"), "%s", text.data);
        cr_assert(strstr(text.data, "gates.no_copy: block    (user configuration)\n"));
        cr_assert(strstr(text.data, "gates.paths: block    (default)\n"));
        cr_assert(strstr(text.data, "(user configuration + default)\n"));
}
