/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PLAN_H
#define CUPEL_POLICY_PLAN_H

/*
 * The plan: everything that a run may do and must pass, resolved once from work item, effective policy and mood. Runner
 * and director act on the plan and never look at item or policy again.
 *
 *         struct plan plan;
 *         if (plan_compile(&item, &policy, &options, &plan, err) < 0) …      ERR_INPUT with the remedy
 *         _cleanup_free_ char *json = plan_to_json(&plan);                    config_snapshot/plan.json, byte for byte
 *         plan_id(&plan, id);                                                 SHA-256 of those bytes
 *         …
 *         plan_from_json(bytes, len, &plan, err)                              refuses all but canonical bytes
 *         plan_release(&plan);
 *
 * Order of a run: the agent's command, then the verifiers whose gate is self or both (runner), then those whose gate is
 * director or both (director), each only where plan_verifier_applies() to the changes. Verifiers are sorted by name.
 *
 * Everything has a value here: no key is unset but the texts that may be NULL as noted.
 */

#include "policy/gate.h"
#include "policy/item.h"
#include "policy/mood.h"
#include "policy/policy.h"

#define PLAN_VERSION 1
#define PLAN_BYTES_MAX ((size_t)1 << 20)

struct plan_verifier {
        char *name, *run; /* `run` goes to sh -c, at the repository's root */
        int64_t timeout_ms, retries;
        int gate, kind;
        int always; /* bool: whatever the changes; else where `scope` matches one of them */
        struct strv scope;
        int baseline; /* bool: a failure is compared with the base */
        char *junit;  /* NULL: no report file */
};

struct plan_word {
        char *word, *mechanism; /* FORBID_UNENFORCED where nothing enforces it */
};

struct plan {
        int64_t version;
        char *item_id; /* NULL: the item has none */
        char *title, *objective;
        int mood, risk;
        int worktree;            /* enum worktree */
        int may_commit;          /* bool */
        int needs_note;          /* bool: at least one conjecture or observation */
        int change_rule;         /* enum mood_change_rule */
        int pre_existing_blocks; /* bool */
        int arm;                 /* bool: starts only when armed */
        char *target;            /* NULL: the branch that is checked out */

        struct {
                char *name;          /* profile, or "command" */
                struct strv command; /* argv with {prompt} replaced; empty where the mood runs nothing */
                struct pairs env;
                LIST_OF(struct route) routes;
                int tty;              /* bool: a terminal of its own */
                char *model;          /* NULL: its own default */
                struct pairs home;    /* file below its private home: its text, everything replaced */
                struct strv rewrites; /* of them, those that it writes to in every run */
                struct strv read;     /* host paths that its step alone is shown, at the same place */
                struct pairs links;   /* name in /cupel/bin: where it leads */
                int mcp;              /* bool: it knows `cupel mcp` */
                struct means means;
        } agent;
        LIST_OF(struct price) prices; /* of metered routes; sorted */
        char *prompt;

        LIST_OF(struct plan_verifier) verifiers;
        struct budget budget;

        struct {
                struct strv allow, deny, guarded, tests; /* gitignore globs; `guarded` are the protected paths */
        } paths;
        int gates[GATE_COUNT];
        struct {
                int minimum;
                struct strv read, write, carry, env;
                struct network
                        network; /* of the agent's step; verifiers never have any. Without hosts and routes: unset */
        } sandbox;

        struct {
                int before;      /* enum approval_before */
                int person;      /* bool: a person approves the verified result */
                int person_at;   /* enum risk: from which on one must, also when protected paths raise it */
                struct strv why; /* sentences */
        } approval;
        struct {
                char *author; /* NULL: the user's git identity */
                int sign;
        } commit;

        LIST_OF(struct requirement) requirements;
        LIST_OF(struct plan_word) forbid;
        struct strv declared; /* sentences: what was asked for and is declared, not enforced */
        struct strv outputs;
        char *rollback; /* NULL */
};

struct plan_options {
        int mood;            /* enum mood; KEY_UNSET: the item's, else the first mood of `situation` */
        const char *history; /* of earlier attempts, for the prompt (policy/history.h); NULL: none */
        struct mood_situation situation;
        const char *hooks; /* the folder that holds the repository's hooks, a glob; NULL: none is in the worktree */
        const char *home, *worktree; /* where the agent sees them, for {home} and {worktree}; NULL: the words stay */
};

int plan_compile(const struct work_item *item, const struct policy *policy, const struct plan_options *options,
                 struct plan *ret, struct err *err);
void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

char *plan_to_json(const struct plan *plan); /* canonical, owned by the caller */
int plan_from_json(const char *bytes, size_t len, struct plan *ret, struct err *err); /* `ret` untouched on failure */
void plan_id(const struct plan *plan, char ret_hex[HASH_HEX]);

/* Whether the agent's step has any network: general egress or credential routes. Verifiers never have. */
bool plan_has_network(const struct plan *plan);

/* Whether one of its routes tells what its answers cost. */
bool plan_is_metered(const struct plan *plan);

/* Whether the verifier is part of the run for these changes. */
bool plan_verifier_applies(const struct plan_verifier *verifier, const struct change_list *changes);

/*
 * Names of variables whose values are hidden in what the run prints: those of `requires: [{env: …}]`, those of
 * credential routes, and of those that are passed in (sandbox.env, an agent's env) the ones that are named like a secret.
 */
void plan_secret_names(const struct plan *plan, struct strv *ret);

/* Whether a person must approve, now that the gates have seen the changes; adds sentences to `ret_why`. */
bool plan_needs_person(const struct plan *plan, const struct gate_report *report, struct strv *ret_why);

extern const struct schema plan_schema;

#define _cleanup_plan_ __attribute__((cleanup(plan_release)))

#endif
