/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_LANDING_INTERNAL_H
#define CUPEL_GIT_LANDING_INTERNAL_H

/*
 * What prepare, execute and recovery share. The plan is all that recovery needs; it travels as the intent.
 *
 * What is ours is told by content: <ref>.lock holds our commit's id, index.lock a line with the run's id, and both come
 * into being whole (linked, not written). Private files carry the run's id in their names.
 */

#include "lib/git/checkout.h"
#include "lib/git/landing.h"

struct landing_plan {
        char *ref, *base, *commit, *run_id, *work_folder;
        char *gitdir;      /* that it lands from: whose HEAD's log and index; NULL in intents of before */
        int64_t time;      /* of the commit, and of each loose object's file */
        struct strv loose; /* ids that are installed as files of their own, none of which was there before */
        struct strv fans;  /* their folders below objects/ that were missing */
        char *pack;        /* "pack-<hex>" where one is installed instead; else NULL */
        bool pack_existed; /* installed before us: not ours to remove */
        bool checkout;     /* the worktree is brought forward */
        bool log_ref, log_head;
        struct strv made; /* folders of refs and logs, and logs, that were missing; outermost first */
        char *log_line;   /* what we append, with its newline */
};

#define PACK_FILES 2 /* pack and idx */

struct landing_pack {
        int fds[PACK_FILES];
        bool named; /* they lie in work_folder; else they have no name yet */
};
#define LANDING_PACK_INIT ((struct landing_pack){.fds = {-1, -1}})

struct landing_loose {
        struct strv ids; /* plan.loose, and those that were there before: not ours to remove, but to make young */
        int *fds;        /* in the order of ids; without a name yet */
        size_t len;
};

struct landing {
        struct repo *repo; /* borrowed */
        struct landing_plan plan;
        struct landing_pack pack;
        struct landing_loose loose;
        int ref_lock_fd; /* the new value of the ref, without a name yet; -1: made when it is taken */
        struct checkout checkout_state;
        struct strv left;
        mode_t shared; /* of shared_read() */
};

void landing_step(const char *name);

void landing_plan_release(struct landing_plan *plan);
int landing_plan_parse(struct landing_plan *plan, const char *intent, struct err *err);

/*
 * landing_loose.c: few objects. loose_write() returns 1 where the file system has no unnamed files: then a pack it is.
 * Installed: content synced, linked under their ids, folders synced.
 */
int loose_write(const struct quarantine *q, struct landing *landing, struct err *err);
int loose_install(struct landing *landing, struct err *err);
void loose_release(struct landing_loose *loose);
void loose_remove(const struct repo *repo, const struct landing_plan *plan);

/* landing_pack.c: many. Made without a name, then put into the repository (pack, then idx, then the folder's sync). */
int pack_write(struct quarantine *q, struct landing *landing, struct err *err);
int pack_install(struct landing *landing, struct err *err);
void pack_release(struct landing_pack *pack);
void pack_remove(struct repo *repo, const struct landing_plan *plan);
void pack_forget(const struct landing_plan *plan); /* the private files, where there are such */

/* landing_ref.c */
int ref_value(struct repo *repo, const char *ref, char ret[GIT_HEX], struct err *err); /* ret "" where there is none */
/* A lock's content in an unnamed file that is being written to the disk; -1 where the file system has none such. */
int lock_prepare(struct repo *repo, const char *content);
/* `fd` from lock_prepare(), or -1; it is taken. */
int lock_take(struct repo *repo, const struct landing_plan *plan, const char *path, const char *content, int fd,
              struct err *err);
bool lock_is_ours(const char *path, const char *content);
char *ref_lock_path(struct repo *repo, const struct landing_plan *plan);
char *ref_lock_content(const struct landing_plan *plan);
char *index_lock_path(struct repo *repo);
char *index_lock_content(const struct landing_plan *plan);
void lock_drop(const char *path, const char *content); /* only if ours */
int ref_publish(struct repo *repo, const struct landing_plan *plan, struct err *err);
char *lock_named_path(struct repo *repo,
                      const struct landing_plan *plan); /* where the file system has no unnamed files */
void made_note(struct repo *repo, struct landing_plan *plan);

/* landing_reflog.c */
void reflog_decide(struct repo *repo, struct landing_plan *plan, bool head_follows);
int reflog_append(struct repo *repo, const struct landing_plan *plan, struct err *err); /* not twice */
void reflog_undo(struct repo *repo, const struct landing_plan *plan);
bool reflog_left(struct repo *repo, const struct landing_plan *plan); /* the ref went on from our commit */

/* landing_undo.c: takes everything back that a landing which has not moved the ref may have left; the ref's lock last. */
void landing_undo(struct repo *repo, const struct landing_plan *plan);
void made_remove(struct repo *repo, const struct landing_plan *plan);
/* One thing of it, asked again while the error says nothing of the file (fs_again()). */
void undo_file(const char *path);
void undo_folder(const char *path);
int undo_look(const char *path, struct stat *ret); /* lstat(2) */

/* landing_shared.c: core.sharedRepository; 0: it is as the umask says. Begun: the umask for what is made in the git folder; the own one. */
mode_t shared_read(struct repo *repo);
mode_t shared_begin(mode_t shared);

/* landing_worktrees.c: ERR_HELD where the ref is in use elsewhere, or an operation is in progress here. */
int worktrees_check(struct repo *repo, const char *ref, bool checked_out, struct err *err);

#endif
