/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INDEX_EDIT_H
#define CUPEL_GIT_INDEX_EDIT_H

/*
 * The user's index, read whole and written again with some entries replaced. Every other entry keeps its bytes (stat
 * data, flags), except that one which may be racily clean is marked so, as git does on writing. Private to lib/git.
 *
 *         struct index_file index = {0};
 *         index_load(&index, gitdir, err);                ERR_HELD: split, sparse, without checksum, damaged, absent
 *         entry = index_find(&index, "src/a.c");          NULL: absent
 *         index_compose(&index, updates, len, &bytes);    the new file, checksum and all
 *         index_release(&index);
 */

#include "lib/base/str.h"
#include "lib/git/internal.h"

#include <sys/stat.h>

struct index_entry {
        const unsigned char *raw; /* the 60 bytes of stat data, mode and id, as on disk */
        const char *name;
        size_t name_len;
        uint32_t mode;
        git_oid id;
        uint16_t flags, more_flags;
};

struct index_file {
        struct str bytes;
        struct str names; /* of version 4, where they are not whole in the file */
        struct stat st;   /* of the file that was read */
        uint32_t version;
        struct index_entry *entries;
        size_t len;
};

struct index_update {
        const char *path;
        uint32_t mode; /* 0: the entry goes */
        git_oid id;
        struct stat st; /* all zero: git looks at the content the next time */
};

int index_load(struct index_file *index, const char *gitdir, struct err *err);
void index_release(struct index_file *index);

const struct index_entry *index_find(const struct index_file *index, const char *path);
bool index_entry_skips_worktree(const struct index_entry *entry);

/* Stat data says: surely the file that was hashed. False: look at the content. */
bool index_entry_fresh(const struct index_file *index, const struct index_entry *entry, const struct stat *st);

/* `updates` sorted by path as bytes. */
void index_compose(const struct index_file *index, const struct index_update *updates, size_t len, struct str *ret);

#endif
