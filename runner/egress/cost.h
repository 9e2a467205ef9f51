/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_COST_H
#define CUPEL_EGRESS_COST_H

/*
 * What the run's requests to models cost: the ledger of all routes, and each request's part in it.
 *
 *         struct costs *costs = costs_new(&config, sink);
 *         struct cost *cost = cost_new(costs, route, method, target);   NULL: nothing to count there
 *         cost_request(cost, bytes, len, complete)       NULL, or why the request must not go out
 *         cost_answer(cost, bytes, len)                  of a successful answer; false: the budget is passed, break off
 *         cost_unread(cost, bytes)                       of an answer that is broken off: what had come and nobody read
 *         cost_left(cost, ms)                            the client left, so long after it asked, before the answer's end
 *         cost_ended(cost, ms)                           the answer came to its end then
 *         cost_end(cost, answered)                       what it came to, into the ledger and the log; frees
 *
 * Every function takes a NULL cost. All is in micro-dollars. While an answer runs, input that nobody has counted yet goes at the
 * cache's price: a stream is not cut for what may turn out to be cached.
 */

#include "runner/egress/egress.h"
#include "runner/egress/sink.h"

struct costs;
struct cost;

struct costs *costs_new(const struct egress_config *config, struct sink *sink);
void costs_free(struct costs *costs);
uint64_t costs_spent(const struct costs *costs); /* with what runs */
bool costs_exceeded(const struct costs *costs);

struct cost *cost_new(struct costs *costs, const struct egress_route *route, const char *method, const char *target);
const char *cost_request(struct cost *cost, const char *bytes, size_t len, bool complete);
bool cost_answer(struct cost *cost, const char *bytes, size_t len);
void cost_unread(struct cost *cost, uint64_t bytes);
void cost_left(struct cost *cost, uint64_t ms);
void cost_ended(struct cost *cost, uint64_t ms);
void cost_end(struct cost *cost, bool answered);

#endif
