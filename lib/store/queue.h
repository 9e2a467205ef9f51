/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_QUEUE_H
#define CUPEL_STORE_QUEUE_H

/*
 * The queue of work items: what waits to be run, who runs it, what comes after a run of it. `cupel work` takes from it.
 *
 *         store_queue_add(store, specs, len, &at, err);                     all of them or none
 *         store_queue_return(store, err);                                   what dead workers had goes back
 *         if (store_queue_claim(store, &claim, &item, err) == 1)            the first that is ready, with a new epoch
 *                 … a run is created with its item and claim_epoch (store_run_create)
 *         store_run_move(… .next = &next …)                                 what follows, in the run's last transaction
 *         store_queue_release(store, item, epoch, &next, err);              the same where no run came to be
 *
 * States, and the only moves between them:
 *
 *      add ──► queued ──► claimed ──┬──► done ──────────┐
 *                ▲ ▲ ▲       │      ├──► failed ────────┤ add again: the next generation; retry: failed, dropped
 *                │ │ │       │      ├──► held ──► (as claimed)
 *                │ │ └───────┘      ├──► split ──► done once all its children are
 *                │ └── waiting ◄────┤
 *                └──── asked ◄──────┘          drop: from queued, claimed, waiting, asked, split ──► dropped
 *
 * Order: the highest priority first, of those the one that was added first; a returned item keeps its place. It is ready once
 * everything that it depends on is done. What it depends on may be added later; a cycle is refused by who would close it.
 * Where a dependency failed or was dropped, the item waits: a person retries or drops one of the two. A parent is done when
 * its own run is and all its children are.
 *
 * A run that a person resumes takes its item itself: not as the first that is ready, but that one, with a new epoch, in the
 * transaction that creates the run (store_run_spec.take).
 *
 * The fence: a worker claims an item and gets an epoch, one more at each claim for ever; each run that it starts carries
 * both. A run whose item is no longer claimed or held under its epoch is refused (ERR_LOST) where it would land or be held, in
 * the transaction of that move. An item is taken from a worker that is dead and left no open run behind (an open run is
 * recovered first, and returns the item by its end), or whose lease is over; never while a run of it lands, is held or is
 * committed under that epoch.
 *
 * Bounds: a run that says nothing about the work (the base moved in conflict, the claim was lost, it was stopped) puts its item
 * back without counting as an attempt, at most STORE_REQUEUES_MAX times; one that was interrupted at most STORE_CRASHES_MAX
 * times; then the item has failed.
 *
 * Whatever makes an item claimable touches the file `queue.wake` beside the store: who waits for work watches it.
 */

#include "lib/base/next.h"
#include "lib/base/str.h"
#include "lib/store/store.h"

#include <stdint.h>

#define STORE_REQUEUES_MAX 100
#define STORE_CRASHES_MAX 12
#define STORE_QUEUE_WAKE "queue.wake"

/*
 * What follows a run for its work item; decided by policy/failure.h, applied with the run's last move. Without one it follows
 * from the outcome: committed and observed are DONE, blocked is WAIT without anything to wait for (a person retries), base_conflict,
 * cancelled, interrupted, sandbox_unavailable and internal_error are REQUEUE, everything else is DROP: the item has failed.
 */
struct store_next {
        enum next_step what;
        const char *mood;              /* RETRY: a name of policy/mood.h; NULL: as the item says */
        int64_t tier;                  /* RETRY: index into the agent's tiers; 0: the agent itself */
        const char *reason;            /* a sentence, or NULL */
        const struct json_t *children; /* SPLIT: array of work items, each canonical; borrowed */
        const char *waits_for; /* WAIT: what must change, "KIND DETAIL" as cli/waits.h reads it; NULL: a person */
};

/* state, name, moves, whether nothing more happens to it by itself */
#define STORE_ITEM_STATES(X)                                                                                           \
        X(QUEUED, "queued", TO(CLAIMED) | TO(DROPPED), false)                                                          \
        X(CLAIMED, "claimed",                                                                                          \
          TO(QUEUED) | TO(WAITING) | TO(HELD) | TO(ASKED) | TO(SPLIT) | TO(DONE) | TO(FAILED) | TO(DROPPED), false)    \
        X(WAITING, "waiting", TO(QUEUED) | TO(DROPPED), false)                                                         \
        X(HELD, "held", TO(QUEUED) | TO(WAITING) | TO(ASKED) | TO(SPLIT) | TO(DONE) | TO(FAILED), false)               \
        X(ASKED, "asked", TO(QUEUED) | TO(DROPPED), false)                                                             \
        X(SPLIT, "split", TO(DONE) | TO(DROPPED), false)                                                               \
        X(DONE, "done", TO(QUEUED), true)                                                                              \
        X(FAILED, "failed", TO(QUEUED), true)                                                                          \
        X(DROPPED, "dropped", TO(QUEUED), true)

enum store_item_state {
#define X(state, name, next, terminal) STORE_ITEM_##state,
        STORE_ITEM_STATES(X)
#undef X
                STORE_ITEM_STATE_COUNT
};
const char *store_item_state_name(enum store_item_state state);
bool store_item_state_is_terminal(enum store_item_state state);

