/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_CLIENT_INTERNAL_H
#define CUPEL_EGRESS_CLIENT_INTERNAL_H

/* What the files of one proxy connection share (client.h): client.c the states, client_http.c, client_socks.c, client_dial.c. */

#include "runner/egress/client.h"
#include "runner/egress/flow.h"
#include "runner/egress/limits.h"

enum client_state {
        CLIENT_SNIFF,
        CLIENT_SOCKS_HELLO,
        CLIENT_SOCKS_ASK,
        CLIENT_HTTP,
        CLIENT_LOOKUP,
        CLIENT_DIAL,
        CLIENT_TUNNEL,
        CLIENT_FORWARD,
        CLIENT_ANSWER,
        CLIENT_OVER,
};

struct client {
        const struct client_env *env;
        void *arg;
        enum client_state state;
        uint64_t now, deadline;
        int fd, upstream;
        unsigned wants[CLIENT_SIDES];
        struct flow up, down; /* up.in: what the client sent; down.out: what it is to get */

        /* what was asked for */
        struct host host;
        uint16_t port;
        const char *via;
        struct http_head request, response;
        struct str head_up; /* the head that goes upstream once it is dialled */
        bool named;         /* the policy names exactly this address and port */
        uint64_t begun;
        bool has_receipt; /* judged and allowed: a receipt is due */

        struct address addresses[ADDRESSES_MAX];
        size_t addresses_len, addresses_next;
        char dialled[ADDRESS_TEXT_MAX];
        int dial_errno;

        bool kept;        /* HTTP: waits for a further request */
        unsigned blanks;  /* HTTP: empty lines before the request */
        unsigned interim; /* FORWARD: answers before the answer */
        bool answered;    /* FORWARD: the response's head is through */
        bool shut_up, shut_down;
        uint64_t drained;
};

/* A state's function: true: the state or its input changed, look again. */
bool client_http(struct client *client);
bool client_forward(struct client *client);
bool client_socks_hello(struct client *client);
bool client_socks_ask(struct client *client);
bool client_dial(struct client *client);

void client_move(struct client *client, enum client_state state, uint64_t ms);

/* Reads what the client sent; true: something came. At its end, or in trouble, the state is OVER. */
bool client_read(struct client *client);
bool client_has_read(struct client *client, ssize_t got); /* the same, of what flow_fill() returned */

/* Judges host, port; then dials, or looks up, or refuses. */
void client_judge(struct client *client);
void client_dial_next(struct client *client);
void client_dialled(struct client *client); /* by DIAL: the tunnel or the request begins */
void client_forward_begin(struct client *client);

/* Both sides are reset: what was passed on is not the whole. */
void client_break(struct client *client, const char *why);
void client_want_flows(struct client *client);
uint64_t client_moved(const struct client *client);

/*
 * Both end it with an answer in the client's own protocol: something was refused, `veto` is the action for action.vetoed; or
 * something allowed failed, and the receipt tells why.
 */
void client_refuse(struct client *client, int status, const char *veto, const char *reason, const char *remedy);
void client_fail(struct client *client, int status, const char *reason);
void client_receipt(struct client *client, const char *error);
void client_close_upstream(struct client *client);

/* "connect example.com:443", owned by the caller. */
char *client_action(const struct client *client);

#endif
