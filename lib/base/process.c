/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/process.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int process_fields(const char *stat, uint64_t ret[PROCESS_FIELDS])
{
        const char *at = strrchr(stat, ')');

        if (!at || at[1] != ' ' || !at[2])
                return -1;
        ret[PROCESS_STATE] = (unsigned char)at[2];
        at += 3;
        for (size_t field = PROCESS_STATE + 1; field < PROCESS_FIELDS; field++) {
                at += strspn(at, " ");
                if (!*at || *at == '\n')
                        return -1;
                ret[field] = strtoull(at, NULL, 10);
                at += strcspn(at, " \n");
        }
        return 0;
}

bool process_is_headless(const uint64_t fields[PROCESS_FIELDS])
{
        return fields[PROCESS_STATE] == 'Z' && fields[PROCESS_THREADS] > 1;
}

/* proc_pid_status(5); it costs several times what statm does. */
static uint64_t table_pages(int proc, const char *folder)
{
        static const char key[] = "\nVmPTE:";
        _cleanup_free_ char *path = xasprintf("%s/status", folder);
        _cleanup_str_ struct str text = {0};
        struct err ignored = ERR_INIT;
        const char *line = NULL;

        if (fs_read_at(proc, path, 65536, &text, &ignored) == 0)
                line = strstr(str_text(&text), key);
        return line ? strtoull(line + strlen(key), NULL, 10) * 1024 / (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* proc_pid_statm(5): size, resident, shared. */
static int read_pages(int proc, const char *folder, uint64_t *ret_private, uint64_t *ret_shared)
{
        _cleanup_free_ char *path = xasprintf("%s/statm", folder);
        _cleanup_fd_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        char text[256], *at = text;
        ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        uint64_t numbers[3];

        if (got <= 0)
                return -1;
        text[got] = '\0';
        for (size_t i = 0; i < 3; i++)
                numbers[i] = strtoull(at, &at, 10);
        *ret_private = numbers[1] > numbers[2] ? numbers[1] - numbers[2] : 0;
        if (numbers[0] >= PROCESS_VAST_PAGES)
                *ret_private += table_pages(proc, folder);
        *ret_shared = numbers[2];
        return 0;
}

/* Each thread that lives says the same; one that has just ended says nothing. */
static void read_threads(int proc, const char *pid, uint64_t *ret_private, uint64_t *ret_shared)
{
        _cleanup_free_ char *path = xasprintf("%s/task", pid);
        int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        while (dir && !*ret_private && !*ret_shared && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        read_pages(fd, entry->d_name, ret_private, ret_shared);
        if (dir)
                closedir(dir);
        else if (fd >= 0)
                close(fd);
}

int process_pages(int proc, const char *pid, uint64_t *ret_private, uint64_t *ret_shared)
{
        uint64_t private, shared;

        if (read_pages(proc, pid, &private, &shared) < 0)
                return -1;
        if (!private && !shared) /* dead, headless, or the kernel's own */
                read_threads(proc, pid, &private, &shared);
        *ret_private = private;
        *ret_shared = shared;
        return 0;
}

uint64_t process_start(pid_t pid)
{
        char path[64];
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        uint64_t fields[PROCESS_FIELDS];

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        if (fs_read_at(AT_FDCWD, path, 4096, &text, &err) < 0)
                return 0;
        if (process_fields(str_text(&text), fields) < 0)
                return 0;
        /* one that nobody has reaped yet is dead all the same, unless only its first thread has ended */
        if (strchr("ZXx", (int)fields[PROCESS_STATE]) && !process_is_headless(fields))
                return 0;
        return fields[PROCESS_START];
}

bool process_lives(pid_t pid, uint64_t start)
{
        return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) && process_start(pid) == start;
}
