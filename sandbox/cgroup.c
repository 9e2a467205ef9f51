/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of groups: made where the kernel lets this user make them, entered, read, removed. A hierarchy in which something
 * fails is dropped, and what it would have held is polled: the packet says which.
 */
#include "sandbox/cgroup.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "sandbox/cgroup_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void step_path(const struct cgroups *groups, const char *file, char ret[128])
{
        snprintf(ret, 128, "%s-%u%s", groups->name, groups->serial, file);
}

static void close_place(struct cgroup_place *place)
{
        cleanup_fd(&place->step);
        cleanup_fd(&place->parent);
        *place = (struct cgroup_place)CGROUP_NOWHERE;
}

/* A hierarchy that lets us down is used no more. */
static void drop(struct cgroups *groups, size_t i)
{
        groups->given &= ~groups->places[i].gives;
        close_place(&groups->places[i]);
}

static int make_folder(int parent, const char *path)
{
        if (mkdirat(parent, path, 0755) < 0 && errno != EEXIST)
                return -1;
        return openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Version 2 is not worth its price where all that it gives is time, and version 1 gives that too. */
static bool is_only_cpu(const struct cgroups *groups, unsigned gives)
{
        if (gives != CGROUP_CPU)
                return false;
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (cgroup_backends[i].version == 1 && (cgroup_backends[i].gives & CGROUP_CPU) &&
                    groups->places[i].parent >= 0)
                        return true;
        return false;
}

/* What this hierarchy is used for: what no earlier one gives. */
static void assign(struct cgroups *groups, size_t i)
{
        const struct cgroup_backend *backend = &cgroup_backends[i];
        struct cgroup_place *place = &groups->places[i];
        unsigned gives = backend->gives & ~groups->given;

        if (gives && backend->version == 2)
                gives &= cgroup_delegate(place->parent);
        if (backend->version == 2 && is_only_cpu(groups, gives))
                gives = 0;
        place->gives = gives;
        groups->given |= gives;
}

static void make_step(struct cgroups *groups, size_t i, const struct cgroup_bounds *bounds)
{
        struct cgroup_place *place = &groups->places[i];
        char path[128];

        if (place->parent < 0)
                return;
        if (!place->gives)
                assign(groups, i);
        step_path(groups, "", path);
        if (place->gives)
                place->step = make_folder(place->parent, path);
        if (place->step < 0)
                drop(groups, i);
        else
                cgroup_backends[i].limit(place->step, place->gives, bounds);
}

void cgroups_step_begin(struct cgroups *groups, const struct cgroup_bounds *bounds)
{
        groups->serial++;
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (cgroup_backends[i].version == 2)
                        make_step(groups, i, bounds);
}

unsigned cgroups_step_make(struct cgroups *groups, const struct cgroup_bounds *bounds)
{
        unsigned ways = 0;

        for (size_t i = 0; i < CGROUP_BACKENDS; i++) {
                if (cgroup_backends[i].version != 1)
                        continue;
                make_step(groups, i, bounds);
                if (groups->places[i].step >= 0)
                        ways |= 1u << i;
        }
        return ways;
}

int cgroups_clone_fd(const struct cgroups *groups)
{
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (cgroup_backends[i].version == 2)
                        return groups->places[i].step;
        return -1;
}

/* Every process of it is dead, or none was ever in it. */
static void end_step(struct cgroups *groups, size_t i)
{
        char path[128];

        if (groups->places[i].step < 0)
                return;
        step_path(groups, "", path);
        cleanup_fd(&groups->places[i].step);
        unlinkat(groups->places[i].parent, path, AT_REMOVEDIR);
}

void cgroups_born_outside(struct cgroups *groups)
{
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (cgroup_backends[i].version == 2) {
                        end_step(groups, i);
                        drop(groups, i);
                }
}

/* "0" is the thread that writes. */
int cgroups_join(const struct cgroups *groups, unsigned ways, struct err *err)
{
        char path[128];

        step_path(groups, "/tasks", path);
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if ((ways & 1u << i) && !cgroup_write(groups->places[i].parent, path, "0"))
                        return err_errno(err, "enter the control group of the step (%s)",
                                         cgroup_backends[i].controller);
        return 0;
}

void cgroups_step_read(const struct cgroups *groups, struct cgroup_usage *ret)
{
        *ret = (struct cgroup_usage){0};
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (groups->places[i].step >= 0) {
                        cgroup_backends[i].read(groups->places[i].step, groups->places[i].gives, ret);
                        ret->known |= groups->places[i].gives;
                }
}

bool cgroups_step_freeze(const struct cgroups *groups, uint64_t within_ms)
{
        const uint64_t until = clock_ms() + within_ms;
        const int step = cgroups_clone_fd(groups);

        if (step < 0 || !cgroup_write(step, "cgroup.freeze", "1"))
                return false;
        while (cgroup_keyed(step, "cgroup.events", "frozen") != 1) {
                if (clock_ms() >= until) {
                        cgroups_step_thaw(groups);
                        return false;
                }
                poll(NULL, 0, 1);
        }
        return true;
}

void cgroups_step_thaw(const struct cgroups *groups)
{
        const int step = cgroups_clone_fd(groups);

        if (step >= 0)
                (void)cgroup_write(step, "cgroup.freeze", "0");
}

void cgroups_step_end(struct cgroups *groups)
{
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                end_step(groups, i);
}

void cgroups_release(struct cgroups *groups)
{
        cgroups_step_end(groups);
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                drop(groups, i);
        groups->name[0] = '\0';
}

int cgroups_version(const struct cgroups *groups, enum cgroup_gives gives)
{
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (groups->places[i].gives & gives)
                        return cgroup_backends[i].version;
        return 0;
}

enum sandbox_means cgroups_means(const struct cgroups *groups, enum cgroup_gives gives, enum sandbox_means otherwise)
{
        int version = cgroups_version(groups, gives);

        if (!version)
                return otherwise;
        return version == 2 ? SANDBOX_MEANS_CGROUP2 : SANDBOX_MEANS_CGROUP1;
}
