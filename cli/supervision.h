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
 * Everything that arrives is checked again; a message that is not in the table of its sender ends the run.
 */

#include "cli/supervisor.h"
#include "lib/base/channel.h"
#include "lib/base/hash.h"
#include "lib/base/redact.h"
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

struct supervision {
        struct context *context;
        struct launch *launch;
        struct terminal *terminal;
        struct channel director, runner, egress;  /* fd -1 once closed; egress: only where the plan has network */
        pid_t director_pid, cage_pid, egress_pid; /* -1 once reaped */
        enum stage stage;
        bool stopping;
        uint64_t deadline;      /* clock_ms() at which the cage is killed; 0: none */
        uint64_t latest;        /* clock_ms() by which the runner has given its result, or never will */
        struct json_t *records; /* events of the runner not yet in the store: array of {type, actor, data} */
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
        bool given_up; /* the verdict is ours: nothing that anybody says changes it */
        char director_error[512];
        struct redact redact; /* values of the environment that nothing of a run may show */
};

void supervision_init(struct supervision *s, struct context *context, struct launch *launch, struct terminal *terminal);
void supervision_release(struct supervision *s);

void supervision_from_director(struct supervision *s, struct json_t *message);
void supervision_from_runner(struct supervision *s, struct json_t *message);
void supervision_from_egress(struct supervision *s, struct json_t *message);
void supervision_note_footprint(struct supervision *s); /* before it starts: what the run will be shown */
void supervision_flush(struct supervision *s);          /* writes the pending records; after each burst of messages */
void supervision_director_closed(struct supervision *s);
void supervision_runner_closed(struct supervision *s, bool garbage);
void supervision_egress_closed(struct supervision *s, bool garbage);
void supervision_cage_exited(struct supervision *s, int wait_status);
void supervision_egress_exited(struct supervision *s, int wait_status);
void supervision_viewer_exited(struct supervision *s, int wait_status);
void supervision_signal(struct supervision *s);
void supervision_tick(struct supervision *s);

/* The run cannot go on: the caged side is ended, the director discards with this outcome and reason. */
void supervision_give_up(struct supervision *s, enum outcome outcome, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
