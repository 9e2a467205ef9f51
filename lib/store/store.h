/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_STORE_H
#define CUPEL_STORE_STORE_H

/*
 * The memory of one repository: its runs, their events, approvals, landing intents and admission. One file per
 * repository, opened by supervisors and directors only; nothing in this header knows which database is beneath.
 *
 *         struct store *store = NULL;
 *         store_open("…/repos/<repo-id>/store.db", repo_id, STORE_CREATE, &store, err);
 *         store_run_create(store, &(struct store_run_spec){.id = …}, err);
 *         store_event_append(store, &(struct store_event){.run = …, .type = "note.status", …}, NULL, err);
 *         store_run_move(store, &(struct store_move){.run = …, .to = PHASE_PREPARING, …}, err);
 *         store_close(store);
 *
 * Durability: what a function reports as done survives the death of any process. It survives the loss of power too
 * where this header says "durable": creation, the moves to landing, held and to terminal phases, landing intents,
 * approvals and admission; those make everything older durable with them. A state change and its event are one transaction.
 *
 * Chains: an event is CloudEvents 1.0 JSON; its hash = SHA-256(prevhash, canonical event without hash and prevhash):
 * canonical is sorted keys, no spaces, UTF-8; prevhash, as hex text, is the hash of the run's event before (64 zeros for
 * the first). The terminal event of each run is linked into one chain of the store: link = SHA-256(previous link, run
 * id, hash of the event), texts one after the other. Its head belongs into whatever leaves the machine: it is the
 * proof; the store's own refusals are a courtesy.
 *
 * Concurrency: any number of processes; a writer waits up to STORE_WAIT_MS for another, then fails with ERR_BUSY. A
 * struct store belongs to one thread and does not survive fork(2).
 *
 * Errors: ERR_NOT_FOUND no such store, run or approval; ERR_INPUT what the caller passed on is invalid (unknown type of event,
 * bad id, ambiguous prefix); ERR_REFUSED that actor may not emit it; ERR_BUSY; ERR_CONFLICT the run is not as the caller
 * expects; ERR_LOST another run of its race is ahead; ERR_STORE disk full, read-only, damaged; ERR_INTERNAL a phase move that
 * the table does not have. After an error nothing was changed.
 *
 * Strings passed in are borrowed for the call. Strings in a callback live until it returns.
 */

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/event.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/outcome.h"
#include "lib/base/phase.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct json_t;
struct store;

#define STORE_WAIT_MS 20000
#define STORE_SEQUENCE "%010lld"         /* how the number of an event stands in its id, after "<run>:" */
#define STORE_ID_MAX 256                 /* bytes of an event id with its NUL */
#define STORE_OUTCOME_NONE OUTCOME_COUNT /* "no outcome yet" wherever an enum outcome is stored here */

enum store_mode {
        STORE_READ,   /* listing commands: never writes; ERR_NOT_FOUND where there is no store */
        STORE_WRITE,  /* must exist */
        STORE_CREATE, /* made where it is missing, mode 0600; its folder must exist */
};

/* `repo_id` becomes part of every event's source; NULL takes the one on record (not with STORE_CREATE). */
int store_open(const char *path, const char *repo_id, enum store_mode mode, struct store **ret, struct err *err);
void store_close(struct store *store); /* NULL is fine; an open batch is aborted */
/* What others see of store_close(), for a process that exits next: after it only store_close() may be called. NULL is fine. */
void store_settle(struct store *store);

/*
 * For who has time just now: the log is copied back, with two syncs, where it has grown, so that the next to open has little of it to
 * read. Nobody is waited for; what somebody still reads is left for the next time.
 */
void store_copy_back(struct store *store);

/* SQLite's own check of every page and index: O(store). ERR_STORE names the first problem. */
int store_check(struct store *store, struct err *err);

/* ---- Events ---- */

struct store_event {
        const char *run;
        const char *type; /* a name of lib/base/event.h, without "dev.cupel." */
        enum event_actor actor;
        const char *subject;       /* what it is about, or NULL: the item's id */
        const struct json_t *data; /* an object, borrowed; checked against the table */
        const struct json_t *refs; /* an array of ids and digests, borrowed, or NULL */
        const char *time;          /* RFC 3339 UTC, or NULL: now */
        const struct event_checked
                *checked; /* instead of type, actor and data: known to be valid and canonical, written as it is */
};

