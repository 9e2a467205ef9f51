/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polling, for what no rlimit bounds: processor time, memory and processes of a whole tree. Read through the step's own
 * /proc, so it costs O(processes of the step). A process's name is the step's choice: fields are counted after the last ')'.
 */
#include "lib/base/cleanup.h"
#include "sandbox/step.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct process_usage {
        uint64_t ticks;
        uint64_t private_pages, shared_pages;
};

static int read_text(int proc, const char *pid, const char *name, char *buffer, size_t size)
{
        char path[64];
        _cleanup_fd_ int fd = -1;
        ssize_t got;

        snprintf(path, sizeof(path), "%.20s/%s", pid, name);
        fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (got = read(fd, buffer, size - 1)) <= 0)
                return -1;
        buffer[got] = '\0';
        return 0;
}

/* utime, stime, cutime, cstime are fields 14 to 17 of proc_pid_stat(5). */
static int read_process(int proc, const char *pid, struct process_usage *ret)
{
        unsigned long long size, resident, shared, times[4];
        char buffer[1024];
        const char *after;

        if (read_text(proc, pid, "stat", buffer, sizeof(buffer)) < 0 || !(after = strrchr(buffer, ')')))
                return -1;
        if (sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &times[0], &times[1],
                   &times[2], &times[3]) != 4)
                return -1;
        ret->ticks = times[0] + times[1] + times[2] + times[3];
        if (read_text(proc, pid, "statm", buffer, sizeof(buffer)) < 0 ||
            sscanf(buffer, "%llu %llu %llu", &size, &resident, &shared) != 3)
                return -1;
        ret->private_pages = resident > shared ? resident - shared : 0;
        ret->shared_pages = shared;
        return 0;
}

void step_usage(const struct step_process *process, struct step_usage *ret)
{
        int fd = process->proc >= 0 ? openat(process->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        uint64_t ticks = 0, pages = 0, most_shared = 0;
        struct dirent *entry;

        *ret = (struct step_usage){0};
        while (dir && (entry = readdir(dir))) {
                struct process_usage one;

                if (!isdigit((unsigned char)entry->d_name[0]) || read_process(process->proc, entry->d_name, &one) < 0)
                        continue;
                ret->processes++;
                ticks += one.ticks;
                pages += one.private_pages;
                most_shared = one.shared_pages > most_shared ? one.shared_pages : most_shared;
        }
        if (dir)
                closedir(dir);
        else if (fd >= 0)
                close(fd);
        if (ret->processes)
                ret->processes--; /* PID 1 is ours */
        ret->memory_bytes = (pages + most_shared) * (uint64_t)sysconf(_SC_PAGESIZE);
        ret->cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}
