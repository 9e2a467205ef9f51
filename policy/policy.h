/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_POLICY_H
#define CUPEL_POLICY_POLICY_H

/*
 * The policy file, and the rule of trust between the user's policy and a repository's.
 *
 *         struct policy user, own, effective;
 *         policy_init(&user), …
 *         policy_parse(bytes, len, "config.yaml", POLICY_FROM_USER, home, &user, err);          where there is one
 *         policy_parse(bytes, len, ".cupel/policy.yaml", POLICY_FROM_COMMIT, home, &own, err);  or _WORKTREE, _OPTION
 *
 *         struct policy_openings openings = {0};
 *         policy_openings(&installed, &user, &own, &openings);                  empty for POLICY_FROM_OPTION: the user named it
 *         policy_admitted(&openings, sha256 of the admission or NULL, err)                       ERR_BLOCKED: not admitted
 *         policy_merge(&installed, &user, &own, &effective, err);
 *
 * One file applies beside the user's configuration (the first of --policy, base commit, working tree); without any, the
 * defaults do. A repository's policy narrows: lists of protected paths are added up, of two gates the stricter one and of
 * two risks from which a person must approve the lower one holds where the user set one, and the user's agents and
 * verifiers keep their names. What it opens beyond the user's configuration (host folders, environment, network, routes,
 * money, author) is listed by policy_openings() and needs the user's admission of exactly these values.
 *
 * Secret folders (policy_secret()) are refused in every file but the user's configuration, and there they must be named
 * themselves: a folder that contains one is refused everywhere. In a repository's policy that is ERR_BLOCKED, since it is
 * no mistake of the user who starts the run; every other fault of a file is ERR_INPUT.
 */

#include "policy/gate.h"
#include "policy/item.h"
#include "policy/schema.h"
#include "policy/words.h"

#include "lib/base/hash.h"

#define CHECKPOINT_EVERY_DEFAULT ((int64_t)10 * 60 * 1000) /* milliseconds */
#define CHECKPOINT_KEEP_DEFAULT 3
#define APPROVAL_DEADLINE_DEFAULT ((int64_t)7 * 24 * 3600 * 1000) /* milliseconds */
#define POLICY_BYTES_MAX ((size_t)1 << 20)

/* source, its name in `cupel policy show` and in the identity */
#define POLICY_SOURCES(X)                                                                                              \
        X(DEFAULT, "default")                                                                                          \
        X(INSTALLED, "installed profile")                                                                              \
        X(USER, "user configuration")                                                                                  \
        X(OPTION, "--policy")                                                                                          \
        X(COMMIT, "base commit")                                                                                       \
        X(WORKTREE, "working tree")

enum policy_source {
#define X(source, name) POLICY_FROM_##source,
        POLICY_SOURCES(X)
#undef X
};
const char *policy_source_name(enum policy_source source);

struct route {
        char *name, *upstream;
        struct pairs header;
        struct strv allow;
        struct pairs env;
        int meter; /* enum meter */
        int any;   /* bool: of several headers the first whose variable is set; else all of them */
};

/* What an exit status, or a text in the output, of an agent that did nothing useful means. */
struct mark {
        struct strv exit, output; /* decimal numbers; texts */
};

struct means {
        struct mark no_credential, rate_limited, refused;
};

struct agent {
        char *name;
        char *about, *install, *model;
        struct strv command;
        struct pairs env;
        struct pairs home;    /* file below the private home: its text */
        struct strv rewrites; /* of them, those that it writes to in every run */
        struct strv programs; /* found on the user's PATH, besides command[0] */
        struct strv version, tried;
        int mcp; /* bool: its home files announce `cupel mcp` */
        struct means means;
        LIST_OF(struct requirement) requirements;
        struct strv tiers;
        int tty; /* bool: a terminal of its own */
        struct {
                struct strv allow;
                int64_t bytes, connections;
                LIST_OF(struct route) routes;
        } network;
};

struct verifier {
        char *name, *run;
        int64_t timeout_ms, retries;
        struct strv scope; /* empty: every change */
        int gate;          /* enum verifier_gate */
        int kind;          /* enum verifier_kind */
        int baseline;      /* bool: run on the base too when it fails */
        struct {
                char *junit; /* file below the worktree that it writes */
                char *tap;   /* the same, or "-": it prints TAP */
                int lost;    /* enum gate_level: tests that pass on the base and are gone, or skipped, now */
        } report;
        int base_tests; /* bool: changed tests run against the base's code too */
};

/* Money for a million tokens of the models that the name matches. */
struct price {
        char *model;                                    /* glob; the longest that matches wins */
        int64_t input, output, cache_read, cache_write; /* micro-dollars; of the cache unset: as input */
};

