/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_INTERNAL_H
#define CUPEL_EGRESS_ROUTE_INTERNAL_H

/*
 * The rooms of a route's service, and what they say to each other.
 *
 *   route_uv.c           the house: accepts, looks at deadlines, closes all
 *   route_visitor_uv.c   one connection of the sandbox's: its socket, its requests one after the other, its output
 *   route_exchange.c     one request at its upstream: what curl is told, what it delivers, the receipt
 *   route_ask.c, route_account.c    what it asks, what of it goes into the log
 *   route_transport.c    how curl reaches an upstream, the same for all
 *   route_curl_uv.c      curl's sockets and timer on the loop
 *
 *   visitor --- exchange_new, exchange_upload, exchange_uploaded, exchange_resume, exchange_free --->  exchange
 *   visitor <-- visitor_out, visitor_full, visitor_flush, visitor_answered ------------------------------  exchange
 *
 * curl's callbacks run inside of upstreams_…() and exchange_…(): none of them frees an exchange. An exchange says that it is
 * over once, through visitor_answered(), from outside of curl; the visitor frees it then.
 */

#include "runner/egress/cost.h"
#include "runner/egress/egress.h"
#include "runner/egress/mask.h"
#include "runner/egress/route_request.h"
#include "runner/egress/sink.h"

struct uv_loop_s;
struct upstreams;
struct visitor;
struct exchange;

struct route_world { /* shared by all of them */
        struct uv_loop_s *loop;
        const struct egress_config *config;
        struct sink *sink;
        struct mask *mask;
        struct costs *costs;
        struct upstreams *upstreams; /* NULL until the first connection: curl is not for free */
        unsigned hurry;
        unsigned costly; /* requests under way whose cost is counted */
        bool queued;     /* some wait for their end */
};

/* ---- route_curl_uv.c; an easy handle's private pointer is its exchange ---- */
struct upstreams *upstreams_new(struct uv_loop_s *loop);
void upstreams_free(struct upstreams *upstreams); /* no easy handle is in it any more */
int upstreams_start(struct upstreams *upstreams, void *easy);
void upstreams_stop(struct upstreams *upstreams, void *easy);
void upstreams_later(struct upstreams *upstreams,
                     void *easy); /* exchange_continue() as soon as curl is left; once each */

/* ---- route_exchange.c ---- */
struct exchange *exchange_new(struct route_world *world, const struct egress_route *route,
                              const struct request *request, struct visitor *visitor);
struct str *exchange_upload(struct exchange *exchange);           /* append the body's bytes here, then: */
void exchange_uploaded(struct exchange *exchange, bool complete); /* some came; complete: the last of them */
bool exchange_takes(const struct exchange *exchange);             /* there is room for more of the body */
void exchange_resume(struct exchange *exchange);                  /* the client's output has room again */
void exchange_continue(struct exchange *exchange);                /* from upstreams: what upstreams_later() was for */
bool exchange_broken(const struct exchange *exchange);            /* curl gave up without a word: free it */
uint64_t exchange_moved_at(const struct exchange *exchange);      /* clock_ms() of the last byte */
void exchange_done(struct exchange *exchange, int code);          /* from upstreams: a CURLcode */
void exchange_free(struct exchange *exchange, const char *why);   /* why: it is broken off; writes the receipt */

/* ---- route_account.c: a request that may not pass, without its query ---- */
void route_veto(struct sink *sink, const struct egress_route *route, const char *method, const char *target,
                const char *why);

/* ---- route_transport.c: how every easy handle reaches its upstream ---- */
void route_transport(void *easy, unsigned hurry);
/* Whether it failed because a connection kept from an earlier request had ended meanwhile; then the next try dials anew. */
bool route_stale(void *easy, int code);
const char *route_failure(int code); /* for a person */
int route_failure_status(int code);  /* of our own answer */

/* ---- route_visitor_uv.c---- */
struct visitor *visitor_new(struct route_world *world, size_t route, int fd, struct visitor **list, size_t *count);
struct visitor *visitor_next(const struct visitor *visitor); /* in the list */
void visitor_close(struct visitor *visitor);
uint64_t visitor_queued_at(const struct visitor *visitor); /* since when it waits for others to end; UINT64_MAX: not */
void visitor_proceed(struct visitor *visitor);             /* no longer; may close it */
void visitor_cut(struct visitor *visitor);                 /* what is being answered breaks off; closed where it is */
void visitor_tick(struct visitor *visitor, uint64_t now);  /* may close it */

struct str *visitor_out(struct visitor *visitor); /* append here, then: */
void visitor_flush(struct visitor *visitor);
bool visitor_full(const struct visitor *visitor);
/* The exchange is over. status 0: its answer is whole; -1: it broke off in the middle; else the answer is this one, of our own. */
void visitor_answered(struct visitor *visitor, int status, const char *text);
bool visitor_closes(struct visitor *visitor); /* decides whether this answer is the connection's last */

#endif
