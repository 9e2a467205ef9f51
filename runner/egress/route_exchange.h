/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_EXCHANGE_H
#define CUPEL_EGRESS_ROUTE_EXCHANGE_H

/*
 * One request at its upstream, for the rooms that share it: route_exchange.c (its life and curl's callbacks), route_ask.c (what
 * the upstream is asked), route_account.c (what is left of it in the log).
 */

#include "runner/egress/route_answer.h"
#include "runner/egress/route_internal.h"

struct curl_slist;

struct exchange {
        struct route_world *world;
        const struct egress_route *route;
        struct visitor *visitor;
        void *easy; /* curl's */
        struct curl_slist *lines;
        char *method, *target;
        struct answer_client asked;
        struct answer answer;
        struct mask_stream masking;
        struct cost *cost; /* NULL: it has none that can be seen */
        size_t held;       /* bytes that curl keeps for us while the answer is paused */
        struct str upload;
        size_t upload_at; /* curl has taken what is before */
        size_t watched;   /* of `upload`: by `cost` */
        int own_status;   /* of our own answer; 0: by what failed */
        bool upload_complete, upload_paused, answer_paused;
        bool head_sent, broken, uploaded, again;
        const char *why; /* we ended it; NULL: we did not */
        uint64_t bytes_in, bytes_out, began, moved;
};

/* route_ask.c: method and headers. */
void exchange_ask(struct exchange *exchange, const struct request *request);

/* route_account.c. Whether the answer is one that costs; then, at its end, the receipt and the cost. why: it is broken off. */
bool exchange_succeeds(const struct exchange *exchange);
void exchange_account(struct exchange *exchange, const char *why);

#endif
