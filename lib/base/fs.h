/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_FS_H
#define CUPEL_BASE_FS_H

/*
 * Files through directory descriptors. Every descriptor is CLOEXEC. Functions named *_beneath never leave `dirfd`,
 * never follow a symlink, a magic link or a mount (openat2(2)): they are the only way to touch untrusted trees.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>
#include <sys/types.h>

/* openat2 with RESOLVE_BENEATH|NO_SYMLINKS|NO_XDEV|NO_MAGICLINKS; flags as open(2). Returns the descriptor or -1+errno. */
int fs_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* Whole file or stream; more than `max` bytes is ERR_INPUT. The bytes carry a NUL after `ret->len`. */
int fs_read_fd(int fd, size_t max, struct str *ret, struct err *err);
int fs_read_at(int dirfd, const char *path, size_t max, struct str *ret, struct err *err);

/* Creates or replaces `name` (temporary file + rename), mode as given. fs_write_all() retries short writes. */
int fs_write_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err);
int fs_write_all(int fd, const void *data, size_t len);

int fs_mkdir_p(const char *path, mode_t mode, struct err *err);
int fs_mkdir_open_at(int dirfd, const char *name, mode_t mode,
                     struct err *err);              /* makes and opens; returns the fd or -1 */
int fs_open_dir(const char *path, struct err *err); /* O_DIRECTORY|O_RDONLY; the fd or -1 */

/*
 * Removes a tree without following anything below `name`; unreadable folders are chmod-ed first; ENOENT is success.
 * However deep: folders far down are lifted beside `name` for a moment.
 */
int fs_remove_tree_at(int dirfd, const char *name, struct err *err);

int fs_fsync_dir(int dirfd);
int fs_set_cloexec(int fd, int on);

/* Bytes of all files below, through directory descriptors, at most `max_entries` looked at. */
uint64_t fs_tree_bytes(int dirfd, const char *name, size_t max_entries);
uint64_t fs_tree_size(int dirfd, const char *name, size_t max_entries, uint64_t *ret_entries); /* counts them too */

#endif
