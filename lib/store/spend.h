/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SPEND_H
#define CUPEL_STORE_SPEND_H

/*
 * The ledger of money: what runs may spend, and did. One database per user, <state>/spend.db beside the repositories' stores,
 * since a week's budget is the user's and not a repository's. A run reserves its estimate before it starts and is settled at
 * what was reported when it ends:
 *
 *         struct spend *spend = NULL;
 *         spend_open(path, &spend, err);
 *         spend_reserve(spend, &claim, &limits, &answer, err);      one transaction: two that ask at once see each other
 *         if (answer.blocked) …                                     why, what is left, when it frees; nothing was written
 *         spend_settle(spend, run, actual, err);                    once; again it changes nothing
 *         spend_close(spend);
 *
 * What counts against a limit is, of a run that is not settled, its estimate, else what it spent. A run counts in the windows in
 * which it reserved. A grant is used up by the first run that fits its conditions and could not start without it: it pays for
 * what goes beyond the week's budget, last, and lifts the number of paid runs for that one.
 *
 * All amounts are micro-dollars, all times seconds since the epoch. Errors: ERR_STORE, ERR_BUSY; after an error nothing was
 * changed. Durable: what is reported as done survives loss of power.
 */

#include "lib/base/err.h"
#include "lib/base/window.h"
#include "lib/store/store.h"

#include <stdint.h>

#define SPEND_NO_LIMIT (-1)

struct spend;

int spend_open(const char *path, struct spend **ret, struct err *err); /* made where it is missing, mode 0600 */
void spend_close(struct spend *spend);                                 /* NULL is fine */

struct spend_limits {
        int64_t weekly;            /* micro-dollars, or SPEND_NO_LIMIT */
        int64_t runs;              /* per cycle, or SPEND_NO_LIMIT */
        struct window week, cycle; /* those that hold now */
};

/*
 * What a run takes of its week's budget, in micro-dollars: a grant's part comes last, and what went beyond the estimate is nobody's but
 * the week's. actual -1: it has not ended, and takes what it reserved.
 */
int64_t spend_charge(int64_t estimate, int64_t grant_usd, int64_t actual);

struct spend_claim {
        const char *run, *item,
                *agent;         /* item, agent: what a grant's conditions are compared with; agent may be NULL */
        const char *repository; /* path of the repository's folder in the state: where the run's events are */
        int64_t estimate, now;
        struct store_owner owner;
};

enum spend_blocked {
        SPEND_MAY,
        SPEND_WEEK,  /* the estimate is more than what is left of the week */
        SPEND_CYCLE, /* as many paid runs as a cycle has */
};

struct spend_answer {
        enum spend_blocked blocked;
        int64_t week_before; /* spent and reserved in this week before this run */
        int64_t runs_before; /* paid runs of this cycle */
        int64_t frees;       /* when it may start at the latest: the end of the window */
        int64_t open;        /* of week_before, reserved by runs that have not ended: it may free earlier */
        int64_t grant;       /* number of the grant that was used, 0: none */
        int64_t grant_usd;   /* of it, what goes beyond the week's budget */
        char grant_by[64];   /* who gave it */
        char state[48];      /* spend_state() as of this answer */
};

/* `ret` is filled where it is blocked too. */
int spend_reserve(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
                  struct spend_answer *ret, struct err *err);
/* The same question, and nothing is written. */
int spend_ask(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
              struct spend_answer *ret, struct err *err);
/* A text that changes whenever a run is settled, or a grant is given: what was blocked may be worth another try. */
int spend_state(struct spend *spend, char ret[48], struct err *err);
int spend_settle(struct spend *spend, const char *run, int64_t actual, struct err *err);

struct spend_run {
        const char *run, *item, *repository;
        const char *agent;              /* NULL: it has no name */
        int64_t time, estimate, actual; /* actual -1: not settled */
        int64_t grant;
        struct store_owner owner;
        char *memory_;
};
/* A callback returns 0 to go on, -1 with err set to fail; it may write to the ledger: the runs are read before the first is told. */
typedef int spend_run_fn(const struct spend_run *run, void *arg, struct err *err);
int spend_each_open(struct spend *spend, spend_run_fn *each, void *arg, struct err *err);
/* Of these windows, oldest first. */
int spend_each_since(struct spend *spend, int64_t since, spend_run_fn *each, void *arg, struct err *err);

/* ---- Grants ---- */

struct spend_grant {
        int64_t id;
        int64_t usd;
        const char *item, *agent; /* NULL: any */
        const char *repository;   /* whose item is meant, as in a claim; NULL: of any */
        int64_t until;            /* 0: without end */
        const char *by, *reason;  /* reason may be NULL */
        int64_t time;             /* when it was given */
        const char *used_by;      /* the run; NULL: nobody yet */
        int64_t used, revoked;    /* times; 0: not */
};

/* `id`, `used…` and `revoked` are ignored. */
int spend_grant_add(struct spend *spend, const struct spend_grant *grant, int64_t *ret_id, struct err *err);
/* ERR_NOT_FOUND; ERR_CONFLICT where it is used up. */
int spend_grant_revoke(struct spend *spend, int64_t id, int64_t now, struct err *err);
typedef int spend_grant_fn(const struct spend_grant *grant, void *arg, struct err *err);
int spend_each_grant(struct spend *spend, spend_grant_fn *each, void *arg, struct err *err);

static inline void spend_cleanup(struct spend **spend)
{
        spend_close(*spend);
}
#define _cleanup_spend_ __attribute__((cleanup(spend_cleanup)))

#endif
