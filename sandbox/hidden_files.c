/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that were removed while somebody has them open: a walk through an upper on disk does not meet them, and they fill it
 * all the same. They are found at the descriptors of the step's processes, each file once. What is only mapped, or only in
 * flight through a socket, is not found: each such file is bounded by the limit of one file.
 */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "sandbox/step.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096

struct hidden {
        const char *below;
        ino_t seen[FILES_MAX];
        size_t len;
        uint64_t bytes;
};

static bool is_new(struct hidden *hidden, ino_t inode)
{
        for (size_t i = 0; i < hidden->len; i++)
                if (hidden->seen[i] == inode)
                        return false;
        if (hidden->len < FILES_MAX)
                hidden->seen[hidden->len++] = inode;
        return true;
}

static bool lies_below(int dirfd, const char *name, const char *folder)
{
        char path[4096];
        ssize_t len = readlinkat(dirfd, name, path, sizeof(path) - 1);
        size_t prefix = strlen(folder);

        return len > (ssize_t)prefix && memcmp(path, folder, prefix) == 0 && path[prefix] == '/';
}

static void look_at_process(struct hidden *hidden, int proc, const char *pid)
{
        char path[64];
        struct dirent *entry;
        DIR *dir;
        int fd;

        snprintf(path, sizeof(path), "%.20s/fd", pid);
        fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        while (dir && (entry = readdir(dir))) {
                struct stat status;

                if (isdigit((unsigned char)entry->d_name[0]) && fstatat(fd, entry->d_name, &status, 0) == 0 &&
                    S_ISREG(status.st_mode) && status.st_nlink == 0 && lies_below(fd, entry->d_name, hidden->below) &&
                    is_new(hidden, status.st_ino))
                        hidden->bytes += (uint64_t)status.st_blocks * 512;
        }
        if (dir)
                closedir(dir);
}

uint64_t step_hidden_files(const struct step_process *process, const char *below)
{
        _cleanup_free_ struct hidden *hidden = xcalloc(1, sizeof(*hidden));
        int fd = process->proc >= 0 ? openat(process->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        hidden->below = below;
        while (dir && (entry = readdir(dir)))
                if (isdigit((unsigned char)entry->d_name[0]))
                        look_at_process(hidden, fd, entry->d_name);
        if (dir)
                closedir(dir);
        return hidden->bytes;
}