struct store_queue_spec {
        const char *item; /* its id */
        const char *title;
        const char *bytes; /* the work item, as it is to be run */
        size_t len;
        const char *parent;         /* or NULL */
        const char *policy;         /* absolute path of a policy file, or NULL: the repository's */
        const char *who;            /* added it */
        int64_t priority;           /* the highest first; may be negative */
        const struct strv *depends; /* or NULL */
};

/*
 * One transaction, durable. An id whose item has ended begins its next generation; one that has not is ERR_CONFLICT; a cycle, a bad
 * id, or the same id twice is ERR_INPUT. `ret_at` (or NULL) receives the index of the one at fault.
 */
int store_queue_add(struct store *store, const struct store_queue_spec *specs, size_t len, size_t *ret_at,
                    struct err *err);

struct store_queued {
        const char *item, *title, *sha256, *parent, *policy, *who; /* "" where there is none */
        const char *added, *moved;                                 /* RFC 3339 */
        const char *mood;                                          /* of the next run; "": as the item says */
        const char *reason;                                        /* why it is where it is, a sentence; "" */
        const char *waits_for;                                     /* "" */
        const char *last_run;                                      /* "" */
        enum store_item_state state;
        int64_t priority, generation, epoch;
        int64_t attempts; /* runs of this generation that ended and count; the one at work is not among them */
        int64_t requeues, crashes;
        int64_t tier;             /* of the next run */
        int64_t unmet;            /* dependencies that are not done */
        int64_t children;         /* that are not done */
        struct store_owner owner; /* claimed: the worker */
        uint64_t lease;           /* … and until when, clock_ms() */
        char *memory_;
};

void store_queued_release(struct store_queued *queued);
#define _cleanup_store_queued_ __attribute__((cleanup(store_queued_release)))

int store_queue_get(struct store *store, const char *item, struct store_queued *ret,
                    struct err *err); /* ERR_NOT_FOUND */
int store_queue_bytes(struct store *store, const char *item, struct str *ret,
                      struct err *err); /* the work item itself */

typedef int store_queue_fn(const struct store_queued *queued, void *arg, struct err *err);

/* In the order of claims. `all`: those that have ended too. Callbacks return as those of store_events_each(). */
int store_queue_each(struct store *store, bool all, store_queue_fn *each, void *arg, struct err *err);
int store_queue_in_state(struct store *store, enum store_item_state state, store_queue_fn *each, void *arg,
                         struct err *err);

enum store_queue_relation {
        STORE_QUEUE_NEEDS,    /* what it depends on */
        STORE_QUEUE_NEEDED,   /* what depends on it */
        STORE_QUEUE_CHILDREN, /* whose parent it is */
};

/* `state` is NULL where the id is not in the queue; `met`: it holds nobody up. */
struct store_queue_relative {
        const char *item, *state;
        bool met;
};
typedef int store_queue_relative_fn(const struct store_queue_relative *relative, void *arg, struct err *err);
int store_queue_relatives(struct store *store, const char *item, enum store_queue_relation relation,
                          store_queue_relative_fn *each, void *arg, struct err *err);

/* Counts by state, and of the queued those that are ready. */
struct store_queue_counts {
        int64_t of[STORE_ITEM_STATE_COUNT];
        int64_t ready;
};
int store_queue_count(struct store *store, struct store_queue_counts *ret, struct err *err);

/* ---- Workers ---- */

struct store_claim {
        struct store_owner owner;
        uint64_t until; /* clock_ms(): when the lease is over */
};

/* 1: claimed, and *ret is it; 0: nothing is ready. */
int store_queue_claim(struct store *store, const struct store_claim *claim, struct store_queued *ret, struct err *err);
/* All claims of that owner. */
int store_queue_renew(struct store *store, const struct store_claim *claim, struct err *err);
/* Items of dead workers and of leases that are over go back to the queue: how many did, or -1. */
int store_queue_return(struct store *store, struct err *err);
/* 0 where the item is claimed under that epoch, and *ret is it; else ERR_LOST. */
int store_queue_claimed(struct store *store, const char *item, int64_t epoch, struct store_queued *ret,
                        struct err *err);
/* The claim ends without a run. ERR_LOST where it is another's by now. */
int store_queue_release(struct store *store, const char *item, int64_t epoch, const struct store_next *next,
                        struct err *err);

/* Whether a run that a person resumes may take it: ERR_CONFLICT says why not, and what to do. */
int store_queue_may_take(const struct store_queued *row, struct err *err);

/* ---- People ---- */

/* ERR_NOT_FOUND; ERR_CONFLICT where its state does not allow that. A run at work on it cannot land any more. */
int store_queue_drop(struct store *store, const char *item, const char *reason, struct err *err);
/* failed, dropped, waiting, asked → queued. What had ended begins anew: attempts, mood, tier. */
int store_queue_retry(struct store *store, const char *item, const char *reason, struct err *err);
/* waiting → queued, unless it waits for something else by now: 1 where it went, 0 where not. */
int store_queue_wait_over(struct store *store, const char *item, const char *waits_for, struct err *err);

/* Tells who waits for work to look again. */
void store_queue_wake(const struct store *store);

#endif
