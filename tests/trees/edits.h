/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TREES_EDITS_H
#define CUPEL_TREES_EDITS_H

/*
 * What somebody may do to a worktree, as a list that is made of a number and done again as often as one likes:
 *
 *         struct edits base = {0}, edits = {0};
 *         edits_base(&rng, &base);                     files of a first commit
 *         edits_make(&rng, &base, &edits);             a sequence over them
 *         for (…) edit_do(fd, &edits.items[i]);        what cannot be done is left out, as a shell would
 *         edits_print_head(stdout);                    the words of a script for bash
 *         edits_print(stdout, &edits);                 its lines
 *
 * Nothing is done through a symlink, and nothing outside of the folder.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* kind, how often, against the others */
#define EDIT_KINDS(X)                                                                                                  \
        X(WRITE, 24)                                                                                                   \
        X(REPLACE, 8)                                                                                                  \
        X(APPEND, 8)                                                                                                   \
        X(TRUNCATE, 3)                                                                                                 \
        X(CHMOD, 6)                                                                                                    \
        X(TOUCH, 3)                                                                                                    \
        X(REMOVE, 14)                                                                                                  \
        X(RENAME, 14)                                                                                                  \
        X(SWAP, 2)                                                                                                     \
        X(SYMLINK, 6)                                                                                                  \
        X(HARDLINK, 3)                                                                                                 \
        X(MKDIR, 4)                                                                                                    \
        X(IGNORE, 7)                                                                                                   \
        X(ATTRIBUTE, 3)

enum edit_kind {
#define X(kind, weight) EDIT_##kind,
        EDIT_KINDS(X)
#undef X
                EDIT_KIND_COUNT
};
extern const char *const edit_kind_names[EDIT_KIND_COUNT]; /* "write" */

struct edit {
        enum edit_kind kind;
        char *path, *other; /* other: where to, or what a symlink says */
        uint32_t value;     /* content, mode, line or length */
};

struct edits {
        struct edit *items;
        size_t len;
};

struct rng {
        uint64_t state;
};
uint32_t rng_below(struct rng *rng, uint32_t bound);

void edits_base(struct rng *rng, struct edits *ret);
void edits_make(struct rng *rng, const struct edits *base, struct edits *ret);
void edits_release(struct edits *edits);

void edit_do(int folder, const struct edit *edit);
void edits_print_head(FILE *out);
void edits_print(FILE *out, const struct edits *edits);

/* Lines of .gitignore and .gitattributes, contents: what a value stands for. */
const char *edit_ignore_line(uint32_t value);
const char *edit_attribute_line(uint32_t value);
char *edit_content(uint32_t value, size_t *ret_len); /* owned by the caller */

/* The sequence may give some path other attributes than it has by the base. */
bool edits_touch_attributes(const struct edits *base, const struct edits *edits);

#endif
