/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running step against its budgets. Each look raises the peaks, and the first budget that is used up ends the step. What
 * a control group counts is exact however short-lived a process was; the rest is what a look through the step's /proc finds.
 *
 * Memory: the group's bound lies above the budget by the size of a worktree in memory, which is charged to it too but has a
 * budget of its own (disk). So the kernel ends what grows faster than we look, and the looks are exact to the budget.
 */
#include "sandbox/helper.h"

#include "lib/base/clock.h"

#include <signal.h>
#include <string.h>

#define TICK_MS 50

static bool over(uint64_t used, uint64_t limit)
{
        return limit && used > limit;
}

static bool in_memory(const struct helper *helper)
{
        return helper->site.kind == SANDBOX_UPPER_TMPFS;
}

static struct sandbox_use *use_of(struct helper *helper, enum sandbox_limit limit)
{
        return &helper->result.uses[limit];
}

static void raise_peak(struct helper *helper, enum sandbox_limit limit, uint64_t used)
{
        struct sandbox_use *use = use_of(helper, limit);

        if (used > use->peak)
                use->peak = used;
}

void helper_watch_begin(struct helper *helper)
{
        const struct sandbox_limits *limits = &helper->step.limits;
        const struct sandbox_plan *plan = &helper->plan;
        enum sandbox_means disk = in_memory(helper) ? SANDBOX_MEANS_TMPFS : SANDBOX_MEANS_POLLED;
        enum sandbox_means processes = helper->is_root ? SANDBOX_MEANS_POLLED : SANDBOX_MEANS_RLIMIT;
        const struct sandbox_use uses[SANDBOX_LIMIT_COUNT] = {
                [SANDBOX_LIMIT_WALL] = {limits->wall_ms, 0, SANDBOX_MEANS_TIMER},
                [SANDBOX_LIMIT_CPU] = {limits->cpu_ms, 0,
                                       cgroups_means(&helper->groups, CGROUP_CPU, SANDBOX_MEANS_POLLED)},
                [SANDBOX_LIMIT_MEMORY] = {limits->memory_bytes, 0,
                                          cgroups_means(&helper->groups, CGROUP_MEMORY, SANDBOX_MEANS_POLLED)},
                [SANDBOX_LIMIT_PROCESSES] = {limits->processes, 0,
                                             cgroups_means(&helper->groups, CGROUP_TASKS, processes)},
                [SANDBOX_LIMIT_DISK] = {plan->upper_bytes, 0, disk},
                [SANDBOX_LIMIT_INODES] = {plan->upper_inodes, 0, disk},
                [SANDBOX_LIMIT_OUTPUT] = {limits->output_bytes, 0, SANDBOX_MEANS_COUNTED},
                [SANDBOX_LIMIT_FILE] = {limits->file_bytes, USE_UNKNOWN,
                                        limits->file_bytes ? SANDBOX_MEANS_RLIMIT : SANDBOX_MEANS_NONE},
        };

        memcpy(helper->result.uses, uses, sizeof(uses));
        helper->unattended = (struct unattended){0};
        helper->started_ms = clock_ms();
        helper->tick_ms = helper->started_ms + TICK_MS;
}

struct cgroup_bounds helper_watch_bounds(const struct helper *helper, const struct sandbox_limits *limits)
{
        struct cgroup_bounds bounds = {
                .memory_bytes = limits->memory_bytes,
                .tasks = limits->processes ? limits->processes + 1 : 0, /* and PID 1, which is ours */
        };

        if (bounds.memory_bytes && in_memory(helper))
                bounds.memory_bytes += helper->plan.upper_bytes;
        return bounds;
}

/* What the step's group counts, with the worktree's share of memory taken off. */
static void read_groups(struct helper *helper, const struct site_disk *disk, struct cgroup_usage *ret)
{
        uint64_t worktree = in_memory(helper) ? disk->bytes : 0;

        cgroups_step_read(&helper->groups, ret);
        ret->memory -= ret->memory < worktree ? ret->memory : worktree;
        ret->memory_peak -= ret->memory_peak < worktree ? ret->memory_peak : worktree;
        ret->tasks_peak -= ret->tasks_peak > 0;
        if (ret->known & CGROUP_CPU)
                raise_peak(helper, SANDBOX_LIMIT_CPU, ret->cpu_ms);
        if (ret->known & CGROUP_MEMORY)
                raise_peak(helper, SANDBOX_LIMIT_MEMORY, ret->memory);
        if (ret->known & CGROUP_TASKS)
                raise_peak(helper, SANDBOX_LIMIT_PROCESSES, ret->tasks_peak);
}

/* Only what no group counts is looked for. */
static void look_at_processes(struct helper *helper, unsigned known, const struct site_disk *disk)
{
        const struct step_room room = {known & CGROUP_MEMORY ? 0 : helper->step.limits.memory_bytes,
                                       in_memory(helper) ? disk->bytes : 0};
        struct step_usage usage;

        if (known == (CGROUP_CPU | CGROUP_MEMORY | CGROUP_TASKS))
                return;
        step_usage(&helper->process, &room, &usage);
        if (!(known & CGROUP_CPU))
                raise_peak(helper, SANDBOX_LIMIT_CPU, usage.cpu_ms);
        if (!(known & CGROUP_MEMORY))
                raise_peak(helper, SANDBOX_LIMIT_MEMORY, usage.memory_bytes);
        if (!(known & CGROUP_TASKS))
                raise_peak(helper, SANDBOX_LIMIT_PROCESSES, usage.tasks);
}

static bool is_over(struct helper *helper, enum sandbox_limit limit)
{
        return over(use_of(helper, limit)->peak, use_of(helper, limit)->budget);
}

