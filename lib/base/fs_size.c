/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much lies in a tree that somebody may be writing to while it is looked at. Each folder is opened in the one above it, so that
 * neither a link nor the length of a path is in the way; a folder that its owner may not read is opened up for the look, and is
 * then as it was.
 */
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 400 /* of them each has a descriptor */

struct sizing {
        uint64_t bytes;
        size_t left; /* entries that may still be looked at */
};

static void add_folder(struct sizing *sizing, int dirfd, const char *name, unsigned depth);

/* Of a file with several names each has its part of the bytes. */
static void add_entry(struct sizing *sizing, int dirfd, const char *name, unsigned depth)
{
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        sizing->left--;
        sizing->bytes += (uint64_t)st.st_blocks * 512 / (S_ISREG(st.st_mode) && st.st_nlink ? st.st_nlink : 1);
        if (S_ISDIR(st.st_mode))
                add_folder(sizing, dirfd, name, depth + 1);
}

/* Takes the descriptor. */
static void add_entries(struct sizing *sizing, int fd, unsigned depth)
{
        _cleanup_dir_ DIR *dir = fs_list(fd);
        const struct dirent *entry;

        while (dir && sizing->left && (entry = fs_list_next(dir)))
                add_entry(sizing, dirfd(dir), entry->d_name, depth);
}

/* Both modes through the one descriptor: what has its name by now may be something else. */
static void add_closed_folder(struct sizing *sizing, int dirfd, const char *name, unsigned depth)
{
        _cleanup_fd_ int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        char path[64];
        struct stat st;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fd < 0 || fstat(fd, &st) < 0 || chmod(path, (st.st_mode & 07777) | 0700) < 0)
                return;
        add_entries(sizing, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), depth);
        chmod(path, st.st_mode & 07777);
}

/* What lies too deep to be looked at counts as all that there may be. */
static void add_folder(struct sizing *sizing, int dirfd, const char *name, unsigned depth)
{
        int fd = depth > DEPTH_MAX ? -1 : openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (depth > DEPTH_MAX)
                sizing->left = 0;
        else if (fd >= 0)
                add_entries(sizing, fd, depth);
        else if (errno == EACCES)
                add_closed_folder(sizing, dirfd, name, depth);
}

uint64_t fs_tree_size(int dirfd, const char *name, size_t max_entries, uint64_t *ret_entries)
{
        struct sizing sizing = {.left = max_entries};

        add_folder(&sizing, dirfd, name, 0);
        *ret_entries = max_entries - sizing.left;
        return sizing.bytes;
}

uint64_t fs_tree_bytes(int dirfd, const char *name, size_t max_entries)
{
        uint64_t ignored;

        return fs_tree_size(dirfd, name, max_entries, &ignored);
}
