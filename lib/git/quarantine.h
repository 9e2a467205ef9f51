/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_QUARANTINE_H
#define CUPEL_GIT_QUARANTINE_H

/*
 * The candidate's own object store: loose objects in runs/<id>/quarantine, the real store behind it, read-only. An
 * object that the real store has is never written again, and nothing there is touched, not even a timestamp.
 *
 *         struct quarantine *q = NULL;
 *         quarantine_open(repo, folder, QUARANTINE_CREATE, &q, err);    the runner: readback_run(q, …)
 *         quarantine_open(repo, folder, 0, &q, err);                    the director, later, in another process
 *         quarantine_check(q, base_tree, candidate_tree, &limits, &counts, err);
 *         … diff, commit_make(q, …), landing_prepare(…)
 *         quarantine_close(q);
 *
 * The quarantine was written by a process that parses hostile trees, so the director calls quarantine_check() before
 * anything else reads the candidate. The check opens each object itself (beneath the folder, regular files only, sizes
 * before inflation), recomputes its hash and parses trees strictly from the raw bytes; it must only be called when the
 * caged side is dead. A taken-over runner can have left anything in the folder: what the check did not visit, nobody
 * opens. What it found to be new is remembered: landing packs exactly these objects and the commit.
 *
 * quarantine_repo() is a second handle on the repository that sees both stores; it is for reading (its object database
 * refuses writes). Errors: ERR_REFUSED for what a candidate may not hold, with path and reason; ERR_GIT, ERR_SYSTEM.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct repo;
struct quarantine;

enum quarantine_flags {
        QUARANTINE_CREATE = 1 << 0, /* make the folder where it is missing */
};

struct quarantine_limits {        /* 0: the default beside it */
        uint64_t max_objects;     /* 200,000 new trees and blobs */
        uint64_t max_tree_bytes;  /* 16 MiB for one tree object */
        uint64_t max_blob_bytes;  /* 1 GiB */
        uint64_t max_total_bytes; /* 4 GiB inflated, all new objects together */
        unsigned max_depth;       /* 200 folders */
};

struct quarantine_counts {
        uint64_t trees, blobs; /* new against the base, wherever they are stored */
        uint64_t bytes;        /* inflated */
};

/* `folder` is an absolute path of ours (not of the candidate). `repo` outlives the quarantine. */
int quarantine_open(struct repo *repo, const char *folder, unsigned flags, struct quarantine **ret, struct err *err);
void quarantine_close(struct quarantine *q); /* NULL is fine */

struct repo *quarantine_repo(struct quarantine *q); /* borrowed; closed with the quarantine */

/* Ids are 40 hex digits. `base_tree` may be the empty tree. `ret` may be NULL. */
int quarantine_check(struct quarantine *q, const char *base_tree, const char *candidate_tree,
                     const struct quarantine_limits *limits, struct quarantine_counts *ret, struct err *err);

/*
 * What the candidate needs, the real store has, and the base does not, is copied to `folder` by every check from now on (absolute,
 * a store of the caller's own; made when it is needed; what lies there is seen), and lands like what is new: git gc may
 * sweep it from the real store before that. Repeating it changes nothing.
 */
int quarantine_keep_in(struct quarantine *q, const char *folder, struct err *err);

/*
 * From now on new objects go to `folder` (absolute, made anew: what lay there goes), a store of the caller's own that the
 * caged side never had a name for, and are looked for there before the caged side's. For merges. Repeating it changes
 * nothing.
 */
int quarantine_own_store(struct quarantine *q, const char *folder, struct err *err);

/* Objects are looked for in this store, too, as another handle has it of its own; nothing where it is not there. */
int quarantine_see(struct quarantine *q, const char *folder, struct err *err);

/*
 * Brings the objects of `tree` into the own store, as far as neither `known_tree` nor any store in reach has them, from the
 * quarantines and stores of another run: `folders`, absolute, of which some may not be there. Each is checked like a
 * candidate's; files are linked. Errors as of quarantine_check(); what is gone because that run ended is one, too.
 */
int quarantine_borrow(struct quarantine *q, const char *known_tree, const char *tree, const struct strv *folders,
                      struct err *err);

/*
 * Checks again, from another base on: for a merge. What is remembered as new is then what this check found, and nothing
 * of before. The base may be in the own store.
 */
int quarantine_check_anew(struct quarantine *q, const char *base_tree, const char *tree, struct err *err);

/* The commit that was made last did not land: it is not among what a landing publishes any more. */
void quarantine_forget(struct quarantine *q, const char *commit);

/* Makes what was written durable, before a held run is recorded (syncfs). */
int quarantine_sync(struct quarantine *q, struct err *err);

static inline void quarantine_cleanup(struct quarantine **q)
{
        quarantine_close(*q);
}

#define _cleanup_quarantine_ __attribute__((cleanup(quarantine_cleanup)))

#endif
