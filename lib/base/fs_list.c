/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fs_list.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

DIR *fs_list(int fd)
{
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        const int failure = errno;

        if (!dir && fd >= 0) {
                close(fd);
                errno = failure;
        }
        return dir;
}

const struct dirent *fs_list_next(DIR *dir)
{
        const struct dirent *entry;

        if (!dir)
                return NULL;
        errno = 0;
        while ((entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        return entry;
        return NULL;
}
