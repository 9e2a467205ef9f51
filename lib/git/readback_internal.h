/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_READBACK_INTERNAL_H
#define CUPEL_GIT_READBACK_INTERNAL_H

/*
 * What the walk (readback.c), its open folders (readback_frame.c), the reading of files (readback_file.c) and what is left for
 * later (readback_late.c) share.
 */

#include "lib/base/ignore.h"
#include "lib/base/spool.h"
#include "lib/git/readback.h"
#include "lib/git/tree_build.h"

#include <sys/stat.h>

struct readback_frame {
        int fd;
        char **names; /* of the upper's folder, sorted */
        size_t names_len, at;
        struct tree_base base;
        struct tree_build build;
        bool inherit; /* what the upper does not name is still there: not opaque, not new */
        bool ignored; /* an ignore rule covers the folder: only what is tracked counts */
        bool opened;  /* chmod-ed to be read; `mode` is what it had */
        mode_t mode;
        size_t path_len, rules_len;
        size_t folder; /* its number in walk->late */
};

struct readback_late;

struct readback_walk {
        struct quarantine *q;
        struct readback_options options;
        struct readback *result;
        struct str path; /* of the entry at hand; a frame's part of it ends in '/' */
        struct ignore rules;
        git_repository *attributes; /* for attributes and built-in filters; NULL while none can matter */
        bool trust_mode, symlinks;  /* core.fileMode, core.symlinks */
        bool stop;                  /* a cap was reached */
        struct readback_frame *frames;
        size_t depth;
        struct readback_late *late; /* bytes are taken now, ids are known later; NULL: all at once */
        struct err *err;
};

/* Records `"path": reason` for the entry at hand and returns 0: the walk goes on. */
int readback_refuse(struct readback_walk *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));
int readback_stop(struct readback_walk *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Opens a frame on the stack: takes `fd`; the path of the folder is in walk->path, with its '/'. `base` is the tree that
 * the base has there, or NULL. On failure the frame is on the stack all the same, for whoever empties it.
 */
int readback_push(struct readback_walk *walk, int fd, const git_oid *base, bool inherit, bool ignored);
void readback_frame_release(struct readback_frame *frame);
int readback_list(struct readback_walk *walk, struct readback_frame *frame); /* the sorted names, from frame->fd */
bool readback_has_name(const struct readback_frame *frame, const char *name);
int readback_add_info_exclude(struct readback_walk *walk); /* the ignore rules of .git/info/exclude */

/* Opens the handle for attributes where it is not: from now on every file is asked for its filters. */
int readback_need_attributes(struct readback_walk *walk);

/*
 * Opens an entry for reading, chmod-ing one that forbids it. -1 + errno. A file then gets its mode back where nothing is to
 * be touched; a folder when its frame is left.
 */
int readback_open(const struct readback_walk *walk, int dirfd, const char *name, int flags, mode_t mode);
bool readback_is_closed(mode_t mode); /* of a folder: nothing in it can be read */

/* The blob of the file or symlink at hand; *ret_mode 0 where it was refused. `tracked` is its entry in the base, or NULL. */
int readback_file(struct readback_walk *walk, const struct readback_frame *frame, const char *name,
                  const struct stat *st, const struct tree_entry *tracked, git_oid *ret, uint32_t *ret_mode);

/* Where a file's bytes are: at `fd`, or, where there is a piece, in the spool. */
struct readback_content {
        int fd;
        uint64_t size;
        const struct spool_piece *piece;
};

/* Its blob, by the filters of walk->path; *mode as git would record it, 0 where it was refused. */
int readback_store_file(struct readback_walk *walk, const struct readback_content *content,
                        const struct tree_entry *tracked, git_oid *ret, uint32_t *mode);

/* The walk itself (readback.c): from an upper to its root's tree, or with `late` to everything that it takes. */
int readback_walk_run(struct readback_walk *walk, int upper_fd, const struct readback_options *options,
                      git_oid *ret_root);
void readback_walk_leave(struct readback_walk *walk); /* everything of the upper, which is not looked at any more */
void readback_walk_release(struct readback_walk *walk);

/* ---- What is left for later (readback_late.c): numbers instead of ids ---- */

struct readback_late {
        struct spool *spool;
        struct readback_folder *folders; /* each before those in it */
        size_t folders_len;
        struct readback_pending *pending;
        size_t pending_len;
};

void readback_late_push(struct readback_walk *walk, struct readback_frame *frame, const git_oid *base);
void readback_late_pop(struct readback_walk *walk, struct readback_frame *frame, const struct readback_frame *above);
/* The entry that is set next in the frame's build is this file's. */
int readback_late_file(struct readback_walk *walk, const struct readback_frame *frame,
                       const struct readback_content *content, const struct tree_entry *tracked, uint32_t mode);
int readback_late_link(struct readback_walk *walk, const struct readback_frame *frame, const char *text, size_t len);

#endif
