/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_LAYER_INTERNAL_H
#define CUPEL_GIT_LAYER_INTERNAL_H

/*
 * What the files of the layer cache share: where it is, a layer's marker, chains of layers, and how one is built.
 *
 *         cache_open → chain_open (known?) → build_begin (lock; look again) → materialise or delta → build_finish (rename)
 */

#include "lib/git/index_file.h"
#include "lib/git/layer.h"

#include <sys/stat.h>

#define LAYER_FORMAT "cupel-layer-2"
#define LAYER_BOOT 40

struct cache {
        int fd;                 /* of <cache_root>/layers */
        char *path;             /* its real path */
        char boot[LAYER_BOOT];  /* id of this boot */
        char family[LAYER_KEY]; /* what all layers of one repository, configuration and owner share */
};

int cache_open(const char *cache_root, struct cache *ret, struct err *err);
void cache_release(struct cache *cache);
#define _cleanup_cache_ __attribute__((cleanup(cache_release)))

/* The family, and the key of a tree in it. */
int cache_family(struct cache *cache, struct repo *repo, const struct layer_options *options, struct err *err);
void cache_key(const struct cache *cache, const char *tree, char ret_key[LAYER_KEY]);

struct layer_marker {
        char tree[GIT_HEX];
        char parent[LAYER_KEY]; /* empty: a base layer */
        char boot[LAYER_BOOT];
        bool synced;
        uint64_t bytes, files;
};

/* 0, or -1 where the layer has none that holds now (absent, damaged, or of an earlier boot and never synced). */
int marker_read(const struct cache *cache, const char *key, struct layer_marker *ret);
int marker_write(int layer_fd, const struct layer_marker *marker, struct err *err);

/* A complete stack, top first, with a shared lock on each layer. */
struct chain {
        char keys[LAYER_DELTAS_MAX + 1][LAYER_KEY];
        struct layer_marker markers[LAYER_DELTAS_MAX + 1];
        int locks[LAYER_DELTAS_MAX + 1];
        size_t len;
};

/* `known` (NULL: none), where the chain comes to it: its locks are taken over, and it is empty then. */
bool chain_open(const struct cache *cache, const char *key, struct chain *known, struct chain *ret);
void chain_release(struct chain *chain);
void chain_to_stack(const struct cache *cache, struct chain *chain, struct layer_stack *ret); /* hands over the locks */
#define _cleanup_chain_ __attribute__((cleanup(chain_release)))

/* A lock file by name; re-opened until the name still leads to what was locked. The fd, or -1 with errno (EWOULDBLOCK). */
int lock_by_name(int dirfd, const char *name, int open_flags, int operation);

/* A layer in the making. */
struct build {
        const struct cache *cache;
        const struct layer_options *options;
        char key[LAYER_KEY], temporary[LAYER_KEY + 8], lock_name[LAYER_KEY + 8];
        int lock, dir, tree, git; /* descriptors: build lock, the layer's folder, its tree/, its tree/.git/ */
        bool set_owner, set_mode; /* what the kernel does not give by itself (another user, umask, setgid folders) */
        uint32_t mtime;           /* of every file: before the index is written, so that no entry is racy */
        struct layer_marker marker;
};

/* 0: the caller builds; 1: somebody else just did, `ret_chain` is open; -1 error. */
int build_begin(struct build *build, const struct cache *cache, const char *key, const struct layer_options *options,
                struct chain *ret_chain, struct err *err);
int build_finish(struct build *build, struct err *err);
void build_release(struct build *build); /* removes what is not finished */
#define _cleanup_build_ __attribute__((cleanup(build_release)))

/* Files of a layer. `name` is relative to dirfd and new. */
int build_folder(const struct build *build, int dirfd, const char *name, struct err *err);
int build_file(const struct build *build, int dirfd, const char *name, const void *data, size_t len, mode_t mode,
               struct err *err);
int build_symlink(const struct build *build, int dirfd, const char *name, const char *target, size_t len,
                  struct err *err);

#define BLOB_AHEAD_MAX 512

/* How blobs become files: raw, or through the built-in filters where attributes could say so. One per thread. */
struct blob_source {
        struct repo *repo;
        git_odb *odb;               /* this thread's own, or NULL: the repository's */
        git_repository *attributes; /* NULL: raw */
        bool symlinks;
        git_odb_object *ahead[BLOB_AHEAD_MAX]; /* of the entries from `ahead_of` on; NULL: not read */
        const struct index_item *ahead_of;
};

int blob_source_open(struct blob_source *source, struct repo *repo, bool own_odb, bool filters, struct err *err);
void blob_source_release(struct blob_source *source);

/*
 * Reads what the next entries hold, as far as it is raw and fits a few MiB, for blob_put() to find; whatever is not found ahead is
 * read then. For threads, one after the other: of two that read at once, each waits for the other's locks at every object.
 */
void blob_source_read_ahead(struct blob_source *source, const struct index_item *items, size_t len);

/* Puts the entry as `name` into dirfd and its size into item->size. */
int blob_put(struct blob_source *source, const struct build *build, int dirfd, const char *name,
             struct index_item *item, struct err *err);

/* The two ways to fill a layer. */
int materialise(struct repo *repo, struct build *build, const git_oid *tree, struct err *err);

struct delta {
        struct index_list changes; /* files, links and gitlinks, in the order of the walk */
        struct strv folders;       /* to make, parents first */
        struct strv opaque;        /* of them: nothing of below shows through */
        struct strv whiteouts;
        bool attributes_changed;
        bool too_many;
        size_t limit;
        char *hidden; /* folder whose old content is hidden already, with its '/' */
};

void delta_release(struct delta *delta);
#define _cleanup_delta_ __attribute__((cleanup(delta_release)))

/* Collects at most `limit` changed entries; more sets too_many and is no error. */
int delta_collect(struct repo *repo, const char *old_tree, const char *new_tree, size_t limit, struct delta *ret,
                  struct err *err);
/* Its folders, marks and files below build->tree; `filters`: as a checkout would write them, else as they are. */
int delta_put(struct repo *repo, struct build *build, struct delta *delta, const git_oid *tree, bool filters,
              struct err *err);
int delta_build(struct repo *repo, struct build *build, struct delta *delta, const struct chain *parent,
                const git_oid *tree, struct err *err);

#endif
