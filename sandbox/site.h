/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_SITE_H
#define CUPEL_SANDBOX_SITE_H

/*
 * Where steps take place. The helper builds in its own mount namespace, once per run, what all steps share:
 *
 *         scratch/root    in memory: the step's root, with /usr, /etc, /dev, /cupel and the mount points
 *         scratch/upper   the run's upper (tmpfs, or a folder on disk): upper/, work/
 *         scratch/step    what one step needs and nobody keeps: a fresh upper, uppers of carried and of writable folders
 *
 *         site_make(&site, &plan, err);                 after ns_unshare()
 *         site_finish(&site, err);                      before the first step
 *         site_step_begin(&site, &step, err);
 *                 in the child, in its namespaces:  site_enter(&site, &step, err); site_leave(err);
 *         site_step_end(&site);                         its PID 1 is dead
 *         site_step_clear(&site);                       what it had in memory goes; when there is time
 *         site_release(&site);                          scratch is empty again; in a cage when the process is gone
 *
 * A step's child inherits a copy of these mounts, adds its own (/proc, /tmp, /dev/shm, home, the worktree) and pivots. The
 * helper never pivots, and keeps a full /proc: else the kernel refuses later steps a fresh one.
 *
 * Errors: ERR_SANDBOX and system errors are a layer that failed; ERR_INPUT from site_enter() is a step that cannot start
 * (a carried folder that was replaced, a missing working directory); ERR_REFUSED from site_freeze() and site_pause() is a
 * worktree that nobody would read back. site_step_end() follows a site_step_begin() that failed, too.
 */

#include "lib/base/err.h"
#include "sandbox/plan.h"

#include <stdbool.h>

struct site {
        const struct sandbox_plan *plan;
        char *root, *upper, *work, *step;     /* paths on the host */
        char *home;                           /* as steps see it */
        const char *copied;                   /* tier B: "reflink" or "copy"; NULL: overlay */
        uint64_t copied_bytes, copied_inodes; /* tier B: size of the run's copy before the first step */
        uint64_t own_bytes, own_inodes;       /* tier B: of the step's own copy, before this step */
        uint64_t shown_bytes,
                shown_inodes;    /* tier B: of the copies of carried and writable folders, before this step */
        enum sandbox_upper kind; /* TMPFS or DISK */
        bool fresh_proc;
        bool own_network; /* the helper's net namespace is the cage's: a step may have it while nobody uses it */
        bool own_var_tmp; /* something is shown below /var/tmp, which is a link to /tmp else */
        bool covered;     /* scratch itself is a tmpfs: nothing is on disk */
        bool frozen;
        bool tried; /* the run's overlay is mounted at `step`: the proof that the kernel can, and the first step's that fits it */
        bool borrowed;          /* by a VERIFY step, whose upper is the run's then */
        bool step_made;         /* what a step has of its own is at `step` */
        bool step_ended;        /* and is waiting to be cleared */
        bool weak;              /* tier D: no mounts; the copies in scratch are what steps see (weak.h) */
        const char *carried_in; /* tier D: the copy that has the carried folders in it now; NULL: none */
        uint64_t carried_bytes, carried_inodes;
        bool tty_placed;
        struct strv points; /* what a step's own shows and links make in what all steps share: goes with it */
};

int site_make(struct site *site, const struct sandbox_plan *plan, struct err *err);
int site_finish(const struct site *site, struct err *err); /* what no plan asks for and nobody has to wait for */
int site_make_weak(struct site *site, const struct sandbox_plan *plan, struct err *err); /* tier D */
void site_release(struct site *site);

int site_step_begin(struct site *site, const struct sandbox_step *step, struct err *err);
void site_step_end(struct site *site);
void site_step_clear(struct site *site); /* gives back its memory, where there is any: the next one does it, too */

/* Where the worktree of the running VERIFY step is written to; owned by the caller. Not of a copy. */
char *site_verify_upper(const struct site *site);

/* Returns the descriptor of the step's /proc (for polling), or -1 with err; -2: no /proc here (tier C). */
int site_enter(const struct site *site, const struct sandbox_step *step, struct err *err);

/* The host's tree goes. Waits for all processors, 0.2 ms: what does not need this yet is done meanwhile, by another process. */
int site_leave(struct err *err);

/* The frozen upper's root, O_DIRECTORY|O_RDONLY. From then on it is a lower. */
int site_freeze(struct site *site, struct err *err);

/*
 * The upper as it is now, while every process of the WORK step stands still: O_DIRECTORY|O_RDONLY. Of an overlay the upper
 * itself, which must not be changed through it; of a copy what differs by now.
 */
int site_pause(struct site *site, struct err *err);

/* What lies in the upper of the step, and whether that is all there is room for (tmpfs), or more than its budget (disk). */
struct site_disk {
        uint64_t bytes, inodes;
        bool full, out_of_inodes;
};
void site_disk_used(const struct site *site, const struct sandbox_step *step, struct site_disk *ret);

/* The parts, each in its file. */
int root_build(const struct site *site, struct err *err); /* root.c: the shared root */
int root_finish(const struct site *site, struct err *err);
int root_show(const struct site *site, int rootfd, const struct sandbox_show *show, struct err *err);
int shows_mount(const struct site *site, const struct sandbox_step *step, int rootfd, bool below,
                struct err *err); /* shows.c: below the worktree or not */
int own_shows_begin(struct site *site, const struct sandbox_step *step, struct err *err); /* own_shows.c */
int own_shows_links(const struct site *site, const struct sandbox_step *step, struct err *err);
void own_shows_end(struct site *site);
int etc_build(int rootfd, struct err *err);             /* etc.c: mounts in its /etc; root_finish() seals them */
int etc_fill(const struct site *site, struct err *err); /* its files: steps that are born already see them as well */
extern const char etc_gitconfig[];
const char *const *etc_shown(void);                       /* names of the host's /etc that it is made of; NULL ends */
int proc_mount(const struct site *site, struct err *err); /* proc.c: /proc with its masks; returns its descriptor */
int worktree_mount(const struct site *site, const struct sandbox_step *step, int rootfd,
                   struct err *err); /* worktree.c */

/* Whether the path lies in the folder, and is not the folder itself; shows.c. */
bool shows_is_below(const char *path, const char *folder);

#endif
