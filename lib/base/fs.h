/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_FS_H
#define CUPEL_BASE_FS_H

/*
 * Files through directory descriptors. Every descriptor is CLOEXEC. Functions named *_beneath never leave `dirfd`,
 * never follow a symlink, a magic link or a mount (openat2(2)): they are the only way to touch untrusted trees.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* openat2 with RESOLVE_BENEATH|NO_SYMLINKS|NO_XDEV|NO_MAGICLINKS; flags as open(2). Returns the descriptor or -1+errno. */
int fs_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* Whole file or stream; more than `max` bytes is ERR_INPUT. The bytes carry a NUL after `ret->len`. */
int fs_read_fd(int fd, size_t max, struct str *ret, struct err *err);
int fs_read_at(int dirfd, const char *path, size_t max, struct str *ret,
               struct err *err); /* a FIFO is not waited for */

/*
 * A file that a person named, which is a regular one, /dev/null, or a descriptor that was handed over (/dev/stdin, /dev/fd/N, as <(…)
 * is); what is neither is refused at once. Messages are to be wrapped with what was named. ERR_INPUT; ERR_NOT_FOUND.
 */
int fs_open_named(const char *path, struct err *err);
int fs_read_named(const char *path, size_t max, struct str *ret, struct err *err);
int fs_expect_file(int fd, struct err *err); /* opened already, not waiting (O_NONBLOCK), and not handed over */

/* Creates or replaces `name` (temporary file + rename), mode as given. fs_write_all() retries short writes. */
int fs_write_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err);
int fs_write_all(int fd, const void *data, size_t len);

/* Removes what writers left in the folder that were killed before their rename; for who keeps other writers out. */
void fs_sweep_unwritten(int dirfd);

/* A new file under `name`, whole and synced, or not at all; somebody else's that came first is left as it is, and is no error. */
int fs_publish_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err);
int fs_put_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
              struct err *err); /* but not synced */

/* Pure: `path` is `folder` or below it, by their texts. Both are normal: no "..", no '/' at the end; "/" and "" hold everything. */
bool path_is_in(const char *path, const char *folder);
/* Pure: between slashes there are names only, none of them empty, "." or ".."; of nothing it is true. */
bool path_is_normal(const char *path, size_t len);
bool fs_is_folder(const char *path); /* or a symlink to one */

int fs_mkdir_p(const char *path, mode_t mode, struct err *err);
/*
 * The same for a folder whose subfolders come and go, each with its files. Made now, it has them put far from each other (ext4:
 * chattr(1) +T): a file that was removed minutes ago makes each new one near it slower to place there.
 */
int fs_mkdir_spread(const char *path, mode_t mode, struct err *err);
int fs_mkdir_open_at(int dirfd, const char *name, mode_t mode,
                     struct err *err); /* makes and opens; returns the fd or -1 */
/*
 * Makes the folders above the last name of `path`, beneath `dirfd` as fs_open_beneath() sees it: a link where one of them should be
 * is an error, and so is a mount. Returns the descriptor of the innermost, in which *ret_name (of `path`) is to be made; or -1.
 */
int fs_mkdir_parents_at(int dirfd, const char *path, mode_t mode, const char **ret_name, struct err *err);
int fs_open_dir(const char *path, struct err *err); /* O_DIRECTORY|O_RDONLY; the fd or -1 */

/*
 * After a call that failed, with its errno: whether that says nothing of the file itself (no memory, a disk that is full or fails), so
 * that it may be another answer the next time; twice at most. For who removes what nobody would remove after him.
 *
 *         for (int tries = 0; unlink(path) < 0 && fs_again(&tries);)
 *                 ;
 */
bool fs_again(int *tries);

/*
 * Removes a tree without following anything below `name`; unreadable folders are chmod-ed first; ENOENT is success.
 * However deep: folders far down are lifted beside `name` for a moment. Tries again as fs_again() says.
 */
int fs_remove_tree_at(int dirfd, const char *name, struct err *err);

/* Where /proc says that this is, whatever links led there. NULL and errno where it has no path here; owned by the caller. */
char *fs_real_path(int fd);

int fs_fsync_dir(int dirfd);
int fs_set_cloexec(int fd, int on);

/*
 * Bytes on disk of all that is below, and the number of entries, at most `max_entries` looked at; O(entries). Of several names of a
 * file each counts its part. Deeper than 400 folders: as many entries as there may be.
 */
uint64_t fs_tree_bytes(int dirfd, const char *name, size_t max_entries);
uint64_t fs_tree_size(int dirfd, const char *name, size_t max_entries, uint64_t *ret_entries);

#endif
