/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_SINK_H
#define CUPEL_EGRESS_SINK_H

/*
 * Where every connection reports, proxy and routes alike: receipts, costs and vetoes on their way to the supervisor, and the run's
 * two budgets.
 *
 *         if (!sink_connection(sink)) …             one upstream connection more; false: the budget is used up
 *         n = min(n, sink_bytes_left(sink));        before a read, in either direction; 0: used up
 *         sink_bytes(sink, n);                      after it
 *         sink_answer(sink, &answer);               a route's upstream has answered, or never will
 *         sink_receipt(sink, &receipt);             once, when the connection or request has ended
 *         sink_veto(sink, "connect a.example:22", "…");      at once
 *
 * Nothing here waits but sink_drain(). What goes out is bounded by the bytes that wait for the supervisor, and vetoes by a rate
 * besides, so that a step that makes thousands of refused requests a second fills neither our memory nor the log. Receipts are
 * bounded by the budget of connections: who makes many of them hides none. What does not fit is counted, and the count is told.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct receipt {
        const char *host; /* what was asked for, in canonical form */
        uint16_t port;
        const char *address; /* what was dialled; NULL where it did not come to that */
        uint64_t bytes_in;   /* from upstream */
        uint64_t bytes_out;  /* to upstream */
        uint64_t ms;
        const char *via;    /* "connect", "http", "socks5", "route:<name>" */
        const char *method; /* NULL: none */
        int status;         /* of HTTP; 0: none */
        const char *error;  /* why it ended badly; NULL: it did not */
        bool broken_off;    /* the client went away before the answer was whole */
        uint64_t silent_ms; /* then: since the last byte in either direction */
};

/* What an upstream answered to one request of a route. */
struct upstream_answer {
        const char *route;
        int status;              /* 0: none came, or none in whole */
        const char *retry_after; /* the header; NULL: none */
        const char *error;       /* with status 0: why */
};

struct cost_record {                               /* of one answered request */
        uint64_t micro_usd, tokens_in, tokens_out; /* in: all of it, cached or not */
        uint64_t cached_in, cache_write;
        const char *model, *route;
        bool estimated; /* the final count did not come */
        bool fallback;  /* no price is known for the model */
};

struct sink;

/* `fd` is borrowed and non-blocking. Budgets: 0 = no bound. */
struct sink *sink_new(int fd, uint64_t bytes, uint64_t connections);
void sink_free(struct sink *sink);

bool sink_connection(struct sink *sink);
uint64_t sink_bytes_left(const struct sink *sink);
void sink_bytes(struct sink *sink, uint64_t count);

void sink_ready(struct sink *sink);
void sink_receipt(struct sink *sink, const struct receipt *receipt);
void sink_cost(struct sink *sink, const struct cost_record *record); /* once, when what it cost is known */
void sink_cost_exceeded(struct sink *sink);

/*
 * At the head of an answer, which may take its time to end, and before the client has seen it: what it means to the run is not
 * the client's to decide. Bounded, as receipts are, by the budget of connections; none is dropped.
 */
void sink_answer(struct sink *sink, const struct upstream_answer *answer);
void sink_veto(struct sink *sink, const char *action, const char *reason); /* any bytes; shown harmlessly */

/* Sends what waits. 1: all is sent; 0: the socket is full, ask again when it is writable; -1: the supervisor is gone. */
int sink_flush(struct sink *sink);

/* Now and then: gives room again as time passes, and tells what was dropped. `now`: clock_ms(). */
void sink_tick(struct sink *sink, uint64_t now);

/* The end: tells what was dropped and sends everything, waiting for the supervisor to read. */
int sink_drain(struct sink *sink);

#endif
