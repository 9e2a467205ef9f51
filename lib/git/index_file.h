/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INDEX_FILE_H
#define CUPEL_GIT_INDEX_FILE_H

/*
 * Git index files, version 2, as a layer needs them (gitformat-index(5)): a shared index that holds a whole tree, and
 * split indexes over it that hold what a delta changed. Stat data is only what core.checkStat=minimal compares: the
 * modification time in seconds and the size.
 *
 * A position table beside the shared index lets a delta find its few paths by bisection instead of reading 9 MB.
 */

#include "lib/git/internal.h"

struct index_item {
        char *path; /* owned by the list */
        uint32_t mode;
        git_oid id;
        uint32_t size, mtime;
        uint32_t folder; /* of the materialiser; not written */
        bool deleted;    /* in a list of changes: absent now */
};

struct index_list {
        struct index_item *items;
        size_t len, cap;
};

void index_list_release(struct index_list *list);
struct index_item *index_list_add(struct index_list *list, const char *path, size_t len);

/* By path as an index sorts; of equal paths the one added last stays. */
void index_list_sort(struct index_list *list);

/* Two lists sorted by path into one; where both have a path, `over` wins. Both inputs are left empty. */
void index_list_merge(struct index_list *under, struct index_list *over, struct index_list *ret);

/* The bytes of the files; `ret_id` is the shared index's checksum, which is its name. */
void index_write_shared(const struct index_list *list, struct str *ret, struct str *ret_positions,
                        unsigned char ret_id[20]);

/* A shared index and its positions as they lie in memory. */
struct index_shared {
        const unsigned char *bytes;
        size_t len;
        const uint32_t *positions;
        size_t count;
        unsigned char id[20];
};

/* `changes` is sorted; `tree` is the payload of the TREE extension (index_tree.h). ERR_INTERNAL where the shared index and
 * its table do not fit (a damaged cache). */
int index_write_split(const struct index_shared *shared, const struct index_list *changes, const struct str *tree,
                      struct str *ret, struct err *err);

/* Changes as a file of the cache, to build the next delta on. */
void index_changes_write(const struct index_list *changes, struct str *ret);
int index_changes_read(const char *bytes, size_t len, struct index_list *ret, struct err *err);

#define _cleanup_index_list_ __attribute__((cleanup(index_list_release)))

#endif