/* Appends one event. `ret_id` (STORE_ID_MAX bytes, or NULL) receives its id, by which later events refer to it. */
int store_event_append(struct store *store, const struct store_event *event, char *ret_id, struct err *err);

/*
 * Many appends in one transaction, and the move that they led to, where it is none that is durable (ERR_INTERNAL); nothing else
 * may be called in between, and other writers wait: gather first, then begin, append, commit at once. An event that is refused
 * (ERR_INPUT) leaves the batch usable; after any other error, and after a move that failed, only abort is left.
 */
int store_batch_begin(struct store *store, struct err *err);
int store_batch_commit(struct store *store, struct err *err);
void store_batch_abort(struct store *store); /* without a batch it does nothing */

struct store_event_row {
        const char *run;
        int64_t sequence; /* 1, 2, … within the run */
        const char *type; /* as in struct store_event */
        const char *json; /* the whole CloudEvent, one line, without the newline */
        size_t len;
        const char *hash; /* as in the JSON */
};

/*
 * What the text of a row says, found without taking it apart: its data are most of what there is to parse, and often enough who
 * said it is all that is asked for. store_event_data() parses them alone; owned by the caller, NULL with err set.
 */
struct store_event_said {
        const char *actor; /* a name of lib/base/event.h; "": it says none */
        char time[CLOCK_RFC3339];
        const char *data; /* JSON, borrowed from the row, not terminated; NULL: it has none */
        size_t len;
};

void store_event_said(const char *json, struct store_event_said *ret);
struct json_t *store_event_data(const char *json, struct err *err);

/* A callback returns 0 to go on, 1 to stop quietly, -1 with err set to fail. */
typedef int store_event_fn(const struct store_event_row *row, void *arg, struct err *err);

struct store_events_filter {
        const char *type_prefix;          /* "note." — NULL: all, or those of: */
        const char *const *type_prefixes; /* several, NULL at the end; instead of the one */
        int64_t from;                     /* first sequence wanted; 0 and 1: all */
        int64_t limit;                    /* 0: no limit */
};

/* In order of sequence. `run` is a full id. `filter` may be NULL. */
int store_events_each(struct store *store, const char *run, const struct store_events_filter *filter,
                      store_event_fn *each, void *arg, struct err *err);

/* ---- Runs ---- */

struct store_run_spec {
        const char *id;   /* [A-Za-z0-9._-]{1,RUN_ID_MAX} */
        const char *item; /* the item's id */
        const char *item_sha256;
        const char *title, *mood;
        const char *base, *target_ref; /* commit id and full ref name; NULL where not resolved yet */
        const char *snapshot_sha256, *identity;
        const char *worktree; /* path the user ran it for, for listings; may be NULL */
        pid_t owner_pid;      /* the supervisor: who must be dead before recovery may act */
        uint64_t owner_start; /* its start time, field 22 of proc_pid_stat(5) */
        const char *race;     /* the runs that compete with each other have the same; NULL: it competes with none */
        const char *agent;    /* NAME or NAME:MODEL; NULL where it has no name */
        int64_t claim_epoch;  /* of the claim of `item` that the run is started for (lib/store/queue.h); 0: of none */
        const struct store_claim *take;   /* its item is claimed for it (store_queue_may_take()); NULL: it is not */
        const struct store_start *start;  /* the approval that it starts with; NULL: it needs none */
        const struct store_event *events; /* written with its first, after it; their `run` is not looked at */
        size_t events_len;
};

/*
 * The row and `run.state created`, durable. ERR_CONFLICT where the id exists, or its item cannot be taken. Counts an attempt of
 * the item. With `start` the approval is used up, or asked for, in the same transaction (lib/store/approval.h).
 */
int store_run_create(struct store *store, const struct store_run_spec *spec, struct err *err);

struct store_run {
        const char *id, *item, *item_sha256, *title, *mood;
        const char *base, *target_ref, *snapshot_sha256, *identity, *worktree;
        const char *tree, *commit;   /* candidate, and the commit that it lands, or failed to, as; "" until known */
        const char *race, *agent;    /* "" where there is none */
        const char *reasons;         /* JSON array text of the last move that gave any; "[]" */
        const char *created, *moved; /* RFC 3339: creation, and the last change of phase */
        enum phase phase;
        enum outcome outcome; /* STORE_OUTCOME_NONE until held or terminal */
        pid_t owner_pid;
        uint64_t owner_start;
        int64_t events;      /* number of its events */
        int64_t claim_epoch; /* 0: no worker's */
        char *memory_;       /* owns the strings; store_run_release() */
};

