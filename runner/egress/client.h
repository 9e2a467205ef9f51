/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_CLIENT_H
#define CUPEL_EGRESS_CLIENT_H

/*
 * One connection to the proxy, from its first byte to its receipt. It does its own socket calls, all non-blocking, and knows
 * no event loop: whoever has one calls it, and looks afterwards what it wants.
 *
 *         client = client_new(fd, &env, arg, now);
 *         client_step(client, now);            a socket is ready; also once at the beginning
 *         client_resolved(client, now, …);     the answer to env.lookup
 *         client_expire(client, now);          client_deadline() has passed
 *         client_over(client) → client_free(client)
 *
 *   SNIFF ─┬─ SOCKS_HELLO ─ SOCKS_ASK ─┐              judged: allowed              ┌─ TUNNEL ──┐
 *          └─ HTTP ────────────────────┼─ LOOKUP ─ DIAL ───────────────────────────┤           ├─ OVER
 *               ▲                      │                                           └─ FORWARD ─┤
 *               └──── kept alive ──────┼───────────────────────────────────────────────┘       │
 *                                      └─ ANSWER (refused, failed) ────────────────────────────┘
 */

#include "runner/egress/egress.h"
#include "runner/egress/sink.h"

enum client_side { CLIENT_SIDE, UPSTREAM_SIDE, CLIENT_SIDES };
enum { CLIENT_READ = 1, CLIENT_WRITE = 2 };

struct client;

struct client_env {
        const struct egress_config *config;
        struct sink *sink;
        unsigned hurry; /* time limits are divided by it */
        /* The name shall be resolved; client_resolved() is called later, or never after client_free(). */
        void (*lookup)(void *arg, const char *name);
        /* A connection to the route that listens on that port of the step's loopback; -1: none does, or it has no room. */
        int (*route)(void *arg, uint16_t port);
        /* The side's descriptor is about to be closed. */
        void (*forget)(void *arg, enum client_side side);
};

/* Takes the descriptor, borrows the rest. */
struct client *client_new(int fd, const struct client_env *env, void *arg, uint64_t now);
void client_free(struct client *client); /* puts the receipt of what was under way */

void client_step(struct client *client, uint64_t now);
/* error NULL: `count` addresses; else why there are none. */
void client_resolved(struct client *client, uint64_t now, const struct address *addresses, size_t count,
                     const char *error);
void client_expire(struct client *client, uint64_t now);

bool client_over(const struct client *client);
uint64_t client_deadline(const struct client *client);
/* The side's descriptor, or -1, and which of CLIENT_READ and CLIENT_WRITE it waits for. */
int client_wants(const struct client *client, enum client_side side, unsigned *ret_events);

#endif
