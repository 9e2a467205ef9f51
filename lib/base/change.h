/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CHANGE_H
#define CUPEL_BASE_CHANGE_H

/*
 * What a candidate changes, path by path, between two trees: made by lib/git, judged by policy, shown by cli. Paths are
 * the bytes of the tree (no NUL, maybe no UTF-8), relative, '/' between components. Sorted by path, byte order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum change_kind {
        CHANGE_ADDED,
        CHANGE_MODIFIED, /* content or executable bit */
        CHANGE_DELETED,
        CHANGE_TYPE, /* file, symlink, gitlink: became another of them */
};

struct change {
        char *path;
        enum change_kind kind;
        uint32_t old_mode, new_mode;         /* git modes; 0 where the side is absent */
        char old_id[41], new_id[41];         /* empty string where the side is absent */
        uint64_t old_size, new_size;         /* blob bytes */
        uint32_t lines_added, lines_removed; /* 0 for binary */
        bool binary;
        uint32_t conflict_marker; /* first added line (1-based, new side) that is a conflict marker; 0: none */
};

struct change_list {
        struct change *items;
        size_t len;
        uint64_t lines_added, lines_removed;
};

void change_list_release(struct change_list *list);

/* Appends a zeroed change with a copy of `path`; valid until the next call. */
struct change *change_list_add(struct change_list *list, const char *path);
void change_list_sort(struct change_list *list);

#define _cleanup_changes_ __attribute__((cleanup(change_list_release)))

#endif
