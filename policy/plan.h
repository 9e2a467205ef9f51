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
        int baseline;   /* bool: what fails on the base too is PRE_EXISTING */
        char *junit;    /* NULL: no report file */
        char *tap;      /* NULL: none; "-": what it prints */
        int lost;       /* enum gate_level: tests that pass on the base and are gone, or skipped, now */
        int base_tests; /* bool: changed tests run against the base's code too */
};

struct plan_word {
        char *word, *mechanism; /* FORBID_UNENFORCED where nothing enforces it */
};

struct plan {
        int64_t version;
        char *item_id; /* NULL: the item has none */
        char *title, *objective;
        int mood, risk;          /* risk: what is known at the start (policy/risk.h) */
        struct strv risk_why;    /* sentences; empty where it is low */
        char *mood_why;          /* a clause: why cupel chose this mood; NULL: it did not, or it is calm */
        int worktree;            /* enum worktree */
        int may_commit;          /* bool */
        int needs_note;          /* bool: at least one conjecture or observation */
        int change_rule;         /* enum mood_change_rule */
        int pre_existing_blocks; /* bool */
        int rebuilds;            /* bool: projections are rebuilt from the log, differences reported */
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
        struct no_copy no_copy;
        int allow_secret_comments; /* bool */
        struct pairs rules;        /* id of a gate's rule: its level, where that is not what the gate gives it */
        struct {
                int minimum;
                struct strv read, write, carry, env;
                struct network
                        network; /* of the agent's step; verifiers never have any. Without hosts and routes: unset */
        } sandbox;

        struct {
                int before;          /* enum approval_before */
                int person;          /* bool: a person approves the verified result */
                int person_at;       /* enum risk: from which on one must, also when protected paths raise it */
                struct strv why;     /* sentences */
                int64_t deadline_ms; /* how long a person is waited for, before the start and after the end */
        } approval;
        struct {
                struct strv moods; /* of the attempts with one agent, in this order */
                struct strv tiers; /* NAME or NAME:MODEL: who tries after the agent itself has failed in all of them */
                int64_t tier;      /* who works now: 0 the agent itself, else one of `tiers`, from 1 */
                int then;          /* enum failure_then */
                int mood_named;    /* bool: item or command line name the mood, and it stays */
        } failure;                 /* what follows a failed run (policy/failure.h) */
        struct {
                int64_t every_ms, keep; /* 0: only when somebody asks; how many of the newest stay */
                int committed;          /* bool: a committed run's stay, too */
                char *state;            /* folder of the worktree that is kept with them and in no commit; NULL: none */
                int64_t state_bytes;    /* at most, in that folder */
        } checkpoint;                   /* the last two: of the bundle (policy/bundle_state.h) */
        struct {
                char *run, *commit; /* NULL: it takes nothing back */
        } reverts;
        struct {
                char *author; /* NULL: the user's git identity */
                int sign;
        } commit;

        struct {
                int64_t files, bytes; /* unset: there is none */
                char *sha256;         /* of bundle.json in the snapshot, the list of its files */
        } bundle;

        LIST_OF(struct requirement) requirements;
        LIST_OF(struct plan_word) forbid;
        struct strv declared;     /* sentences: what was asked for and is declared, not enforced */
        struct strv outputs;      /* globs of artifacts: kept in the packet, never part of a commit */
        struct pairs publication; /* place: what may be shown there, as the item says it */
        char *rollback;           /* NULL */
};

struct risk_report;

struct plan_options {
        int mood;            /* enum mood; KEY_UNSET: the item's, else the first mood of `situation` */
        bool mood_of_plan;   /* `mood` comes from the failure plan: nobody named it */
        int repository_risk; /* enum risk that the repository was admitted with; 0: low */
        int64_t tier;        /* whose turn it is: 0 the item's agent, else one of its tiers, from 1 */
        const char *history; /* of earlier attempts, for the prompt (policy/history.h); NULL: none */
        struct mood_situation situation;
        const char *hooks; /* the folder that holds the repository's hooks, a glob; NULL: none is in the worktree */
        const char *reverts_run, *reverts_commit; /* a plan that takes that run's commit back; NULL: none */
        const char *home, *worktree; /* where the agent sees them, for {home} and {worktree}; NULL: the words stay */
};

int plan_compile(const struct work_item *item, const struct policy *policy, const struct plan_options *options,
                 struct plan *ret, struct err *err);
void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

char *plan_to_json(const struct plan *plan); /* canonical, owned by the caller */
int plan_from_json(const char *bytes, size_t len, struct plan *ret, struct err *err); /* `ret` untouched on failure */
void plan_id(const struct plan *plan, char ret_hex[HASH_HEX]);

/* All keys of a work item with their defaults, for `cupel policy keys` and the documentation. */
void work_item_describe(schema_described *each, void *arg);

/* Whether the agent's step has any network: general egress or credential routes. Verifiers never have. */
bool plan_has_network(const struct plan *plan);

/* The same for people and reports: the hosts, and each route's name and upstream. Owned by the caller. */
struct json_t *plan_network_json(const struct plan *plan);

/* Whether one of its routes tells what its answers cost. */
bool plan_is_metered(const struct plan *plan);

/* Whether the verifier is part of the run for these changes. */
bool plan_verifier_applies(const struct plan_verifier *verifier, const struct change_list *changes);

/*
 * Names of variables whose values are hidden in what the run prints: those of `requires: [{env: …}]`, those of
 * credential routes, and of those that are passed in (sandbox.env, an agent's env) the ones that are named like a secret.
 */
void plan_secret_names(const struct plan *plan, struct strv *ret);
/* Those of credential routes alone: cupel-egress is told their values, and no process of a run has them in its environment. */
void plan_route_variables(const struct plan *plan, struct strv *ret);

/* Whether a person must approve, now that the candidate's risk is known (risk_judge()); adds sentences to `ret_why`. */
bool plan_needs_person(const struct plan *plan, const struct risk_report *risk, struct strv *ret_why);

extern const struct schema plan_schema;

#define _cleanup_plan_ __attribute__((cleanup(plan_release)))

#endif
