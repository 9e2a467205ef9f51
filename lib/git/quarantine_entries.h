/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_QUARANTINE_ENTRIES_H
#define CUPEL_GIT_QUARANTINE_ENTRIES_H

/* The entries of a tree object that nobody vouches for: each judged on its own, their order and names against each other. */

#include "lib/base/str.h"
#include "lib/git/internal.h"

struct entry {
        const char *name;
        size_t len;
        uint32_t mode;
        git_oid id;
};

struct entries {
        struct entry *items;
        size_t len;
        char *bytes; /* what the names point into */
};

void entries_release(struct entries *list);
#define _cleanup_entries_ __attribute__((cleanup(entries_release)))

/* git's order: by bytes, a folder as if its name ended in '/'. */
int entry_order(const struct entry *a, const struct entry *b);

/* One entry of a raw tree: "<mode> <name>\0<20 bytes>". NULL with *why set when malformed. */
const char *entry_parse(const char *at, const char *end, struct entry *ret, const char **why);

/* A file "a" and a folder "a" are in order, but not beside each other. */
bool entries_have_twins(const struct entries *list);

#endif
