/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of a step stands still, by /proc. A thread that runs is switched to, and, before it is seen stopped again, away from: the
 * kernel counts that (proc_pid_status(5), *_ctxt_switches), and the thread cannot set the count back. So the list of all threads
 * with these counts is another one after anybody ran, was born or has ended, whatever they did to look as before.
 */
#include "sandbox/step.h"

#include "lib/base/cleanup.h"
#include "lib/base/process.h"
#include "sandbox/weak.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_MOST 96
#define STATUS_MOST 16384 /* the list of a user's groups is part of it */

static DIR *open_folder(int dirfd, const char *path)
{
        _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (dir)
                (void)steal_fd(&fd);
        return dir;
}

static bool is_number(const char *name)
{
        return isdigit((unsigned char)name[0]);
}

/* False: it is gone. */
static bool read_text(int proc, const char *folder, const char *name, char *ret, size_t size)
{
        char path[PATH_MOST + 16];
        _cleanup_fd_ int fd = -1;
        ssize_t got;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        got = fd < 0 ? -1 : read(fd, ret, size - 1);
        ret[got > 0 ? got : 0] = '\0';
        return got > 0;
}

/* ---- All threads ---- */

typedef bool thread_fn(int proc, const char *folder, void *arg); /* false: no further */

struct each {
        thread_fn *thread;
        void *arg;
};

static bool each_thread(int proc, const char *pid, void *arg)
{
        const struct each *each = arg;
        char path[PATH_MOST];
        struct dirent *entry;
        bool on = true;
        DIR *dir;

        snprintf(path, sizeof(path), "%.20s/task", pid);
        dir = open_folder(proc, path); /* NULL: it is gone */
        while (dir && on && (entry = readdir(dir))) {
                if (!is_number(entry->d_name))
                        continue;
                snprintf(path, sizeof(path), "%.20s/task/%.20s", pid, entry->d_name);
                on = each->thread(proc, path, each->arg);
        }
        if (dir)
                closedir(dir);
        return on;
}

/* Of all processes but PID 1, by the step's own /proc. */
static bool each_of(const struct step_process *process, struct each *each)
{
        struct dirent *entry;
        bool on = true;
        DIR *dir;

        if (process->weak || process->proc < 0)
                return weak_tree_each(process->weak ? process->pid : -1, each_thread, each);
        dir = open_folder(process->proc, ".");
        if (!dir)
                return false;
        while (on && (entry = readdir(dir)))
                if (is_number(entry->d_name) && strcmp(entry->d_name, "1") != 0)
                        on = each_thread(process->proc, entry->d_name, each);
        closedir(dir);
        return on;
}

/* ---- Stopped or dead ---- */

/* The letter behind the name, which may hold any byte. */
static char state_in(const char *stat)
{
        const char *end = strrchr(stat, ')');

        return end && end[1] == ' ' ? end[2] : 'X';
}

static bool stands(int proc, const char *folder, void *arg)
{
        char text[512];

        (void)arg;
        return !read_text(proc, folder, "stat", text, sizeof(text)) || strchr("TtZX", state_in(text));
}

bool step_all_stand(const struct step_process *process)
{
        struct each each = {.thread = stands};

        return each_of(process, &each);
}

/* ---- Whether anybody ran ---- */

/* Both counts together; the name, which comes first in the file, has no line end in it (proc_pid_status(5)). */
static bool switches_in(const char *status, uint64_t *ret)
{
        static const char *const keys[] = {"\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:"};

        *ret = 0;
        for (size_t i = 0; i < 2; i++) {
                const char *at = strstr(status, keys[i]);

                if (!at)
                        return false;
                *ret += strtoull(at + strlen(keys[i]), NULL, 10);
        }
        return true;
}

/* Who is dead already is reaped at any time by who does not stand still: our own PID 1. */
static bool note(int proc, const char *folder, void *arg)
{
        uint64_t fields[PROCESS_FIELDS];
        char text[STATUS_MOST];
        uint64_t switches;

        if (!read_text(proc, folder, "stat", text, sizeof(text)) || strchr("ZX", state_in(text)) ||
            process_fields(text, fields) < 0 || !read_text(proc, folder, "status", text, sizeof(text)))
                return true;
        if (!switches_in(text, &switches))
                return false;
        str_printf(arg, "%s %" PRIu64 " %" PRIu64 "\n", folder, fields[PROCESS_START], switches);
        return true;
}

bool step_look(const struct step_process *process, struct str *ret)
{
        struct each each = {.thread = note, .arg = ret};

        str_clear(ret);
        return each_of(process, &each);
}
