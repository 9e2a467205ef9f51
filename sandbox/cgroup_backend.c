/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written to and read from a step's group: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/{memory,pids,cpuacct}.rst.
 * Swap counts as memory, so that a bound on memory cannot be dodged by swapping. Where the kernel has no such file (no swap
 * accounting, an older kernel without peaks) the rest holds.
 */
#include "sandbox/cgroup_backend.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_MS 1000000
#define US_PER_MS 1000

bool cgroup_write(int folder, const char *file, const char *text)
{
        _cleanup_fd_ int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);

        return fd >= 0 && fs_write_all(fd, text, strlen(text)) == 0;
}

static bool write_number(int folder, const char *file, uint64_t number)
{
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, number);
        return cgroup_write(folder, file, text);
}

static bool read_text(int folder, const char *file, char *buffer, size_t size)
{
        _cleanup_fd_ int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, buffer, size - 1);

        buffer[got > 0 ? got : 0] = '\0';
        return got > 0;
}

static uint64_t number_in(int folder, const char *file)
{
        char text[64];

        return read_text(folder, file, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

static uint64_t after_key(const char *text, const char *key)
{
        size_t len = strlen(key);

        for (const char *at = text; at && *at; at = strchr(at, '\n'), at += at != NULL)
                if (strncmp(at, key, len) == 0 && at[len] == ' ')
                        return strtoull(at + len, NULL, 10);
        return 0;
}

uint64_t cgroup_keyed(int folder, const char *file, const char *key)
{
        char text[8192];

        return read_text(folder, file, text, sizeof(text)) ? after_key(text, key) : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* ---- Version 2 ---- */

static const struct {
        const char *name, *enable, *file;
        unsigned gives;
} controllers[] = {
        {"memory", "+memory", "memory.max", CGROUP_MEMORY},
        {"pids", "+pids", "pids.max", CGROUP_TASKS},
};

static unsigned listed(int folder, const char *file)
{
        char text[256], *saved = NULL;
        unsigned found = 0;

        if (!read_text(folder, file, text, sizeof(text)))
                return 0;
        for (char *word = strtok_r(text, " \n", &saved); word; word = strtok_r(NULL, " \n", &saved))
                for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++)
                        if (strcmp(word, controllers[i].name) == 0)
                                found |= controllers[i].gives;
        return found;
}

unsigned cgroup_delegate(int folder)
{
        unsigned there = listed(folder, "cgroup.controllers");

        /* cpu.stat counts without any controller; what is not there is not asked for: each write locks all groups */
        if (!there)
                return CGROUP_CPU;
        for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++)
                if (there & controllers[i].gives)
                        cgroup_write(folder, "cgroup.subtree_control", controllers[i].enable);
        return CGROUP_CPU | listed(folder, "cgroup.subtree_control");
}

static void limit_unified(int step, unsigned gives, const struct cgroup_bounds *bounds)
{
        if (gives & CGROUP_MEMORY) {
                if (bounds->memory_bytes)
                        write_number(step, "memory.max", bounds->memory_bytes);
                cgroup_write(step, "memory.swap.max", "0");
                cgroup_write(step, "memory.oom.group", "1");
        }
        if ((gives & CGROUP_TASKS) && bounds->tasks)
                write_number(step, "pids.max", bounds->tasks);
}

static void read_tasks(int step, struct cgroup_usage *ret)
{
        ret->tasks = number_in(step, "pids.current");
        ret->tasks_peak = number_in(step, "pids.peak");
        ret->tasks_refused = cgroup_keyed(step, "pids.events", "max");
}

static void read_unified(int step, unsigned gives, struct cgroup_usage *ret)
{
        char text[8192];

        if (gives & CGROUP_CPU)
                ret->cpu_ms = cgroup_keyed(step, "cpu.stat", "usage_usec") / US_PER_MS;
        if ((gives & CGROUP_MEMORY) && read_text(step, "memory.stat", text, sizeof(text))) {
                ret->memory = after_key(text, "anon") + after_key(text, "shmem");
                ret->memory_peak = less(number_in(step, "memory.peak"),
                                        after_key(text, "inactive_file") + after_key(text, "active_file"));
                ret->memory_kills = cgroup_keyed(step, "memory.events", "oom_kill");
        }
        if (gives & CGROUP_TASKS)
                read_tasks(step, ret);
}

/* ---- Version 1 ---- */

static void limit_memory(int step, unsigned gives, const struct cgroup_bounds *bounds)
{
        (void)gives;
        if (!bounds->memory_bytes)
                return;
        write_number(step, "memory.limit_in_bytes", bounds->memory_bytes);
        write_number(step, "memory.memsw.limit_in_bytes", bounds->memory_bytes); /* never below the former */
}

static void read_memory(int step, unsigned gives, struct cgroup_usage *ret)
{
        char text[8192];

        (void)gives;
        if (!read_text(step, "memory.stat", text, sizeof(text)))
                return;
        ret->memory = after_key(text, "total_rss") + after_key(text, "total_shmem");
        ret->memory_peak = less(number_in(step, "memory.max_usage_in_bytes"),
                                after_key(text, "total_inactive_file") + after_key(text, "total_active_file"));
        ret->memory_kills = cgroup_keyed(step, "memory.oom_control", "oom_kill");
}

static void limit_tasks(int step, unsigned gives, const struct cgroup_bounds *bounds)
{
        (void)gives;
        if (bounds->tasks)
                write_number(step, "pids.max", bounds->tasks);
}

static void read_tasks_only(int step, unsigned gives, struct cgroup_usage *ret)
{
        (void)gives;
        read_tasks(step, ret);
}

static void limit_nothing(int step, unsigned gives, const struct cgroup_bounds *bounds)
{
        (void)step;
        (void)gives;
        (void)bounds;
}

static void read_cpu(int step, unsigned gives, struct cgroup_usage *ret)
{
        (void)gives;
        ret->cpu_ms = number_in(step, "cpuacct.usage") / NS_PER_MS;
}

const struct cgroup_backend cgroup_backends[CGROUP_BACKENDS] = {
        {2,
         "",
         {"", "/unified"},
         "cgroup.controllers",
         CGROUP_CPU | CGROUP_MEMORY | CGROUP_TASKS,
         limit_unified,
         read_unified},
        {1, "memory", {"/memory"}, "memory.limit_in_bytes", CGROUP_MEMORY, limit_memory, read_memory},
        {1, "pids", {"/pids"}, "tasks", CGROUP_TASKS, limit_tasks, read_tasks_only},
        {1, "cpuacct", {"/cpuacct", "/cpu,cpuacct"}, "cpuacct.usage", CGROUP_CPU, limit_nothing, read_cpu},
};
