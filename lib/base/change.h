/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CHANGE_H
#define CUPEL_BASE_CHANGE_H

/*
 * What a candidate changes, path by path, between two trees: made by lib/git, judged by policy, shown by cli. Paths are
 * the bytes of the tree (no NUL, maybe no UTF-8), relative, '/' between components. Sorted by path, byte order.
 */

#include "lib/base/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

enum change_kind {
        CHANGE_ADDED,
        CHANGE_MODIFIED, /* content or executable bit */
        CHANGE_DELETED,
        CHANGE_TYPE, /* file, symlink, gitlink: became another of them */
};

/*
 * One added or removed line. Both signs in the order of the file; adjacent ones share a hunk. `place` is where it stands on the
 * other side: of an added line, the old side's line before it, of a removed one, the new side's (0: the beginning).
 */
struct change_line {
        char sign;       /* '+' or '-' */
        uint32_t number; /* 1-based, on its own side */
        uint32_t place;
        uint32_t hunk; /* from 0, within the change */
        size_t len;
        const char *text; /* any bytes, without the line's end ("\n", "\r\n"), no NUL behind them; the change owns it */
};

struct change {
        char *path;
        enum change_kind kind;
        uint32_t old_mode, new_mode;           /* git modes; 0 where the side is absent */
        char old_id[GIT_HEX], new_id[GIT_HEX]; /* empty string where the side is absent */
        uint64_t old_size, new_size;           /* blob bytes */
        uint32_t lines_added, lines_removed;   /* 0 for binary */
        uint64_t text_bytes;                   /* of these lines, ends of line included */
        bool binary;
        bool hidden;               /* what it adds is not to be seen by anybody: patches have stars in its place */
        uint32_t conflict_marker;  /* first added line (1-based, new side) that is a conflict marker; 0: none */
        struct change_line *lines; /* NULL where text was not asked for, and for binary ones */
        size_t lines_len;
        bool text_left_out; /* there are more lines than `lines` has: the list's room was used up */
        char *arena;        /* what `lines` point into */
};

struct change_list {
        struct change *items;
        size_t len;
        uint64_t lines_added, lines_removed, text_bytes;
        uint64_t kept_bytes; /* what the lines of all changes take */
};

void change_list_release(struct change_list *list);

/* Appends a zeroed change with a copy of `path`; valid until the next call. */
struct change *change_list_add(struct change_list *list, const char *path);
void change_list_sort(struct change_list *list);

/* Of a sorted list; NULL: the path does not change. */
struct change *change_list_find(const struct change_list *list, const char *path);

/* What a receipt.patch says of it, whoever writes one; who knows more adds to it. */
struct json_t *change_list_receipt(const struct change_list *list, const char *patch_sha256, const char *tree);

#define _cleanup_changes_ __attribute__((cleanup(change_list_release)))

#endif
