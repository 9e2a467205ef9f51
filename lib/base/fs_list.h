/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_FS_LIST_H
#define CUPEL_BASE_FS_LIST_H

/*
 * What lies in a folder, entry by entry, in no order, without "." and "..".
 *
 *         _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(dirfd, "logs", O_RDONLY | O_DIRECTORY, 0));
 *         if (!dir) …                                  errno: it cannot be opened, or not be listed
 *         while ((entry = fs_list_next(dir))) …        of an entry more: fstatat(dirfd(dir), entry->d_name, …)
 *         if (errno) …                                 it broke off: what came is not all there is
 */

#include <dirent.h>

/* Takes the descriptor in any case; -1 is fine, and its errno stays. */
DIR *fs_list(int fd);
const struct dirent *
fs_list_next(DIR *dir); /* NULL at the end, with errno; of no folder at once, with the errno of before */

static inline void cleanup_dir(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}

#define _cleanup_dir_ __attribute__((cleanup(cleanup_dir)))

#endif
