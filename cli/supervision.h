/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SUPERVISION_H
#define CUPEL_CLI_SUPERVISION_H

/*
 * What the supervisor does when something happens, without the event loop around it (supervisor_uv.c):
 *
 *      PREPARING ── director: ready ──► WORKING ── runner: result ──► CLOSING ── cage exited ──► DECIDING ── done ──► ENDED
 *          │                              │                            │                          │
 *          └── signal, runner or cage gone, our own failure: the caged side is ended, then the director discards ──┘
 *
 * The director is only asked to verify once nothing in the cage lives any more: what it checks can then not change. Where the
 * run has network, cupel-egress has a cage of its own; it ends when the first has, and is waited for, too.
 * Everything that arrives is checked again; a message that is not in the table of its sender, or out of order there, ends the run.
 */

#include "cli/checkpoint_keep.h"
#include "cli/director_call.h"
#include "cli/supervision_processes.h"
#include "cli/supervision_refs.h"
#include "cli/supervisor.h"
#include "lib/base/channel.h"
#include "lib/base/hash.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "policy/network.h"

#include <sys/types.h>

struct json_t;

enum stage {
        STAGE_PREPARING,
        STAGE_WORKING,
        STAGE_CLOSING,
        STAGE_DECIDING,
        STAGE_ENDED,
};

#define NET_RECORD_KINDS 3 /* supervision_egress.c */
/* What the upstreams of the agent's routes answered; supervision_upstream.c. */
struct upstreams_seen {
        char credential[NETWORK_ROUTES_MAX][HASH_HEX]; /* of each route: refused_id() */
        unsigned served;       /* bit per route of the plan: it accepted the credential in this run */
        bool refused;          /* a credential was refused: the run is blocked, for this reason: */
        char refusal[1024];    /* a sentence */
        size_t route;          /* of the last answer that was no success */
        int status;            /* of it; 0: none came */
        uint64_t failures;     /* in a row; 0: the last one was a success */
        char retry_after[160]; /* of the last of them; "": it said nothing */
        char error[160];       /* with status 0: why */
        char veto[512];        /* the last request of a route that was refused here; "": none was */
        enum outcome meant;    /* what the agent's words mean by its profile; with `meaning` */
        char meaning[1024];    /* "": nothing */
        bool out_of_time;      /* the wall budget ended the agent */
        bool broken_off;       /* the agent left its last request before the answer was whole, */
        uint64_t silent_ms;    /* so long after the last byte, */
        size_t silent_route;   /* of this route */
};

enum keeping {
        KEEPING_NONE,
        KEEPING_WANTED, /* the loop starts a thread for it: supervision_keep() */
        KEEPING_RUNS,
};

/* A note whose text is in canonical form: nothing of it was taken apart, and it is written as it came. */
struct pending_note {
        const struct event_type *type;
        size_t at, len; /* in `pending.text` */
        size_t after;   /* so many of `records` came before it */
};

