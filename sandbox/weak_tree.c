/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes below one of ours, found in the host's /proc. A number may be given to another process between two looks, so
 * a process is killed through a descriptor that was opened before it was looked at again.
 */
#include "sandbox/weak.h"

#include "lib/base/cleanup.h"
#include "lib/base/process.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
        pid_t pid, parent;
        bool ours, dead; /* dead: nobody has reaped it yet */
        uint64_t start, ticks, pages, threads;
        uid_t uid;
};

struct processes {
        struct process *items;
        size_t len;
};

static void processes_release(struct processes *list)
{
        free(list->items);
}

static int read_process(pid_t pid, struct process *ret)
{
        uint64_t fields[PROCESS_FIELDS];
        uint64_t private, shared;
        char path[64], text[1024];
        _cleanup_fd_ int fd = -1;
        struct stat status;
        ssize_t got;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) < 0 || (got = read(fd, text, sizeof(text) - 1)) <= 0)
                return -1;
        text[got] = '\0';
        if (process_fields(text, fields) < 0)
                return -1;
        *ret = (struct process){.pid = pid,
                                .parent = (pid_t)fields[PROCESS_PARENT],
                                .dead = fields[PROCESS_STATE] == 'Z' && !process_is_headless(fields),
                                .start = fields[PROCESS_START],
                                .pages = fields[PROCESS_PAGES],
                                .threads = fields[PROCESS_THREADS],
                                .uid = status.st_uid};
        for (size_t i = PROCESS_UTIME; i <= PROCESS_CSTIME; i++)
                ret->ticks += fields[i];
        *strrchr(path, '/') = '\0';
        if ((process_is_headless(fields) ||
             fields[PROCESS_SPACE] / (uint64_t)sysconf(_SC_PAGESIZE) >= PROCESS_VAST_PAGES) &&
            process_pages(AT_FDCWD, path, &private, &shared) == 0)
                ret->pages = private + shared;
        return 0;
}

static void list_all(struct processes *list)
{
        DIR *dir = opendir("/proc");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
                struct process one;

                if (pid <= 0 || read_process(pid, &one) < 0)
                        continue;
                list->items = xrealloc(list->items, (list->len + 1) * sizeof(*list->items));
                list->items[list->len++] = one;
        }
        if (dir)
                closedir(dir);
}

static bool descends(const struct processes *list, const struct process *process, pid_t root)
{
        for (size_t i = 0; i < list->len; i++)
                if (list->items[i].pid == process->parent)
                        return process->parent == root || list->items[i].ours;
        return process->parent == root;
}

/* Until nothing is added: a child may stand before its parent in the list. */
static void list_below(pid_t root, struct processes *list)
{
        bool added = true;

        list_all(list);
        while (added) {
                added = false;
                for (size_t i = 0; i < list->len; i++)
                        if (!list->items[i].ours && descends(list, &list->items[i], root))
                                list->items[i].ours = added = true;
        }
}

void weak_tree_measure(pid_t root, struct weak_tree_usage *ret)
{
        __attribute__((cleanup(processes_release))) struct processes list = {0};
        uint64_t ticks = 0, pages = 0;

        *ret = (struct weak_tree_usage){0};
        list_below(root, &list);
        for (size_t i = 0; i < list.len; i++) {
                if (!list.items[i].ours)
                        continue;
                ret->tasks += list.items[i].threads;
                ticks += list.items[i].ticks;
                pages += list.items[i].pages;
        }
        ret->memory_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
        ret->cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t weak_user_tasks(void)
{
        __attribute__((cleanup(processes_release))) struct processes list = {0};
        uint64_t tasks = 0;

        list_all(&list);
        for (size_t i = 0; i < list.len; i++)
                tasks += list.items[i].uid == geteuid() ? list.items[i].threads : 0;
        return tasks;
}

static void signal_one(const struct process *process, int signal)
{
        _cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
        struct process again;

        if (fd >= 0 && read_process(process->pid, &again) == 0 && again.start == process->start)
                syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

void weak_tree_signal(pid_t root, int signal)
{
        __attribute__((cleanup(processes_release))) struct processes list = {0};

        list_below(root, &list);
        for (size_t i = 0; i < list.len; i++)
                if (list.items[i].ours && !list.items[i].dead)
                        signal_one(&list.items[i], signal);
}

bool weak_tree_each(pid_t root, bool (*each)(int proc, const char *pid, void *arg), void *arg)
{
        __attribute__((cleanup(processes_release))) struct processes list = {0};
        _cleanup_fd_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool own = root < 0;
        char name[16] = "";

        if (own && readlink("/proc/self", name, sizeof(name) - 1) > 0)
                root = (pid_t)strtol(name, NULL, 10);
        list_below(root, &list);
        for (size_t i = 0; i < list.len; i++) {
                char pid[16];

                snprintf(pid, sizeof(pid), "%d", (int)list.items[i].pid);
                if (list.items[i].ours && !(own && list.items[i].parent == root) && !each(proc, pid, arg))
                        return false;
        }
        return proc >= 0;
}

static void reap(pid_t wanted, int *ret_status, bool *ret_none)
{
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == wanted)
                        *ret_status = status;
        *ret_none = pid < 0 && errno == ECHILD;
}

/* Who forks faster than he is found loses too: the number of processes is bounded, and those that are dead do not fork. */
void weak_tree_kill(pid_t wanted, int *ret_status)
{
        bool none = false;

        for (;;) {
                __attribute__((cleanup(processes_release))) struct processes list = {0};
                bool alive = false;

                reap(wanted, ret_status, &none);
                list_below(getpid(), &list);
                for (size_t i = 0; i < list.len; i++)
                        if (list.items[i].ours && !list.items[i].dead) {
                                signal_one(&list.items[i], SIGKILL);
                                alive = true;
                        }
                if (none && !alive)
                        return;
                poll(NULL, 0, alive ? 0 : 1);
        }
}