struct sandbox_policy {
        int minimum; /* enum tier */
        struct strv read, write, carry, env;
        struct network network;
};

/* What must not be repeated (gate no_copy): files of the base, and from how many lines on. */
struct no_copy {
        struct strv from; /* globs; empty: nothing is looked for */
        int64_t lines;
};

struct policy {
        enum policy_source source;
        char *target;
        struct strv tests;
        LIST_OF(struct agent) agents;
        struct sandbox_policy sandbox;
        LIST_OF(struct verifier) verifiers;
        LIST_OF(struct price) prices;
        char *prompt;          /* template; NULL: the built-in one */
        int gates[GATE_COUNT]; /* enum gate_level */
        struct pairs rules;    /* id of a rule: word of its level */
        struct strv protected_paths;
        struct no_copy no_copy;
        struct {
                int allow_comments; /* bool */
        } secrets;
        struct {
                int person_at;       /* enum risk */
                int64_t deadline_ms; /* a person who has not answered by then has said no */
        } approval;
        struct {
                int dirty; /* enum checkout_dirty */
        } checkout;
        struct {
                int64_t weekly_usd, paid_runs_per_cycle, cycle_ms;
                int week_starts;
        } spend;
        struct {
                int64_t attempts;
                struct strv moods;
                int then;
        } failure;
        struct {
                int64_t every_ms, keep; /* 0: never by itself; how many of the newest stay */
                int committed;          /* bool: a committed run's stay, too */
        } checkpoint;
        struct {
                char *author;
                int sign;
        } commit;
};

extern const struct schema policy_schema, agent_schema, route_schema, verifier_schema, price_schema, means_schema,
        no_copy_schema;

void policy_init(struct policy *policy);
void policy_release(struct policy *policy);

/* `home`: the user's home folder, to recognise secret folders below it; NULL where unknown. */
int policy_parse(const char *bytes, size_t len, const char *file, enum policy_source source, const char *home,
                 struct policy *policy, struct err *err);

/* The built-in policy: what holds where nobody says anything. */
void policy_default(struct policy *policy);

/* Of the installed profiles (NULL: none are read) single keys are replaced. `own` may be NULL: no policy file applies. `ret` is
 * initialised here. */
int policy_merge(const struct policy *installed, const struct policy *user, const struct policy *own,
                 struct policy *ret, struct err *err);

struct policy_openings {
        char *json;        /* canonical; NULL where nothing is opened */
        struct strv lines; /* "sandbox.read: ~/.cargo", for people */
        char sha256[HASH_HEX];
};
/* Whatever a repository's policy says of an agent that is installed is an opening: the rest of it has routes. */
void policy_openings(const struct policy *installed, const struct policy *user, const struct policy *own,
                     struct policy_openings *ret);
void policy_openings_release(struct policy_openings *openings);
int policy_admitted(const struct policy_openings *openings, const char *sha256, struct err *err);

/* What an effective policy was made of; `installed` and `own` may be NULL. */
struct policy_layers {
        const struct policy *installed, *user, *own, *effective;
};

/* One line "key: value    (where from)" per effective value; and the same as [{"key","value","source"}]. */
void policy_show(const struct policy_layers *from, struct str *out);
struct json_t *policy_show_json(const struct policy_layers *from);

/*
 * One agent of the effective policy as YAML that a policy file takes back ("agents:\n  NAME:\n …"). Values that are not of the
 * layer that most of it comes from carry a comment that says whose they are.
 */
void policy_show_agent(const struct policy_layers *from, const char *name, struct str *out);

/* The layers that say something of the agent, "user configuration + installed profile"; owned by the caller. */
char *policy_agent_origin(const struct policy_layers *from, const char *name);

/* The secret folder that showing `path` would show ("~/.ssh"), NULL where none. *ret_exact: `path` is it or below it. */
const char *policy_secret(const char *path, const char *home, bool *ret_exact);

/* All of them, relative to the home folder, NULL at the end: to look for them by other names. */
extern const char *const policy_secrets[];

/*
 * Files with tokens, in folders that people show for what else is in them, are seen empty: these of them, absolute, that lie below a
 * path of `shown` (absolute or ~/…) and are not named there themselves.
 */
void policy_hidden_in(const struct strv *shown, const char *home, struct strv *ret);

/* All keys with their defaults, for `cupel policy keys` and the documentation. */
void policy_describe(schema_described *each, void *arg);

#define _cleanup_policy_ __attribute__((cleanup(policy_release)))
#define _cleanup_openings_ __attribute__((cleanup(policy_openings_release)))

#endif