struct supervision {
        struct context *context;
        struct launch *launch;
        struct terminal *terminal;
        struct channel director, runner, egress;  /* fd -1 once closed; egress: only where the plan has network */
        pid_t director_pid, cage_pid, egress_pid; /* -1 once reaped */
        enum stage stage;
        enum director_turn turn; /* what the director may say now */
        bool stopping;
        uint64_t deadline;       /* clock_ms() at which the cage is killed; 0: none */
        uint64_t latest;         /* clock_ms() by which the runner has given its result, or never will */
        struct record_refs refs; /* of those that are in the store: what later ones rest on */
        struct json_t *records;  /* events not yet in the store: array of {type, actor, data}; and among them: */
        struct {
                struct pending_note *notes;
                size_t len;
                struct str text;
        } pending;
        uint64_t notes_seen, notes_bytes, receipts_seen; /* of all that the runner sent */
        bool told;                                       /* the runner gave its result */
        bool verify;                                     /* … and it was a candidate */
        struct run_result verdict; /* of the caged side, where it is no candidate; then of the director */
        bool answered;             /* the director said done */
        uint64_t net_seen[NET_RECORD_KINDS], net_dropped; /* records of cupel-egress by kind; of them not in the log */
        struct json_t *cost;  /* lib/base/cost_sum.h, of what cupel-egress recorded; NULL: nothing */
        struct strv unpriced; /* models of which it was said that no price is known */
        struct strv refused;  /* what was shown as refused */
        struct upstreams_seen upstreams;
        struct checkpoint_keep keep; /* the checkpoint that the runner has staged */
        enum keeping keeping;
        int64_t kept;               /* step of the last that is durable */
        uint64_t keep_failures;     /* told in the log */
        uint64_t keep_asked;        /* by persons, and not answered by a failure */
        uint64_t renew_at;          /* clock_ms(): the lease of the item that a resumed run took */
        bool given_up;              /* the verdict is ours: nothing that anybody says changes it */
        bool distrusted;            /* the runner said what it may not: not even its notes count any more */
        struct processes processes; /* of the caged side */
        char director_error[512];
        struct redact redact; /* values of the environment that nothing of a run may show */
};

void supervision_init(struct supervision *s, struct context *context, struct launch *launch, struct terminal *terminal);
void supervision_release(struct supervision *s);

void supervision_from_director(struct supervision *s, struct json_t *message);
void supervision_from_runner(struct supervision *s, struct json_t *message);
void supervision_from_egress(struct supervision *s, struct json_t *message);

/* Whether what the runner accepted still counts: until its result; where we gave up, for as long as it lives. */
bool supervision_hears_runner(const struct supervision *s);

typedef void supervision_message_fn(struct supervision *s, struct json_t *message);

#define SUPERVISION_GARBAGE (-1)
#define SUPERVISION_DEAF (-2)

/*
 * Hands on what has arrived, to one of those. 1: there may be more later; 0: the peer is gone; GARBAGE: it sends what is no message;
 * DEAF: receiving failed, which says nothing of the peer, and what it sent is still there.
 * `most`: messages before the others, time and signals among them, get their turn; a peer that sends without end would keep all of
 * them away. What was received is handled.
 */
int supervision_receive(struct supervision *s, struct channel *channel, supervision_message_fn *handle, size_t most);

void supervision_note_footprint(struct supervision *s);        /* before it starts: what the run will be shown */
int supervision_begin(struct supervision *s, struct err *err); /* from created to preparing, with that on record */
void supervision_flush(struct supervision *s);                 /* writes the pending records, in one transaction */
/* Whether there are some, and whether they are so many that they should be written now. */
bool supervision_has_records(const struct supervision *s);
bool supervision_is_full(const struct supervision *s);
void supervision_director_closed(struct supervision *s);
void supervision_runner_closed(struct supervision *s, int how); /* 0, GARBAGE or DEAF */
void supervision_egress_closed(struct supervision *s, int how);
/*
 * The cage was reaped. The runner dies with it, but a moment later, and may be in the middle of a write until then: waited for,
 * so that nothing of it comes after what is judged, redacted and sealed.
 */
void supervision_await_runner(const struct supervision *s);
void supervision_cage_exited(struct supervision *s, int wait_status);
void supervision_egress_exited(struct supervision *s, int wait_status);
void supervision_viewer_exited(struct supervision *s, int wait_status);
void supervision_signal(struct supervision *s);
void supervision_tick(struct supervision *s);

/* A person wants a checkpoint now, or has dropped the item. */
void supervision_wish(struct supervision *s);
/* On the thread, then back in the loop with what came of it. The run's end waits for both. */
int supervision_keep(struct supervision *s, struct err *err);
void supervision_kept(struct supervision *s, const struct err *err);

/* receipt.attack.report of a process of ours that sent what it may not send; before supervision_give_up(). */
void supervision_note_attack(struct supervision *s, const char *who, const char *what);
/* The run cannot go on: the caged side is ended, the director discards with this outcome and reason. */
void supervision_give_up(struct supervision *s, enum outcome outcome, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
