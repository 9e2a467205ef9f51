/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_ITEM_H
#define CUPEL_POLICY_ITEM_H

/*
 * The work item: one objective that one run can satisfy, from a YAML (or JSON) file, from options, or from both.
 *
 *         struct work_item item;
 *         work_item_init(&item);
 *         if (work_item_parse(bytes, len, "item.yaml", &item, err) < 0) …      ERR_INPUT with file, line, column
 *         if (work_item_apply(&item, &options, err) < 0) …                      what the command line says wins
 *         if (work_item_check(&item, err) < 0) …                                a title and something to do
 *         char *json = work_item_canonical(&item);                              what the snapshot holds
 *         work_item_release(&item);
 *
 * `agent: NAME:MODEL` and --agent NAME:MODEL are the two keys that they stand for, from then on.
 *
 * Keys that nobody set are NULL, KEY_UNSET or empty (policy/schema.h); plan_compile() puts defaults in their place.
 * work_item_canonical() is itself a work item file: parsing it gives the same item. A snapshot holds the file's own bytes
 * where no option changed it (work_item_apply() says so), else the canonical bytes.
 */

#include "lib/base/ids.h"
#include "policy/network.h"
#include "policy/schema.h"
#include "policy/words.h"

#include <stdbool.h>

#define WORK_ITEM_BYTES_MAX ((size_t)1 << 20)

/* One entry of `verify`: the name of a verifier of the policy, or one of its own where `run` is set. */
struct item_verifier {
        char *name;
        char *run; /* shell command */
        int64_t timeout_ms;
        int kind; /* enum verifier_kind */
};

struct requirement { /* exactly one of them */
        char *env, *command, *file;
};

struct budget {
        int64_t wall_ms, cpu_ms;
        int64_t memory, disk, output; /* bytes */
        int64_t pids, notes, diff_files, diff_lines, attempts;
        int64_t diff_bytes, diff_binary;        /* bytes of changed text; of new content that is none */
        int64_t artifact_files, artifact_bytes; /* of `outputs`, kept in the packet */
        int64_t cost_usd;                       /* micro-dollars */
};

struct item_agent { /* a name in the policy, or a command of its own */
        char *name, *model;
        struct strv command;
        struct pairs env;
        struct network network;
        int tty; /* bool: a terminal of its own; beside a name it wins over the profile */
};

struct work_item {
        char *id, *title, *objective;
        struct strv acceptance;
        int mood; /* enum mood */
        int risk; /* enum risk */
        struct {
                struct strv allow, deny;
        } paths;
        struct strv forbid;
        int arm;
        LIST_OF(struct item_verifier) verify;
        struct budget budget;
        struct item_agent agent;
        LIST_OF(struct requirement) requirements;
        struct strv depends;
        char *parent;
        struct {
                int before, after; /* enum approval_before, approval_after */
        } approval;
        struct strv outputs;
        char *rollback;
        struct pairs publication;
        char *target;
};

/* What `cupel run` was told beside the file. Borrowed; NULL and empty: not given. */
struct item_options {
        const char *title, *agent, *model, *mood, *target;
        struct strv verify; /* names of verifiers, or NAME=COMMAND */
        struct strv allow, deny;
        struct strv budget; /* key=value */
        char *const *command;
        size_t command_len;
        bool tty; /* whatever the agent is, it gets a terminal */
};

extern const struct schema work_item_schema, budget_schema, network_schema, requirement_schema;

void work_item_init(struct work_item *item);
void work_item_release(struct work_item *item);

/* `item` is initialised; the caller releases it on failure too. */
int work_item_parse(const char *bytes, size_t len, const char *file, struct work_item *item, struct err *err);

/* 1 where the options changed the item, 0 where there was nothing to apply, -1 on error. */
int work_item_apply(struct work_item *item, const struct item_options *options, struct err *err);

/* A title is there (made from the command where options gave only that); id and objective get their defaults. */
int work_item_check(struct work_item *item, struct err *err);

char *work_item_canonical(const struct work_item *item); /* owned by the caller */

/* "item-049" from id or title: [a-z0-9-]{1,40}, for the run id. */
void work_item_slug(const struct work_item *item, char ret[SLUG_MAX + 1]);

/* The sentence that approves the item before it runs (approval.before: sentence). */
char *work_item_sentence(const struct work_item *item, const char *repository);

#define _cleanup_item_ __attribute__((cleanup(work_item_release)))

#endif
