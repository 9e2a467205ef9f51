/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that were removed while somebody has them open: a walk through an upper on disk does not meet them, and they fill it
 * all the same. They are found at the descriptors of the step's processes, each file once. What is only mapped, or only in
 * flight through a socket, is not found: each such file is bounded by the limit of one file.
 *
 * Threads show the descriptors of their process, each of them all: thousands of both are millions of looks, for which nobody can
 * wait who also watches the time. So processes come first, then threads, and it ends after PATIENCE_MS.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs_list.h"
#include "lib/base/str.h"
#include "sandbox/step.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096
#define PATIENCE_MS 50

struct hidden {
        const char *below;
        ino_t seen[FILES_MAX];
        size_t len;
        uint64_t bytes, until;
        const char *pid; /* whose threads are looked at */
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

/* Calls `look` with each number in the folder `name` of `at`. */
static void for_each_number(struct hidden *hidden, int at, const char *name,
                            void (*look)(struct hidden *hidden, int folder, const char *number))
{
        _cleanup_dir_ DIR *dir = fs_list(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        while (clock_ms() < hidden->until && (entry = fs_list_next(dir)))
                if (isdigit((unsigned char)entry->d_name[0]))
                        look(hidden, dirfd(dir), entry->d_name);
}

static void look_at_descriptor(struct hidden *hidden, int folder, const char *number)
{
        struct stat status;

        if (fstatat(folder, number, &status, 0) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0 &&
            lies_below(folder, number, hidden->below) && is_new(hidden, status.st_ino))
                hidden->bytes += (uint64_t)status.st_blocks * 512;
}

static void look_at_descriptors(struct hidden *hidden, int at, const char *name)
{
        char path[64];

        snprintf(path, sizeof(path), "%.20s/fd", name);
        for_each_number(hidden, at, path, look_at_descriptor);
}

static void look_at_thread(struct hidden *hidden, int tasks, const char *tid)
{
        if (strcmp(tid, hidden->pid) != 0)
                look_at_descriptors(hidden, tasks, tid);
}

/* A thread may have descriptors of its own (clone(2) without CLONE_FILES), and those of a first one that has ended are gone. */
static void look_at_threads(struct hidden *hidden, int proc, const char *pid)
{
        char path[64];

        snprintf(path, sizeof(path), "%.20s/task", pid);
        hidden->pid = pid;
        for_each_number(hidden, proc, path, look_at_thread);
}

uint64_t step_hidden_files(const struct step_process *process, const char *below)
{
        _cleanup_free_ struct hidden *hidden = xcalloc(1, sizeof(*hidden));

        hidden->below = below;
        hidden->until = clock_ms() + PATIENCE_MS;
        if (process->proc < 0)
                return 0;
        for_each_number(hidden, process->proc, ".", look_at_descriptors);
        for_each_number(hidden, process->proc, ".", look_at_threads);
        return hidden->bytes;
}
