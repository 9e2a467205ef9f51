/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_READBACK_H
#define CUPEL_GIT_READBACK_H

/*
 * From an overlay's upper directory to a candidate tree: what `git add -A && git write-tree` would make of the merged
 * worktree, at the cost of what changed, and without trusting one byte of it.
 *
 *         struct readback_options options = {.base_tree = tree};
 *         struct readback result = {0};
 *         if (readback_run(q, upper_fd, &options, &result, err) < 0) …        could not read: ERR_SYSTEM, ERR_GIT
 *         if (result.refusals.len) …                                          read, but must not become a commit
 *         if (strcmp(result.tree, base_tree) == 0) …                          nothing changed
 *         readback_release(&result);
 *
 * Call it when the step's processes are dead, or stand still: entries of mode 000 are chmod-ed, nothing else is changed. The walk is
 * iterative; memory is bounded by the caps. A refusal reads `"path": reason`; the walk goes on after one, so that a person
 * sees all of them (at most READBACK_REFUSALS_MAX), but ends at a cap. With refusals `tree` is empty.
 *
 * Rules: top-level .git is ignored; ignore rules come from the candidate's .gitignore files and the repository's
 * info/exclude, and never hide what the base tracks; crlf and ident apply with the base tree's attributes; a changed
 * path under any other filter is refused by the filter's name; gitlinks stay as they are or are deleted. Files that are
 * outputs of the run are not looked into, whatever ignore rules and base say of them.
 */

#include "lib/base/err.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct ignore;
struct quarantine;

#define READBACK_REFUSALS_MAX 100

struct readback_options {             /* 0: the default beside it */
        const char *base_tree;        /* 40 hex digits, required */
        uint64_t max_entries;         /* 200,000 entries of the upper looked at */
        uint64_t max_file_bytes;      /* 1 GiB */
        uint64_t max_total_bytes;     /* 4 GiB of changed content */
        uint64_t max_ignore_bytes;    /* 1 MiB for one .gitignore or .gitattributes */
        unsigned max_depth;           /* 200 folders */
        unsigned max_path_bytes;      /* 4095 */
        const struct ignore *outputs; /* files that it covers never become part of the tree; NULL: none */
        const char *skip;             /* path that is left as the base has it, whatever lies there; NULL: none */
        bool untouched;               /* the upper is in use: what was chmod-ed to be read gets its mode back */
        bool raw; /* everything as it is: no ignore rules, no filters; a .git is refused at the top, too */
};

struct readback {
        char tree[GIT_HEX]; /* empty with refusals */
        uint64_t entries;   /* of the upper, looked at */
        uint64_t files;     /* read and stored, or found equal */
        uint64_t bytes;     /* of those */
        uint64_t deleted;   /* entries of the base that are gone (a folder counts once) */
        uint64_t ignored;   /* untracked and ignored entries left out (a folder counts once) */
        uint64_t outputs;   /* left out as outputs; of those that the base tracks its version stays */
        struct strv refusals;
};

int readback_run(struct quarantine *q, int upper_fd, const struct readback_options *options, struct readback *ret,
                 struct err *err);
void readback_release(struct readback *result);

/*
 * The same in two parts, where somebody stands still as long as the upper is read:
 *
 *         readback_take(q, upper_fd, &options, &spool, &taken, err);     looks at everything, copies bytes into the spool
 *         … they go on; the upper is not looked at again
 *         readback_store(taken, &result, err);                           converts, hashes, writes objects: result as above
 *         readback_taken_free(taken);
 *
 * The quarantine and the spool outlive what was taken; `options` does not have to. Memory: that of the spool, and about 200
 * bytes for each entry of the upper.
 */
struct spool;
struct readback_taken;

int readback_take(struct quarantine *q, int upper_fd, const struct readback_options *options, struct spool *spool,
                  struct readback_taken **ret, struct err *err);
int readback_store(struct readback_taken *taken, struct readback *ret, struct err *err); /* once */
void readback_taken_free(struct readback_taken *taken);                                  /* NULL is fine */

#define _cleanup_readback_ __attribute__((cleanup(readback_release)))

#endif
