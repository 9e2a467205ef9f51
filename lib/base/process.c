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

/* -1: there is no such line. */
static int read_line(int proc, const char *folder, const char *file, const char *key, uint64_t *ret_bytes)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, file), *wanted = xasprintf("\n%s:", key);
        _cleanup_str_ struct str text = {0};
        struct err ignored = ERR_INIT;
        const char *line = NULL;

        if (fs_read_at(proc, path, 65536, &text, &ignored) == 0)
                line = strstr(str_text(&text), wanted);
        if (!line)
                return -1;
        *ret_bytes = strtoull(line + strlen(wanted), NULL, 10) * 1024;
        return 0;
}

/* It costs several times what statm does. */
static uint64_t table_pages(int proc, const char *folder)
{
        uint64_t bytes = 0;

        read_line(proc, folder, "status", "VmPTE", &bytes);
        return bytes / (uint64_t)sysconf(_SC_PAGESIZE);
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

/* Each thread that lives says the same; one that has just ended says nothing. `look` is told their folders until it is content. */
static void each_thread(int proc, const char *pid, bool (*look)(int task, const char *thread, void *arg), void *arg)
{
        _cleanup_free_ char *path = xasprintf("%s/task", pid);
        int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        bool content = false;
        struct dirent *entry;

        while (dir && !content && (entry = readdir(dir)))
                content = entry->d_name[0] != '.' && look(fd, entry->d_name, arg);
        if (dir)
                closedir(dir);
        else if (fd >= 0)
                close(fd);
}

struct pages {
        uint64_t private, shared;
};

static bool look_at_pages(int task, const char *thread, void *arg)
{
        struct pages *pages = arg;

        return read_pages(task, thread, &pages->private, &pages->shared) == 0 && (pages->private || pages->shared);
}

int process_pages(int proc, const char *pid, uint64_t *ret_private, uint64_t *ret_shared)
{
        struct pages pages;

        if (read_pages(proc, pid, &pages.private, &pages.shared) < 0)
                return -1;
        if (!pages.private && !pages.shared) /* dead, headless, or the kernel's own */
                each_thread(proc, pid, look_at_pages, &pages);
        *ret_private = pages.private;
        *ret_shared = pages.shared;
        return 0;
}

struct line {
        const char *file, *key;
        uint64_t bytes;
};

static bool look_at_line(int task, const char *thread, void *arg)
{
        struct line *line = arg;

        return read_line(task, thread, line->file, line->key, &line->bytes) == 0;
}

uint64_t process_bytes(int proc, const char *pid, const char *file, const char *key)
{
        struct line line = {.file = file, .key = key};

        if (!look_at_line(proc, pid, &line))
                each_thread(proc, pid, look_at_line, &line);
        return line.bytes;
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
