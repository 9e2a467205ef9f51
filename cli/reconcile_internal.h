/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RECONCILE_INTERNAL_H
#define CUPEL_CLI_RECONCILE_INTERNAL_H

/* The checks of cli/reconcile.h, by what they look at. */

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/store/audit.h"

struct context;
struct reconciliation;

struct reconcile_check {
        const char *id;
        const char *compares; /* "A with B" */
        const char *fix;      /* what --fix does; NULL: a person decides */
        int (*look)(struct reconciliation *r, struct err *err);
        int (*mend)(struct reconciliation *r, const json_t *finding, struct err *err);
        enum store_audit audit; /* of look_audit() */
        bool once;              /* one call of `mend` sets all of them right */
};

struct reconciliation {
        struct context *context;
        const struct reconcile_check *check; /* at work */
        json_t *found;                       /* of it: [{"where","what","key"}] */
};

/* `key`: what mend() needs to find it again; NULL: `where`. */
void reconcile_found(struct reconciliation *r, const char *where, const char *key, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* reconcile_store.c */
int look_audit(struct reconciliation *r, struct err *err);
int mend_audit(struct reconciliation *r, const json_t *finding, struct err *err);
int look_chain(struct reconciliation *r, struct err *err);
int look_columns(struct reconciliation *r, struct err *err);
int mend_columns(struct reconciliation *r, const json_t *finding, struct err *err);
int look_failures(struct reconciliation *r, struct err *err);
int mend_failures(struct reconciliation *r, const json_t *finding, struct err *err);
int look_claims(struct reconciliation *r, struct err *err);
int mend_claims(struct reconciliation *r, const json_t *finding, struct err *err);
int look_dead(struct reconciliation *r, struct err *err);
int mend_dead(struct reconciliation *r, const json_t *finding, struct err *err);

/* reconcile_packets.c */
int look_missing(struct reconciliation *r, struct err *err);
int look_incomplete(struct reconciliation *r, struct err *err);
int mend_incomplete(struct reconciliation *r, const json_t *finding, struct err *err);
int look_damaged(struct reconciliation *r, struct err *err);
int look_packet_log(struct reconciliation *r, struct err *err);
int look_later(struct reconciliation *r, struct err *err);
int mend_later(struct reconciliation *r, const json_t *finding, struct err *err);
int look_seals(struct reconciliation *r, struct err *err);
int mend_seals(struct reconciliation *r, const json_t *finding, struct err *err);
int look_checkpoints(struct reconciliation *r, struct err *err);

/* reconcile_folders.c */
int look_orphans(struct reconciliation *r, struct err *err);
int mend_folder(struct reconciliation *r, const json_t *finding, struct err *err);
int look_leftovers(struct reconciliation *r, struct err *err);
int look_endings(struct reconciliation *r, struct err *err);

/* reconcile_refs.c */
int look_commits(struct reconciliation *r, struct err *err);
int look_reachable(struct reconciliation *r, struct err *err);

/* reconcile_trailers.c */
int look_trailers(struct reconciliation *r, struct err *err);

/* reconcile_money.c */
int look_reservations(struct reconciliation *r, struct err *err);
int mend_reservations(struct reconciliation *r, const json_t *finding, struct err *err);
int look_amounts(struct reconciliation *r, struct err *err);
int look_ledger(struct reconciliation *r, struct err *err);

#endif
