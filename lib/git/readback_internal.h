/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_READBACK_INTERNAL_H
#define CUPEL_GIT_READBACK_INTERNAL_H

/* What the walk (readback.c), its open folders (readback_frame.c) and the reading of files (readback_file.c) share. */

#include "lib/base/ignore.h"
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
        size_t path_len, rules_len;
};

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

/* Opens an entry for reading, chmod-ing one that forbids it. -1 + errno. */
int readback_open(int dirfd, const char *name, int flags, mode_t mode);

/* The blob of the file or symlink at hand; *ret_mode 0 where it was refused. `tracked` is its entry in the base, or NULL. */
int readback_file(struct readback_walk *walk, const struct readback_frame *frame, const char *name,
                  const struct stat *st, const struct tree_entry *tracked, git_oid *ret, uint32_t *ret_mode);

#endif
