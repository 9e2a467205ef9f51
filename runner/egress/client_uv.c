/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rim of the proxy's connections. A handle's memory may go only after its closing callback, and a lookup's only after its
 * thread is through: so polls and lookups live on the heap and outlast their client.
 */
#include "runner/egress/client_uv.h"

#include "runner/egress/client.h"
#include "runner/egress/limits.h"

#include "lib/base/clock.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct slot;

struct side_poll {
        uv_poll_t handle;
        struct slot *slot;
        unsigned events;
};

struct lookup {
        uv_getaddrinfo_t request;
        struct slot *slot; /* NULL: nobody waits for it any more */
};

struct slot {
        struct clients *owner;
        struct client *client; /* NULL: free */
        struct side_poll *polls[CLIENT_SIDES];
        struct lookup *lookup;
};

struct clients {
        uv_loop_t *uv;
        struct client_env env;
        clients_route_fn route;
        void *route_arg;
        struct slot slots[CLIENTS_MAX];
        size_t used;
};

/* ---- polls ---- */

static void free_poll(uv_handle_t *handle)
{
        free(handle->data);
}

static void forget(void *arg, enum client_side side)
{
        struct slot *slot = arg;
        struct side_poll *poll = slot->polls[side];

        if (poll)
                uv_close((uv_handle_t *)&poll->handle, free_poll);
        slot->polls[side] = NULL;
}

static void on_ready(uv_poll_t *handle, int status, int events);

static bool watch(struct slot *slot, enum client_side side)
{
        struct side_poll *poll = slot->polls[side];
        unsigned events;
        int fd = client_wants(slot->client, side, &events);

        if (!poll && events) {
                poll = xcalloc(1, sizeof(*poll));
                if (uv_poll_init(slot->owner->uv, &poll->handle, fd) < 0) {
                        free(poll);
                        return false;
                }
                poll->handle.data = poll;
                poll->slot = slot;
                slot->polls[side] = poll;
        }
        if (!poll || poll->events == events)
                return true;
        poll->events = events;
        if (!events)
                return uv_poll_stop(&poll->handle) == 0;
        return uv_poll_start(&poll->handle,
                             (events & CLIENT_READ ? UV_READABLE : 0) | (events & CLIENT_WRITE ? UV_WRITABLE : 0),
                             on_ready) == 0;
}

static void abandon_lookup(struct slot *slot)
{
        if (!slot->lookup)
                return;
        slot->lookup->slot = NULL;
        uv_cancel((uv_req_t *)&slot->lookup->request);
        slot->lookup = NULL;
}

static void end(struct slot *slot)
{
        abandon_lookup(slot);
        client_free(slot->client);
        slot->client = NULL;
        slot->owner->used--;
}

/* After every call into the client: what it waits for now, or its end. */
static void settle(struct slot *slot)
{
        if (client_over(slot->client) || !watch(slot, CLIENT_SIDE) || !watch(slot, UPSTREAM_SIDE))
                end(slot);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
        struct side_poll *poll = handle->data;

        (void)events;
        if (status < 0)
                poll->events = 0; /* libuv has stopped it; the client meets the error itself */
        client_step(poll->slot->client, clock_ms());
        settle(poll->slot);
}

static int lead_to_route(void *arg, uint16_t port)
{
        const struct slot *slot = arg;

        return slot->owner->route(slot->owner->route_arg, port);
}

/* ---- lookups ---- */

static size_t take_addresses(const struct addrinfo *list, struct address *addresses, size_t room)
{
        size_t count = 0;

        for (; list && count < room; list = list->ai_next) {
                if (list->ai_family == AF_INET)
                        addresses[count++] = address_from(
                                (const uint8_t *)&((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr,
                                false);
                else if (list->ai_family == AF_INET6)
                        addresses[count++] = address_from(
                                (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)list->ai_addr)->sin6_addr,
                                true);
        }
        return count;
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
        struct lookup *lookup = request->data;
        struct slot *slot = lookup->slot;
        struct address addresses[4 * ADDRESSES_MAX];
        size_t count = status == 0 ? take_addresses(list, addresses, sizeof(addresses) / sizeof(addresses[0])) : 0;

        free(lookup);
        if (slot) {
                slot->lookup = NULL;
                client_resolved(slot->client, clock_ms(), addresses, count, status < 0 ? uv_strerror(status) : NULL);
                client_step(slot->client, clock_ms());
                settle(slot);
        }
        uv_freeaddrinfo(list);
}

static void look_up(void *arg, const char *name)
{
        struct slot *slot = arg;
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC, .ai_flags = AI_ADDRCONFIG};
        struct lookup *lookup = xcalloc(1, sizeof(*lookup));

        lookup->slot = slot;
        lookup->request.data = lookup;
        if (uv_getaddrinfo(slot->owner->uv, &lookup->request, on_lookup, name, NULL, &hints) < 0)
                free(lookup); /* the client's time for it runs out */
        else
                slot->lookup = lookup;
}

/* ---- all of them ---- */

struct clients *clients_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink,
                            unsigned hurry, clients_route_fn route, void *route_arg)
{
        struct clients *clients = xcalloc(1, sizeof(*clients));

        clients->uv = loop;
        clients->route = route;
        clients->route_arg = route_arg;
        clients->env = (struct client_env){.config = config,
                                           .sink = sink,
                                           .hurry = hurry,
                                           .lookup = look_up,
                                           .route = lead_to_route,
                                           .forget = forget};
        return clients;
}

bool clients_have_room(const struct clients *clients)
{
        return clients->used < CLIENTS_MAX;
}

void clients_accept(struct clients *clients, int fd)
{
        struct slot *slot = clients->slots;
        uint64_t now = clock_ms();

        while (slot->client)
                slot++;
        *slot = (struct slot){.owner = clients};
        slot->client = client_new(fd, &clients->env, slot, now);
        clients->used++;
        client_step(slot->client, now);
        settle(slot);
}

void clients_tick(struct clients *clients)
{
        uint64_t now = clock_ms();

        for (size_t i = 0; i < CLIENTS_MAX; i++) {
                struct slot *slot = &clients->slots[i];

                if (!slot->client || now < client_deadline(slot->client))
                        continue;
                abandon_lookup(slot);
                client_expire(slot->client, now);
                settle(slot);
        }
}

void clients_close_all(struct clients *clients)
{
        for (size_t i = 0; i < CLIENTS_MAX; i++)
                if (clients->slots[i].client)
                        end(&clients->slots[i]);
}

void clients_free(struct clients *clients)
{
        free(clients);
}
