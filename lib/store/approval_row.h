/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_APPROVAL_ROW_H
#define CUPEL_STORE_APPROVAL_ROW_H

/* Approvals as the files of this folder share them: a row taken apart, and one step of one. All within an open transaction. */

#include "lib/store/approval.h"
#include "lib/store/db.h"

/* A statement over APPROVAL_COLUMNS, to be stepped once: 1 with *ret, 0 none, -1 error. */
int approval_read(struct store *store, struct sqlite3_stmt *stmt, struct store_approval *ret, struct err *err);
/* The same for a list; the statement stays where it is. */
int approval_take(struct sqlite3_stmt *stmt, struct store_approval *ret, struct err *err);

/* Parameters 1 to 9. */
void approval_bind(struct sqlite3_stmt *stmt, const struct store_approval_key *key);

/* 1 with the newest of exactly this key in one of the two states, granted before requested; 0 none; -1 error. */
int approval_search(struct store *store, const struct store_approval_key *key, enum store_approval_state one,
                    enum store_approval_state other, struct store_approval *ret, struct err *err);

/* A row in the state requested and, where a run asks, its event. */
int approval_add(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err);
/* The same where there is one already: another run asks too. */
int approval_ask(struct store *store, const struct store_approval *known, const char *run, struct err *err);

int approval_step(struct store *store, int64_t id, enum store_approval_state state, const char *who, const char *reason,
                  struct err *err);
/* A requested one becomes granted, of whoever asked. ERR_CONFLICT where it is not requested any more, or too late. */
int approval_grant(struct store *store, const struct store_approval *approval, const char *who, const char *reason,
                   struct err *err);
/* `run` uses it up. */
int approval_use(struct store *store, const struct store_approval *approval, const char *run, struct err *err);

const char *approval_kind_name(enum store_approval_kind kind);

/* acceptance.c: 1 where the time of a request or of a held run is over, 0, -1. Nearly always there is nothing to do. */
int deadline_passed(struct store *store, struct err *err);

/* approval_tell.c */
struct approval_told {
        const char *type; /* "approval.granted" … */
        enum event_actor actor;
        const char *who, *reason; /* NULL: none */
        const char *granted;      /* when, of a consumption; NULL: none */
        int64_t deadline_ms;      /* 0: none */
};
int approval_tell(struct store *store, const char *run, const struct store_approval_key *key,
                  const struct approval_told *told, struct err *err);

/* store_run_create(): after the run's first event. */
int approval_at_start(struct store *store, const struct store_run_spec *spec, struct err *err);

#endif