void store_run_release(struct store_run *run);
#define _cleanup_store_run_ __attribute__((cleanup(store_run_release)))

/* By id, unique prefix, or "@last" (the newest). An ambiguous prefix is ERR_INPUT and lists candidates. */
int store_run_get(struct store *store, const char *which, struct store_run *ret, struct err *err);

enum store_runs_which {
        STORE_RUNS_ALL,
        STORE_RUNS_OPEN, /* neither terminal nor held: an owner should be working on each; recovery looks for it */
        STORE_RUNS_HELD,
};

struct store_runs_filter {
        enum store_runs_which which;
        const char *item; /* NULL: of every item */
        const char *race; /* of this race, whatever their state and item; NULL: it does not matter */
        int64_t limit;    /* 0: no limit */
};

typedef int store_run_fn(const struct store_run *run, void *arg, struct err *err);

/* Newest first; the callback may write to the store (it sees the list as it was at the start). */
int store_runs_each(struct store *store, const struct store_runs_filter *filter, store_run_fn *each, void *arg,
                    struct err *err);

struct store_next;

struct store_move {
        const char *run;
        enum phase to;
        bool expect_from; /* with it: ERR_CONFLICT unless the run is in `from` now */
        enum phase from;
        enum outcome outcome; /* read for discarded only, which is never committed or held; other phases imply theirs */
        const struct json_t *reasons; /* array of strings, or NULL: none */
        enum event_actor actor;
        const char *tree, *commit;   /* become part of the run; NULL: as they were */
        const struct json_t *intent; /* only with to = PHASE_LANDING: the landing intent, in the same transaction */
        const struct store_event *events; /* appended before the run.state event, in the same transaction; */
        size_t events_len;                /* their `run` may be NULL */
        const struct store_next
                *next;   /* of a terminal move: what follows for the queue's item; NULL: done or dropped */
        int64_t wait_ms; /* of a move to held: until its deadline (lib/store/approval.h); 0: it has none */
};

/*
 * One transaction: extra events, the row, the run.state event; leaving `landing` clears the intent; a terminal move
 * links the event into the store's chain and books the outcome on the item. Durable for landing, held and terminal.
 * A move into landing or held of a run whose race has another there, or committed, is ERR_LOST: of a race one lands.
 */
int store_run_move(struct store *store, const struct store_move *move, struct err *err);

/*
 * ERR_LOST with "RUN of agent NAME won" where another run of the same race lands, is held or is committed; else 0.
 * `ret_landing` (or NULL) receives whether that one lands, so that it may yet fail.
 */
int store_race_check(struct store *store, const char *run, bool *ret_landing, struct err *err);

struct store_owner {
        pid_t pid;
        uint64_t start;
};
/*
 * Somebody else carries the run on (approval, recovery). `seen` is the row that this was decided on: ERR_CONFLICT unless owner
 * and phase are as they were. The director of a dead owner lives on for a while, and may have ended the run since, or asked a
 * person, who would find it taken.
 */
int store_run_adopt(struct store *store, const struct store_run *seen, struct store_owner to, struct err *err);
/* `owner` lives on and works on it no more, whether or not it has ended. Nothing changes where it is another's. */
int store_run_give_back(struct store *store, const char *run, struct store_owner owner, struct err *err);

/* ---- Chains ---- */

struct store_chain_report {
        bool ok;
        int64_t runs, events, links; /* looked at */
        char head[HASH_HEX];         /* of the store's chain */
        char broken_run[RUN_ID_MAX + 1];
        int64_t broken_sequence; /* 0 where it is not about one event */
        int64_t broken_link;     /* its position in the store's chain; 0: what is broken is a run's own */
        char what[256];          /* a sentence; empty while ok */
};

/*
 * One run (full id), or with NULL every run; then the store's chain, whatever it links; with NULL then the store's pages
 * (store_check). What is found first is told: of runs in the order of their births, then of links. A broken chain is a report,
 * not an error.
 */
int store_chain_verify(struct store *store, const char *run, struct store_chain_report *ret, struct err *err);

int store_chain_head(struct store *store, char ret_hex[HASH_HEX], struct err *err); /* 64 zeros while empty */
/* Is a head that somebody kept still part of this history? False means that history was rewritten. */
int store_chain_has(struct store *store, const char *head, bool *ret, struct err *err);

