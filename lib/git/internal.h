/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INTERNAL_H
#define CUPEL_GIT_INTERNAL_H

/*
 * What the files of lib/git share and nobody else sees: libgit2 handles, errors with the library's own words, a strict
 * reader of tree objects, and walks over one tree or over what differs between two.
 */

#include "lib/git/repo.h"

#include <git2.h>

struct repo {
        git_repository *git;
        git_odb *odb; /* owned; the repository's own, or what repo_set_odb() put in its place */
        char *gitdir, *commondir, *workdir;
        char *identity;
        struct strv object_dirs; /* of repo_object_dirs(); empty: nobody asked yet */
};

/* Returns -1 with ERR_GIT and "<context>: <git_error_last()>". */
int git_fail(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int ident_replace(struct err *err); /* once, before anybody filters: the attribute `ident` as git has it (ident.c) */

/* Every later read through `repo` goes to `odb` (a quarantine with the real store behind it). Takes no ownership. */
int repo_set_odb(struct repo *repo, git_odb *odb, struct err *err);

/*
 * An object store that several handles have. libgit2 keeps what was read from a store with the handle that it was given to last, and
 * loses all of it with that handle; given to the same one twice, the store keeps it itself.
 */
int handle_share_odb(git_repository *handle, git_odb *odb);

int oid_parse(const char *hex, git_oid *ret, struct err *err);
void oid_hex(const git_oid *id, char ret_hex[GIT_HEX]);

/*
 * A second handle for built-in filters (crlf, ident), whose attributes come from what the caller adds to its in-memory
 * index (attributes_add) and from info/attributes; it never looks at a working tree. For
 * git_filter_list_load(handle, NULL, path, mode, GIT_FILTER_DEFAULT). One per thread. Free: git_repository_free.
 */
int attributes_open(struct repo *repo, git_odb *odb, git_repository **ret, struct err *err);
int attributes_add(git_repository *handle, const char *path, const git_oid *blob, struct err *err);

/* Adds every .gitattributes of the finder's tree that governs `path`: its own folder's and those above. O(depth). */
struct tree_finder;
int attributes_add_for_path(git_repository *handle, struct tree_finder *finder, const char *path, struct err *err);

/* Both, of one tree: opened when the first path is asked for. {0} has none; tree_attributes_release() leaves that. */
struct tree_attributes {
        git_repository *handle;
        struct tree_finder *finder;
};

int tree_attributes_for(struct tree_attributes *attributes, struct repo *repo, git_odb *odb, const git_oid *tree,
                        const char *path, struct err *err);
void tree_attributes_release(struct tree_attributes *attributes);

/* Could any filter change a blob of this repository? False only where neither configuration nor info/attributes say so;
 * a .gitattributes in the tree is for the caller to look for. */
bool attributes_configured(struct repo *repo);

/* One entry of a tree, as its bytes say. `name` has no NUL of its own unless said so. */
struct tree_entry {
        const char *name;
        size_t name_len;
        uint32_t mode; /* 040000, 0100644, 0100755, 0120000, 0160000; 0100664 of old trees is read as 0100644 */
        git_oid id;
};

static inline bool tree_entry_is_tree(const struct tree_entry *entry)
{
        return entry->mode == 0040000;
}

/*
 * Strict reader of a raw tree object: allowed modes only, names without '/', not empty, not "." or "..", not ".git" in any
 * case or disguise libgit2 knows (HFS, NTFS), strictly ascending in git's order.
 *
 *         struct tree_reader reader;
 *         tree_reader_init(&reader, bytes, len);
 *         while ((got = tree_reader_next(&reader, &entry, err)) > 0) …      0: end, -1: ERR_INPUT
 */
struct tree_reader {
        const char *at, *end;
        struct tree_entry last;
};

void tree_reader_init(struct tree_reader *reader, const void *bytes, size_t len);
int tree_reader_next(struct tree_reader *reader, struct tree_entry *ret, struct err *err);

/* git's order: a folder compares as if its name ended in '/'. */
int tree_entry_compare(const struct tree_entry *a, const struct tree_entry *b);

/* As bytes: what both orders of a folder's names begin with. */
int tree_name_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/* The object of a tree, for a reader: git_odb_object_free(). ERR_GIT: there is none. */
int tree_read(git_odb *odb, const git_oid *id, git_odb_object **ret, struct err *err);

/* The entry called `name` of a tree; 1 found, 0 absent, -1 error. ret->name is NULL (its bytes are gone). */
int tree_lookup(git_odb *odb, const git_oid *tree, const char *name, struct tree_entry *ret, struct err *err);
/* The same along a path ("a/b/c"). Of many paths: lib/git/tree_finder.h. */
int tree_lookup_path(git_odb *odb, const git_oid *tree, const char *path, struct tree_entry *ret, struct err *err);

/* Deeper or longer paths are refused by both walks: PATH_MAX bounds what a checkout could hold anyway. */
#define TREE_DEPTH_MAX 2048
#define TREE_PATH_MAX 4095

/* What a walk's callback says. */
enum tree_step {
        TREE_STOP = -1, /* with err set: the walk returns -1 */
        TREE_GO = 0,    /* on, and into the folder where it is one */
        TREE_SKIP = 1,  /* on, but not into this folder */
};

/*
 * Only what differs: entries whose id and mode are equal are pruned, so the cost is that of the changed folders. Either
 * tree may be NULL (all added, all deleted). The callback gets each differing name once, with both sides (NULL where
 * absent), also where one is a folder and the other is not; then the walk goes into the folders among them. A folder
 * comes before what is in it; order within a folder is by name as bytes. `path` is NUL-terminated, full, raw bytes.
 */
typedef enum tree_step tree_pair_fn(void *data, const char *path, size_t path_len, const struct tree_entry *old_entry,
                                    const struct tree_entry *new_entry, struct err *err);

int tree_walk_pair(git_odb *odb, const git_oid *old_tree, const git_oid *new_tree, tree_pair_fn *callback, void *data,
                   struct err *err);

/* What differs, without folders, as changes: paths, kinds, modes and ids; no blob is read. Appended to `ret`, unsorted. */
struct change_list;
int tree_changed_paths(git_odb *odb, const git_oid *old_tree, const git_oid *new_tree, struct change_list *ret,
                       struct err *err);

/* All of one tree, in the order of an index. */
typedef enum tree_step tree_fn(void *data, const char *path, size_t path_len, const struct tree_entry *entry,
                               struct err *err);

int tree_walk(git_odb *odb, const git_oid *tree, tree_fn *callback, void *data, struct err *err);

static inline void cleanup_git_odb_object(git_odb_object **object)
{
        git_odb_object_free(*object);
}
static inline void cleanup_git_object(git_object **object)
{
        git_object_free(*object);
}
static inline void cleanup_git_reference(git_reference **reference)
{
        git_reference_free(*reference);
}
static inline void cleanup_git_config(git_config **config)
{
        git_config_free(*config);
}
static inline void cleanup_git_repository(git_repository **repository)
{
        git_repository_free(*repository);
}
static inline void cleanup_git_index(git_index **index)
{
        git_index_free(*index);
}

#define _cleanup_odb_object_ __attribute__((cleanup(cleanup_git_odb_object)))
#define _cleanup_object_ __attribute__((cleanup(cleanup_git_object)))
#define _cleanup_reference_ __attribute__((cleanup(cleanup_git_reference)))
#define _cleanup_config_ __attribute__((cleanup(cleanup_git_config)))
#define _cleanup_git_repository_ __attribute__((cleanup(cleanup_git_repository)))
#define _cleanup_index_ __attribute__((cleanup(cleanup_git_index)))

#endif
