/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CGROUP_H
#define CUPEL_SANDBOX_CGROUP_H

/*
 * Control groups (cgroups(7)): what the kernel counts and bounds for a whole tree of processes, where this user may make
 * groups. Found by doing: version 2 below the own group where it is delegated, version 1 hierarchies that are writable; what
 * neither gives is polled, or an rlimit.
 *
 *         cgroups_find(&groups);                       outside of any cage: opens where groups may be made; makes nothing
 *         cgroups_step_begin(&groups, &bounds);        the next step's group of version 2, where there is one
 *         ns_clone(…, cgroups_clone_fd(&groups), …)    born in it
 *         ways = cgroups_step_make(&groups, &bounds);  those of version 1, while the child mounts what it needs
 *                 in PID 1 of the step, before anything foreign runs:  cgroups_join(&groups, ways, err)
 *         cgroups_step_read(&groups, &usage);          at any time; after its end too
 *         cgroups_step_end(&groups);                   every process of it is dead
 *         cgroups_release(&groups);
 *
 * Entering: a process that moves another one into a group of version 1 waits for a grace period of the kernel, 5 to 20 ms. A
 * thread that moves itself (`tasks`) does not: 10 to 50 µs. Version 2 knows CLONE_INTO_CGROUP, which costs as little.
 *
 * A group's name says who made it (pid namespace, pid, start time): when that process is dead, cgroups_sweep() removes it.
 * Descriptors stay valid in namespaces where the file system is not mounted or read-only; they are CLOEXEC, and steps have
 * no cgroup file system. Nothing here fails but cgroups_join(): a hierarchy that refuses is not used.
 */

#include "lib/base/err.h"
#include "sandbox/limit.h"

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_BACKENDS 4
#define CGROUP_ROOT "/sys/fs/cgroup"

enum cgroup_gives {
        CGROUP_CPU = 1,
        CGROUP_MEMORY = 2,
        CGROUP_TASKS = 4,
};

struct cgroup_place {
        int parent, step; /* folders; -1: none */
        unsigned gives;   /* enum cgroup_gives; known with the first step */
};

struct cgroups {
        struct cgroup_place places[CGROUP_BACKENDS]; /* as cgroup_backends[] */
        char name[96];   /* of the run: its steps' groups begin with it; "": nothing was found */
        unsigned serial; /* of the step's */
        unsigned given;  /* enum cgroup_gives: by the hierarchies that are in use */
};

#define CGROUP_NOWHERE                                                                                                 \
        {                                                                                                              \
                .parent = -1, .step = -1                                                                               \
        }
#define CGROUPS_NONE ((struct cgroups){.places = {CGROUP_NOWHERE, CGROUP_NOWHERE, CGROUP_NOWHERE, CGROUP_NOWHERE}})

struct cgroup_bounds {
        uint64_t memory_bytes; /* 0: none */
        uint64_t tasks;        /* processes and threads; 0: none */
};

/* Of the step; what no hierarchy gives is 0, see `known`. */
struct cgroup_usage {
        unsigned known; /* enum cgroup_gives */
        uint64_t cpu_ms;
        uint64_t memory;       /* private and shared memory, files on tmpfs; no page cache */
        uint64_t memory_peak;  /* at most, kernel memory too */
        uint64_t memory_kills; /* of the kernel, because of the bound */
        uint64_t tasks, tasks_peak;
        uint64_t tasks_refused; /* forks */
};

void cgroups_find(struct cgroups *groups);
void cgroups_release(struct cgroups *groups);

void cgroups_step_begin(struct cgroups *groups, const struct cgroup_bounds *bounds);
unsigned cgroups_step_make(struct cgroups *groups, const struct cgroup_bounds *bounds);
int cgroups_clone_fd(const struct cgroups *groups); /* -1: none */
/*
 * The step was born outside of its group of version 2, since the kernel or a filter let nobody be born there: that group counts
 * nothing, so the hierarchy is used no more, and what it was to hold is left to version 1 or to looking. Before cgroups_step_make().
 */
void cgroups_born_outside(struct cgroups *groups);
int cgroups_join(const struct cgroups *groups, unsigned ways, struct err *err);
void cgroups_step_read(const struct cgroups *groups, struct cgroup_usage *ret);

/*
 * The freezer of version 2 (cgroup.freeze): all of the step stands still, its PID 1 too, or nothing does. Returns whether it
 * does what was asked; false where there is no such group, or somebody in it cannot be frozen within `within_ms`.
 */
bool cgroups_step_freeze(const struct cgroups *groups, uint64_t within_ms);
void cgroups_step_thaw(const struct cgroups *groups);

void cgroups_step_end(struct cgroups *groups);

/* Which version holds a limit here: 2, 1, or 0 for none. */
int cgroups_version(const struct cgroups *groups, enum cgroup_gives gives);

/* The same as what holds it, `otherwise` where no group does. */
enum sandbox_means cgroups_means(const struct cgroups *groups, enum cgroup_gives gives, enum sandbox_means otherwise);

/*
 * Removes what dead processes of this pid namespace left; returns how many. Beside the groups of this process, or, where that
 * process may have worked in another session, `everywhere`: that looks at every group of the machine that it may see.
 */
unsigned cgroups_sweep(bool everywhere);

#endif
