/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_LINE_H
#define CUPEL_STORE_LINE_H

/*
 * The line before a target ref: the runs that are being verified for it, in the order in which they came. Each says what tree
 * it expects to leave on the target, so that the next can be verified on top of it while this one still is (docs/landing.md).
 * The line only says who waits for whom: nothing lands because of it. What is in it is as true as the processes behind it
 * live; who finds a dead one ahead removes it.
 *
 *         store_line_join(store, ref, run, &position, err);
 *         store_line_ahead(store, ref, position, &list, err);          oldest first
 *         store_line_expect(store, position, tree, err);
 *         store_line_leave(store, position, err);
 *
 * The width is how many may stand behind the first and be verified before it has landed. All of it survives the process,
 * none of it needs to survive power loss.
 */

#include "lib/store/store.h"

#define LINE_WIDTH_START 2
#define LINE_WIDTH_MAX 32

struct store_line_entry {
        int64_t position;
        char run[RUN_ID_MAX + 1];
        char tree[GIT_HEX]; /* what it expects the target to be after it; "": not known yet */
        bool aside;         /* as things are it will not land: who is behind looks past it */
};

struct store_line {
        struct store_line_entry *items; /* oldest first */
        size_t len;
        int width;
};

void store_line_release(struct store_line *line);
#define _cleanup_store_line_ __attribute__((cleanup(store_line_release)))

/* At the end; what is expected of it is not known yet. */
int store_line_join(struct store *store, const char *ref, const char *run, int64_t *ret_position, struct err *err);

/* Who came to `ref` before `position`. Free with store_line_release(). */
int store_line_ahead(struct store *store, const char *ref, int64_t position, struct store_line *ret, struct err *err);

/* "": no longer known. */
int store_line_expect(struct store *store, int64_t position, const char *tree, struct err *err);
int store_line_stand_aside(struct store *store, int64_t position, struct err *err);
int store_line_leave(struct store *store, int64_t position, struct err *err);
int store_line_forget(struct store *store, const char *run, struct err *err); /* wherever it stands, if it does */

/* A verification on top of what was only expected: it held (the width grows by one) or was in vain (it is halved). */
int store_line_learn(struct store *store, const char *ref, bool held, struct err *err);

#endif
