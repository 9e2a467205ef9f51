/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_TREE_BUILD_H
#define CUPEL_GIT_TREE_BUILD_H

/*
 * One folder's tree object from the base's entries and what was laid over them. Private to lib/git.
 *
 *         struct tree_base base = {0};
 *         tree_base_load(&base, odb, &id, err);                  what is there; {0} is an empty folder
 *         tree_build_set(&build, "a", 0100644, &blob);           or tree_build_delete(&build, "b")
 *         tree_build_write(&build, keep ? &base : NULL, q, &id, &empty, err);
 */

#include "lib/git/quarantine_internal.h"
#include "lib/git/tree_base.h"

struct tree_change {
        char *name;
        uint32_t mode; /* 0: deleted */
        git_oid id;
};

struct tree_build {
        struct tree_change *items;
        size_t len, cap;
};

/* Each name at most once. */
void tree_build_set(struct tree_build *build, const char *name, uint32_t mode, const git_oid *id);
void tree_build_delete(struct tree_build *build, const char *name);
void tree_build_release(struct tree_build *build);

/* `base` NULL: nothing of it survives. *ret_empty: nothing is left (the id is then that of the empty tree, not stored). */
int tree_build_write(struct tree_build *build, const struct tree_base *base, struct quarantine *q, git_oid *ret,
                     bool *ret_empty, struct err *err);

#endif
