/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polling, for what no rlimit bounds: processor time, memory and processes of a whole tree. Read through the step's own
 * /proc, so it costs O(processes of the step).
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/process.h"
#include "sandbox/step.h"
#include "sandbox/weak.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct process_usage {
        uint64_t ticks, threads;
        uint64_t private_pages, shared_pages;
};

static int read_stat(int proc, const char *pid, char *buffer, size_t size)
{
        char path[64];
        _cleanup_fd_ int fd = -1;
        ssize_t got;

        snprintf(path, sizeof(path), "%.20s/stat", pid);
        fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (got = read(fd, buffer, size - 1)) <= 0)
                return -1;
        buffer[got] = '\0';
        return 0;
}

static int read_process(int proc, const char *pid, struct process_usage *ret)
{
        uint64_t fields[PROCESS_FIELDS];
        char buffer[1024];

        if (read_stat(proc, pid, buffer, sizeof(buffer)) < 0 || process_fields(buffer, fields) < 0)
                return -1;
        ret->threads = fields[PROCESS_THREADS];
        ret->ticks = 0;
        for (size_t i = PROCESS_UTIME; i <= PROCESS_CSTIME; i++)
                ret->ticks += fields[i];
        return process_pages(proc, pid, &ret->private_pages, &ret->shared_pages);
}

/* A line of proc_meminfo(5), in bytes. */
static uint64_t meminfo(const char *text, const char *name)
{
        const char *line = strstr(text, name);

        return line ? (uint64_t)strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

#define SHORT_PART 4 /* the machine runs short when less than a quarter is left */

static uint64_t hidden_bytes(struct step_process *process)
{
        _cleanup_str_ struct str text = {0};
        struct err ignored = ERR_INIT;
        uint64_t shared;

        if (fs_read_at(AT_FDCWD, "/proc/meminfo", 65536, &text, &ignored) < 0)
                return 0;
        shared = meminfo(str_text(&text), "\nShmem:");
        if (!process->shared_before)
                process->shared_before = shared;
        if (shared <= process->shared_before ||
            meminfo(str_text(&text), "MemAvailable:") > meminfo(str_text(&text), "MemTotal:") / SHORT_PART)
                return 0;
        return shared - process->shared_before;
}

/* The helper as /proc numbers it, which may be that of another pid namespace. */
static pid_t self_in_proc(void)
{
        char name[16] = "";

        return readlink("/proc/self", name, sizeof(name) - 1) > 0 ? (pid_t)strtol(name, NULL, 10) : -1;
}

/* Where the step has no /proc of its own (tiers C and D): everything below one process, in the /proc that there is. */
static void measure_below(struct step_process *process, struct step_usage *ret)
{
        struct weak_tree_usage usage;

        weak_tree_measure(process->weak ? process->pid : self_in_proc(), &usage);
        *ret = (struct step_usage){usage.tasks, usage.memory_bytes + hidden_bytes(process), usage.cpu_ms};
        if (!process->weak && ret->tasks)
                ret->tasks--; /* PID 1 is ours */
}

/* ---- memory that several may share ---- */

/*
 * Who has more to look at than this is taken at the most that it may be: of our own processor time, since on a busy machine, or one that
 * was suspended, time passes without a look. Waiting for what the kernel has locked for somebody has an end, too.
 */
#define EXACT_US ((uint64_t)500 * 1000)
#define WAIT_MS 5000

struct shares {
        uint64_t private, all,
                most; /* bytes: nobody else's; of the others the sum, and the most that one process has */
};

static uint64_t spent_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* All of the step's processes, by one line of each. false: patience, where it is `bounded`, ended. */
static bool sum_lines(int proc, const char *file, const char *key, bool bounded, uint64_t *ret)
{
        const uint64_t spent = spent_us(), began = clock_ms();
        int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        bool patient = true;
        struct dirent *entry;

        *ret = 0;
        while (dir && patient && (entry = readdir(dir))) {
                if (isdigit((unsigned char)entry->d_name[0]))
                        *ret += process_bytes(proc, entry->d_name, file, key);
                patient = !bounded || (spent_us() - spent < EXACT_US && clock_ms() - began < WAIT_MS);
        }
        if (dir)
                closedir(dir);
        else if (fd >= 0)
                close(fd);
        return patient;
}

static uint64_t less(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* The cheapest answer that decides: files that are mapped are no memory of the step, and most shared memory is one and the same. */
static uint64_t shared_bytes(int proc, const struct shares *shares, const struct step_room *room)
{
        const uint64_t left = less(room->memory_bytes, shares->private);
        uint64_t mapped, exact;

        if (!room->memory_bytes || shares->all <= left || shares->most > left)
                return shares->most;
        sum_lines(proc, "status", "RssShmem", false, &mapped);
        mapped = less(mapped, room->worktree_bytes);
        if (mapped <= left)
                return shares->most;
        if (!sum_lines(proc, "smaps_rollup", "Pss_Shmem", true, &exact))
                return mapped;
        exact = less(exact, room->worktree_bytes);
        return exact > shares->most ? exact : shares->most;
}

void step_usage(struct step_process *process, const struct step_room *room, struct step_usage *ret)
{
        const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        struct shares shares = {0};
        uint64_t ticks = 0;
        struct dirent *entry;
        DIR *dir;
        int fd;

        *ret = (struct step_usage){0};
        if (process->weak || process->proc < 0) {
                measure_below(process, ret);
                return;
        }
        fd = openat(process->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        while (dir && (entry = readdir(dir))) {
                struct process_usage one;

                if (!isdigit((unsigned char)entry->d_name[0]) || read_process(process->proc, entry->d_name, &one) < 0)
                        continue;
                ret->tasks += one.threads;
                ticks += one.ticks;
                shares.private += one.private_pages * page;
                shares.all += one.shared_pages * page;
                shares.most = one.shared_pages * page > shares.most ? one.shared_pages * page : shares.most;
        }
        if (dir)
                closedir(dir);
        else if (fd >= 0)
                close(fd);
        if (ret->tasks)
                ret->tasks--; /* PID 1 is ours */
        ret->memory_bytes = shares.private + shared_bytes(process->proc, &shares, room) + hidden_bytes(process);
        ret->cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}
