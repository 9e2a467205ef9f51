/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_WEAK_H
#define CUPEL_SANDBOX_WEAK_H

/*
 * Tier D: a machine that gives no user namespaces. Without them nothing can be mounted, no process hidden and no network taken
 * away, so each of those is replaced by the next best thing, and the whole is called weaker wherever it shows:
 *
 *         mounts      the worktree is a copy in scratch, home and /tmp are folders there; Landlock shows nothing else but the
 *                     system's folders (weak_leader.c)
 *         files       chmod, times and attributes pass Landlock by: the step's own calls are refused, and what it asks for
 *                     below its own folders is done for it by its keeper (weak_files.h)
 *         processes   the step's keeper is a subreaper: whatever the step leaves behind becomes its child, and is killed;
 *                     Landlock's scope keeps signals inside (weak_keeper.c, weak_tree.c)
 *         network     no socket can be made but pairs; so there are no notes and no egress either
 *         PID 1       the keeper: it ends when the leader or the helper does, and with it everything
 *
 * Landlock without scopes (before ABI 6) would let a step kill what its user runs: then there is no sandbox at all (tier E).
 */

#include "lib/base/err.h"
#include "sandbox/site.h"
#include "sandbox/step.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whether a cage can be made: tried in a child. False says why in err. */
bool weak_is_avoidable(struct err *err);

/* Before a plan is taken: privileges away for ever, and orphans become ours. */
int weak_begin(struct err *err);

/* Capabilities away, as far as there are any; no_new_privs. */
int weak_drop(struct err *err);

/* ---- The site: folders in scratch (weak_site.c) ---- */
int weak_site_furnish(struct site *site, struct err *err); /* after the copy is made */
int weak_step_begin(struct site *site, const struct sandbox_step *step, struct err *err);
int weak_place_carried(const struct site *site, const struct sandbox_step *step,
                       struct err *err); /* ERR_INPUT: something else is where one has to be */
void weak_step_end(struct site *site);
int weak_before_freeze(const struct site *site, struct err *err);
void weak_disk_used(const struct site *site, struct site_disk *ret); /* adds home and tmp, takes carried folders off */

char *weak_tree(const struct site *site,
                const struct sandbox_step *step); /* the worktree's path; owned by the caller */

/* `value` with what names a place of the sandbox (/cupel/…, the worktree) naming the host's place; owned by the caller. */
char *weak_translate(const struct site *site, const struct sandbox_step *step, const char *value);

/* ---- The step ---- */
int weak_spawn(struct step_process *ret, const struct site *site, const struct sandbox_step *step,
               struct cgroups *groups, struct err *err);

/* Landlock and seccomp of a step; sends the descriptor of asked calls over `keeper`. */
int weak_restrict(const struct site *site, const struct sandbox_step *step, int keeper, struct err *err);

/* ---- Processes below one of ours (weak_tree.c) ---- */
struct weak_tree_usage {
        uint64_t tasks, memory_bytes, cpu_ms; /* tasks: processes and threads */
};
void weak_tree_measure(pid_t root, struct weak_tree_usage *ret); /* of all that descend from it */

/*
 * Each process below it, by its folder in that /proc, ascending, until one says false; -1: below this process, but for its
 * children, which are PID 1 of their namespaces. False: one did, or there is no /proc. A signal to all below it.
 */
bool weak_tree_each(pid_t root, bool (*each)(int proc, const char *pid, void *arg), void *arg);
void weak_tree_signal(pid_t root, int signal);

/* Threads of all processes of the user, on the whole machine: RLIMIT_NPROC counts them where there is no user namespace. */
uint64_t weak_user_tasks(void);

/*
 * Kills all that descends from the calling process, which is a subreaper, and reaps it; returns when nothing is left. `wanted`
 * (-1: none): its wait(2) status goes to `ret_status`.
 */
void weak_tree_kill(pid_t wanted, int *ret_status);

#endif
