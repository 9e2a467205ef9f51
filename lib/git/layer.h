/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_LAYER_H
#define CUPEL_GIT_LAYER_H

/*
 * Layers: read-only lower directories of run overlays, one stack per tree, kept in the cache across runs.
 *
 *         struct layer_stack stack = LAYER_STACK_INIT;
 *         layer_prepare(repo, commit, &options, &stack, err);     O(1) where the tree is known
 *         … mount: lowerdir=<run>/head:<stack.dirs joined by ':'>, userxattr …
 *         layer_stack_release(&stack);                            after the last mount is gone
 *
 * A stack is a base layer (the whole tree) under at most 16 delta layers. Its lowers must not change while mounted: the
 * stack holds a shared lock on each layer, and layer_gc() never removes one that is locked. Only one builder works on a
 * layer at a time; others wait and take its result; what a crash left half-built is removed by the next who builds.
 *
 * A layer is keyed by repository, tree, checkout configuration and owner, not by commit: the delta that layer_delta() made
 * for a candidate is the next base when that candidate lands.
 *
 * <cache_root>/layers/<key>/: tree/ is the lower directory; `complete` the marker (JSON); `lock`. A marker of an earlier
 * boot that was never synced counts as absent, and the layer is made again.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/git/repo.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LAYER_DELTAS_MAX 16
#define LAYER_KEY 65

struct layer_options {
        const char *cache_root;    /* absolute; made where missing */
        uid_t uid;                 /* owner of every file of the layer: the user whose run mounts it */
        gid_t gid;                 /* the primary group of that user */
        unsigned threads;          /* 0: as many as there are processors */
        const char *objects_mount; /* where a sandbox shows repo_object_dirs(): "<objects_mount>/0", "/1", … */
        /* Files; from one thread at a time, not always the caller's. False: give up, with an error. May be NULL. */
        bool (*progress)(void *data, uint64_t done, uint64_t total);
        void *progress_data;
};

struct layer_stack {
        struct strv dirs; /* absolute lower directories, top first, without the run's head */
        char key[LAYER_KEY];
        char tree[GIT_HEX];
        bool built; /* this call had to make a layer */
        int locks[LAYER_DELTAS_MAX + 2];
        size_t lock_count;
};

#define LAYER_STACK_INIT ((struct layer_stack){.lock_count = 0})

void layer_stack_release(struct layer_stack *stack);
#define _cleanup_layer_stack_ __attribute__((cleanup(layer_stack_release)))

/* The stack for a commit's tree: found, else a delta on the nearest known layer where that is cheaper, else a new base. */
int layer_prepare(struct repo *repo, const char *commit, const struct layer_options *options, struct layer_stack *ret,
                  struct err *err);

/*
 * The stack for `new_tree` as a delta on `base`, O(changed files). `repo` reads the objects, so it may be a handle with the
 * quarantine attached. ERR_INPUT where the tree holds a name that no checkout may have.
 */
int layer_delta(struct repo *repo, const struct layer_stack *base, const char *new_tree,
                const struct layer_options *options, struct layer_stack *ret, struct err *err);

/*
 * What differs between two trees, as a folder in the language of an overlay (whiteouts, opaque folders), without a .git: what
 * a worktree that shows `old_tree` needs in its upper to show `new_tree`. O(changes). `to` is an empty folder. `raw`: bytes as
 * they are; else as a checkout would write them. `repo` may be a handle with a quarantine attached.
 */
int changes_write(struct repo *repo, const char *old_tree, const char *new_tree, bool raw, int to, struct err *err);

/* <run_dirfd>/head/.git/{HEAD, refs/heads/work, info/exclude, shallow}: the per-run lower on top of the stack. */
int head_lower_write(int run_dirfd, struct repo *repo, const char *commit, struct err *err);

struct layer_gc_report {
        const char *key;
        const char *reason; /* "age", "count", "size", "unfinished", "orphan", "stale" */
        uint64_t bytes;
};

struct layer_gc {
        const char *cache_root;
        uint64_t max_bytes, max_age_s; /* 0: no limit */
        uint64_t max_count;            /* 0: no limit */
        bool dry_run;                  /* only report what would go; nothing is touched */
        void (*report)(void *data, const struct layer_gc_report *removed); /* may be NULL */
        void *data;
};

/*
 * Least recently used first out, until the cache is within `max_bytes`, holds no more than `max_count` layers, and nothing is
 * older than `max_age_s` seconds. What survives is synced, so that it outlives a reboot.
 */
int layer_gc(const struct layer_gc *gc, struct err *err);

/* Only what killed builders left unfinished: for who comes after one. */
int layer_sweep(const char *cache_root, struct err *err);

#endif