/* The budget that is used up, or EXIT. A fork that was refused and a kill of the kernel are attempts at more. */
static enum sandbox_reason exceeded(struct helper *helper, const struct cgroup_usage *groups,
                                    const struct site_disk *disk)
{
        const struct {
                bool is;
                enum sandbox_reason reason;
        } budgets[] = {
                {is_over(helper, SANDBOX_LIMIT_CPU), SANDBOX_REASON_CPU},
                {is_over(helper, SANDBOX_LIMIT_MEMORY) || groups->memory_kills, SANDBOX_REASON_MEMORY},
                {is_over(helper, SANDBOX_LIMIT_PROCESSES) || groups->tasks_refused, SANDBOX_REASON_PROCESSES},
                {disk->full || disk->out_of_inodes, SANDBOX_REASON_DISK},
        };

        for (size_t i = 0; i < sizeof(budgets) / sizeof(*budgets); i++)
                if (budgets[i].is)
                        return budgets[i].reason;
        return SANDBOX_REASON_EXIT;
}

static enum sandbox_reason look(struct helper *helper, struct cgroup_usage *ret_groups)
{
        struct site_disk disk;

        site_disk_used(&helper->site, &helper->step, &disk);
        if (helper->running && !in_memory(helper)) {
                disk.bytes += step_hidden_files(&helper->process, helper->plan.worktree);
                disk.full |= disk.bytes >= helper->plan.upper_bytes;
        }
        raise_peak(helper, SANDBOX_LIMIT_DISK, disk.bytes);
        raise_peak(helper, SANDBOX_LIMIT_INODES, disk.inodes);
        helper->result.disk_bytes = disk.bytes;
        helper->result.out_of_inodes |= disk.out_of_inodes && !disk.full;
        read_groups(helper, &disk, ret_groups);
        if (helper->running)
                look_at_processes(helper, ret_groups->known, &disk);
        return exceeded(helper, ret_groups, &disk);
}

/* A look that took long (many processes, a large disk upper) makes the next one come later. */
void helper_step_tick(struct helper *helper)
{
        uint64_t now = clock_ms();
        struct cgroup_usage groups;
        enum sandbox_reason reason;

        if (over(now - helper->started_ms, helper->step.limits.wall_ms))
                helper_step_stop(helper, SANDBOX_REASON_WALL);
        if (now < helper->tick_ms)
                return;
        if (helper->step.tty && helper->attachment.fd < 0)
                unattended_tick(&helper->unattended, helper->process.output, now, helper->capture.total);
        reason = look(helper, &groups);
        if (reason != SANDBOX_REASON_EXIT)
                helper_step_stop(helper, reason);
        helper->tick_ms = clock_ms() + TICK_MS + 10 * (clock_ms() - now);
}

/* A step that is being killed is past its end already: who looked for that would look without a pause until it is dead. */
uint64_t helper_watch_next(const struct helper *helper)
{
        const uint64_t wall = helper->started_ms + helper->step.limits.wall_ms + 1;
        const bool runs = helper->result.reason == SANDBOX_REASON_EXIT;

        return runs && helper->step.limits.wall_ms && wall < helper->tick_ms ? wall : helper->tick_ms;
}

static uint64_t timeval_ms(struct timeval time)
{
        return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_usec / 1000;
}

/*
 * The kernel's own peak counts its own memory too, and what of the page cache it had given back by now: no more than the budget,
 * where that held.
 */
static void raise_kernel_peak(struct helper *helper, const struct cgroup_usage *groups)
{
        const struct sandbox_use *use = use_of(helper, SANDBOX_LIMIT_MEMORY);
        uint64_t peak = groups->memory_peak;

        if (use->budget && peak > use->budget && !groups->memory_kills)
                peak = use->budget;
        raise_peak(helper, SANDBOX_LIMIT_MEMORY, peak);
}

static bool died_of_file_size(const struct sandbox_result *result)
{
        return result->signal == SIGXFSZ || result->exit_code == 128 + SIGXFSZ;
}

void helper_watch_end(struct helper *helper, const struct rusage *usage)
{
        struct sandbox_result *result = &helper->result;
        struct cgroup_usage groups;
        enum sandbox_reason reason;

        result->wall_ms = clock_ms() - helper->started_ms;
        result->output_bytes = helper->capture.total;
        raise_peak(helper, SANDBOX_LIMIT_WALL, result->wall_ms);
        raise_peak(helper, SANDBOX_LIMIT_OUTPUT, result->output_bytes);
        raise_peak(helper, SANDBOX_LIMIT_CPU, timeval_ms(usage->ru_utime) + timeval_ms(usage->ru_stime));
        helper->running = false;
        reason = look(helper, &groups);
        raise_kernel_peak(helper, &groups);
        if (!(groups.known & CGROUP_MEMORY))
                raise_peak(helper, SANDBOX_LIMIT_MEMORY, (uint64_t)usage->ru_maxrss * 1024);
        if (!(groups.known & CGROUP_TASKS))
                raise_peak(helper, SANDBOX_LIMIT_PROCESSES, 1);
        result->cpu_ms = use_of(helper, SANDBOX_LIMIT_CPU)->peak;
        result->peak_memory = use_of(helper, SANDBOX_LIMIT_MEMORY)->peak;
        if (reason == SANDBOX_REASON_EXIT && capture_spent(&helper->capture))
                reason = SANDBOX_REASON_OUTPUT;
        if (reason == SANDBOX_REASON_EXIT && helper->step.limits.file_bytes && died_of_file_size(result))
                reason = SANDBOX_REASON_FILE;
        if (result->reason == SANDBOX_REASON_EXIT)
                result->reason = reason;
}
