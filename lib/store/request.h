/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_REQUEST_H
#define CUPEL_STORE_REQUEST_H

/*
 * What runs ask people: note.request.help and spec.change.request, and what was decided about each. Nothing is kept beside the log:
 * a request is its event, its answer the receipt.preference.decision in the same run's log that names it, and what has none is
 * open. Its id is "<number of the run>.<sequence of the event>": short, and the same for ever.
 *
 *         store_requests_each(store, &(struct store_requests_filter){.limit = 50}, each, arg, err);      newest first
 *         store_request_get(store, "17.9", &request, err);
 *         store_request_decide(store, &(struct store_decision){.request = "17.9", .decision = "answered", …}, &decided, err);
 *
 * A run that was held for nothing but its questions (no candidate) is over with the last of their answers: it becomes `observed`,
 * and its item goes on; so does an item that the failure plan has asked about. Where the answer to the question about the
 * decision is that nothing more is to be done, the run is `rejected` and the item dropped. All in the transaction of the answer.
 */

#include "lib/store/store.h"

#define STORE_REQUEST_ID_MAX 48

struct store_request {
        char id[STORE_REQUEST_ID_MAX];
        const char *run, *item, *title; /* of the run's item */
        const char *type;               /* note.request.help, spec.change.request */
        const char *json;               /* the event, without its hashes */
        const char *decision;           /* the deciding event likewise; "": it is open */
        int64_t sequence;
        char *memory_;
};

void store_request_release(struct store_request *request);
#define _cleanup_store_request_ __attribute__((cleanup(store_request_release)))

struct store_requests_filter {
        bool all;        /* decided ones too */
        const char *run; /* full id, or NULL: of every run */
        int64_t limit;   /* 0: none */
};
typedef int store_request_fn(const struct store_request *request, void *arg, struct err *err);

int store_requests_each(struct store *store, const struct store_requests_filter *filter, store_request_fn *each,
                        void *arg, struct err *err);
int store_request_get(struct store *store, const char *id, struct store_request *ret,
                      struct err *err); /* ERR_NOT_FOUND */

struct store_decision {
        const char *request;
        const char *decision; /* answered, accepted, declined */
        const char *answer;
        const char *by;
        const char *reason; /* or NULL */
        /* What the answer about the decision means, and the mood in which the item goes on ("": as it says). */
        bool (*goes_on)(const char *answer);
        const char *mood;
};

/* What the decision brought about beside itself. */
struct store_decided {
        bool closed;  /* the held run is over */
        bool resumed; /* its item is in the queue again */
        bool dropped; /* nothing more is done about the item */
        int64_t left; /* questions of the same run that are still open */
};

/* ERR_NOT_FOUND; ERR_CONFLICT where it was decided already, saying by whom. */
int store_request_decide(struct store *store, const struct store_decision *decision, struct store_decided *ret,
                         struct err *err);

#endif
