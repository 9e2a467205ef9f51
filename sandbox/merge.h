/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_MERGE_H
#define CUPEL_SANDBOX_MERGE_H

/*
 * What an overlay would show, in user space (tier B): stacks of folders, topmost first, with whiteouts and opaque
 * folders. The top may be an agent's: no link is followed, depth is bounded (ERR_INPUT), special files are not copied.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define MERGE_LAYERS_MAX 72
#define MERGE_DEPTH_MAX 256

struct merge_stack {
        int fds[MERGE_LAYERS_MAX]; /* folders; owned */
        size_t len;
};

struct merge_count {
        uint64_t bytes, inodes; /* of what merge_copy() made: on disk, and entries of every kind */
        bool reflinked;
};

void merge_stack_release(struct merge_stack *stack);
int merge_stack_open(struct merge_stack *stack, const char *const *paths, size_t len, struct err *err);

/* The entry that the stack shows: index of its layer, or -1 where there is none (or a whiteout). */
int merge_lookup(const struct merge_stack *stack, const char *name, struct stat *ret_status);

/* The stack of a folder that the stack shows. */
void merge_descend(const struct merge_stack *stack, const char *name, struct merge_stack *ret);

/* Sorted, each once. */
struct strv;
int merge_names(const struct merge_stack *stack, struct strv *ret, struct err *err);

/* Copies one entry that is no folder, with mode and times. */
int merge_copy_entry(int from, const char *name, const struct stat *status, int to, struct merge_count *count,
                     struct err *err);

/* Copies everything that the stack shows into an empty folder. */
int merge_copy(const struct merge_stack *stack, int to, unsigned depth, struct merge_count *count, struct err *err);

#define _cleanup_merge_stack_ __attribute__((cleanup(merge_stack_release)))

#endif
