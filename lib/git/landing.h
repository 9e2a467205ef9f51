/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_LANDING_H
#define CUPEL_GIT_LANDING_H

/*
 * Moving the target ref to one commit, once, or leaving the repository byte for byte as it was (guarantees G1, G2, G10).
 *
 *         landing_lock(state_dirfd, NULL, NULL, &lock_fd, err);              one landing per repository at a time
 *         landing_prepare(repo, q, &spec, &landing, err);        nothing in the repository is touched yet
 *         intent = landing_intent_json(landing);                 the caller makes it durable (synchronous=FULL)
 *         landing_execute(landing, err);                         then the receipt
 *         landing_free(landing);                                 `repo` and `q` outlive it
 *
 * after a crash, under the same lock, with the intent that was stored:
 *
 *         landing_recover(repo, intent, &found, &left, err);     as often as one likes, from any worktree
 *
 * Errors of prepare: ERR_CONFLICT (the ref is not at `base`), ERR_HELD (checked out where it cannot be brought forward
 * now; the message names path or reason), ERR_INPUT (no such ref, symbolic ref). Of execute: ERR_CONFLICT (the ref
 * moved), ERR_BUSY (somebody else's lock stayed, or the index changed since prepare: prepare again), ERR_SYSTEM; after
 * each of them nothing is published and nothing is left. Once the ref has moved, execute succeeds; files of the
 * checkout that were edited meanwhile are left alone and named by landing_left().
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct repo;
struct quarantine;
struct landing;

struct landing_spec {
        const char *ref;                 /* full name, refs/heads/… */
        const char *base;                /* what the ref must be at, 40 hex digits */
        const char *commit;              /* what it moves to; its objects are in the checked quarantine */
        const char *run_id;              /* [A-Za-z0-9._-]: marks locks, private files and the reflog */
        const char *work_folder;         /* absolute; runs/<id>, for the pack where files must have a name */
        const char *who_name, *who_mail; /* for the reflog */
        int64_t time;                    /* seconds; for the reflog */
};

enum landing_found {
        LANDING_FINISHED, /* the ref is at the commit (or was, and somebody went on from there); all brought up to it */
        LANDING_CLEANED,  /* it did not land; what was there of it is removed */
};

/*
 * Waits until the exclusive lock is ours; released by closing. `state_dirfd` is repos/<id>/ of the state root. While another has
 * it, `wait` is asked at each signal that interrupts the process whether to go on: false ends it with ERR_BUSY. NULL: for as
 * long as it takes.
 */
typedef bool landing_wait(void *data);
int landing_lock(int state_dirfd, landing_wait *wait, void *data, int *ret_fd, struct err *err);

int landing_prepare(struct repo *repo, struct quarantine *q, const struct landing_spec *spec, struct landing **ret,
                    struct err *err);
char *landing_intent_json(const struct landing *landing); /* owned by the caller */
int landing_execute(struct landing *landing, struct err *err);
const struct strv *landing_left(const struct landing *landing); /* paths left alone, quoted */
void landing_free(struct landing *landing);

/* `left`: what landing_left() would have named is added. */
int landing_recover(struct repo *repo, const char *intent, enum landing_found *ret, struct strv *left, struct err *err);

/* For crash tests: called with a step's name before and after each step that changes something. NULL otherwise. */
extern void (*landing_step_hook)(const char *step);

static inline void landing_cleanup(struct landing **landing)
{
        landing_free(*landing);
}

#define _cleanup_landing_ __attribute__((cleanup(landing_cleanup)))

#endif
