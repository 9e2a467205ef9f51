/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ROOM_H
#define CUPEL_DIRECTOR_ROOM_H

/*
 * The clean room: a caged helper whose worktree is made of committed content alone, so that a verifier sees what a fresh
 * clone would see, with no ignored or untracked file of the run.
 *
 *         room_open(&room, d, "room", err);           early, beside the agent's work: starts the cage and its helper
 *         room_furnish_begin(&room, d, &stack, err);  the tree: head + layers
 *         room_furnish_end(&room, err);               it stands, from here on verifiers can run; time for other work between
 *         sandbox_step_start(&room.client, …);        one step after the other; its events: sandbox_client_next(), never blocking
 *         pid = room_leave(&room);                    the helper begins to go; the caller owes room_reap(pid) (0 is fine)
 *         room_close(&room);                          safe on NULL-initialised and on half-open rooms; reaps the cage
 *
 * The cage can write nothing of the run but its own folder runs/<id>/<name>. Every step has a fresh upper that is
 * thrown away: a verifier's edits change nothing. Objects of the candidate are shown beside the repository's and named in
 * GIT_ALTERNATE_OBJECT_DIRECTORIES, so that git works inside. ERR_SANDBOX where a layer is missing.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "sandbox/client.h"

#include <stdbool.h>
#include <sys/types.h>

struct director;
struct layer_stack;

#define ROOMS_FOLDER "rooms" /* "room" is the first one; all others are rooms/NAME */

/* What stands in it. */
enum room_kind {
        ROOM_CANDIDATE, /* the candidate */
        ROOM_BASE,      /* what it would land on */
        ROOM_TESTS,     /* that, with the candidate's test files */
        ROOM_KINDS,
};

struct room {
        pid_t pid; /* 0: not open */
        bool furnished;
        char *name;
        struct sandbox_client client;
        enum sandbox_tier tier; /* what is in force, once furnished */
        enum sandbox_upper upper;
        uint32_t landlock_abi;
        char worktree[16];
};

#define ROOM_INIT ((struct room){.pid = 0})

int room_open(struct room *room, const struct director *d, const char *name, struct err *err);
int room_furnish_begin(struct room *room, const struct director *d, const struct layer_stack *stack, struct err *err);
int room_furnish_end(struct room *room, struct err *err);
pid_t room_leave(struct room *room);
void room_reap(pid_t pid);
void room_close(struct room *room);

#endif