/* ---- Landing intents: what recovery needs to finish or undo a landing (durable) ---- */

int store_intent_set(struct store *store, const char *run, const struct json_t *intent, struct err *err); /* replaces */
int store_intent_get(struct store *store, const char *run, struct json_t **ret,
                     struct err *err); /* owned; ERR_NOT_FOUND */

/* ---- Approvals (durable, each with its event) ---- */

enum store_approval_kind {
        STORE_APPROVAL_START,   /* an item may start: item bytes, plan and sentence */
        STORE_APPROVAL_LANDING, /* a candidate may land: run, tree, base and evidence */
        STORE_APPROVAL_PUBLICATION, /* a run may be shown outside: run and evidence, the digest of what is shown; never consumed */
};

enum store_approval_state {
        STORE_APPROVAL_REQUESTED,
        STORE_APPROVAL_GRANTED,
        STORE_APPROVAL_DENIED,
        STORE_APPROVAL_CONSUMED,
};

const char *store_approval_state_name(enum store_approval_state state);

/* What is approved. All members of the kind are compared byte for byte: a change of any of them voids the approval. */
struct store_approval_key {
        enum store_approval_kind kind;
        const char *run; /* who asked, NULL and "": no run (START only); for the others also part of what is approved */
        const char *item;
        const char *tree, *base, *evidence;           /* LANDING; of PUBLICATION `evidence` alone */
        const char *item_sha256, *plan_id, *sentence; /* START */
        int64_t wait_ms; /* not compared: how long a new request waits before it counts as denied; 0: for ever */
};

struct store_approval {
        int64_t id;
        struct store_approval_key key;
        enum store_approval_state state;
        const char *who, *reason; /* of the last step; "" while requested */
        const char *time;         /* of the last step */
        int64_t deadline_ms;      /* since the epoch, of a request; 0: none */
        char *memory_;
};

void store_approval_release(struct store_approval *approval);
#define _cleanup_store_approval_ __attribute__((cleanup(store_approval_release)))

/*
 * Asking again for what is already asked or granted returns that one and writes nothing, but where another run asks for the
 * same START: then that is an event of its own. A new request for LANDING sets the deadline of the run anew.
 */
int store_approval_request(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err);
/* Only requested approvals can be decided, and granted only before their deadline: else ERR_CONFLICT. `reason` may be NULL. */
int store_approval_decide(struct store *store, int64_t id, bool grant, const char *who, const char *reason,
                          struct err *err);
/*
 * Uses up the granted approval of exactly this key, for `key->run`. ERR_NOT_FOUND where there is none. The director calls
 * it for LANDING right before the move to landing.
 */
int store_approval_consume(struct store *store, const struct store_approval_key *key, struct err *err);
/* The newest approval that this run asked for, whoever asked first. ERR_NOT_FOUND. */
int store_approval_get(struct store *store, const char *run, enum store_approval_kind kind, struct store_approval *ret,
                       struct err *err);

/* ---- Items ---- */

struct store_item {
        char sha256[HASH_HEX];
        int64_t attempts;          /* runs created for these bytes */
        int64_t failures_in_a_row; /* since the last committed or observed; other bytes begin at 0 */
        enum outcome last_outcome; /* STORE_OUTCOME_NONE: none ended */
        char last_run[RUN_ID_MAX + 1];
};

/* ERR_NOT_FOUND where no run was ever created for it. */
int store_item_get(struct store *store, const char *item, struct store_item *ret, struct err *err);

/* ---- Admission ---- */

struct store_admission {
        const char *owner;           /* who admitted it */
        const char *evidence;        /* how ownership was established, in words */
        const char *risk;            /* low, medium, high, critical */
        const char *openings_sha256; /* of what the repository's policy may open; "" for nothing */
        const char *time;            /* set by the store */
        const char *record;          /* all of it, as JSON; "": an older cupel wrote it */
        char *memory_;
};

void store_admission_release(struct store_admission *admission);
#define _cleanup_store_admission_ __attribute__((cleanup(store_admission_release)))

/* Set replaces the record, and keeps each there ever was (`time` and `memory_` ignored), durable. Get: ERR_NOT_FOUND where not admitted. */
int store_admission_set(struct store *store, const struct store_admission *admission, struct err *err);
int store_admission_get(struct store *store, struct store_admission *ret, struct err *err);

#endif
