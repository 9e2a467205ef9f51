/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a client asks for to a connection: judged by the policy's list, resolved by us, every address vetted, and exactly a
 * vetted address dialled. One address of a name that may not be dialled refuses the name: who mixes public and private ones
 * tries something.
 */
#include "runner/egress/client_internal.h"

#include "runner/egress/vet.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union socket_address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
};

static socklen_t socket_address(const struct address *address, uint16_t port, union socket_address *ret)
{
        *ret = (union socket_address){0};
        if (address->is_v6) {
                ret->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
                memcpy(&ret->v6.sin6_addr, address->bytes, 16);
                return sizeof(ret->v6);
        }
        ret->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&ret->v4.sin_addr, address->bytes, 4);
        return sizeof(ret->v4);
}

/*
 * Whether the address is this machine's own, public as it may look: its services would see a local peer. The kernel chooses
 * the address itself as the source then; nothing is sent by connecting a datagram socket.
 */
static bool is_own(const struct address *address)
{
        union socket_address there, here = {0};
        socklen_t len = socket_address(address, 53, &there), here_len = sizeof(here);
        int fd = socket(there.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        bool own = fd >= 0 && connect(fd, &there.any, len) == 0 && getsockname(fd, &here.any, &here_len) == 0 &&
                   (address->is_v6 ? !memcmp(&here.v6.sin6_addr, address->bytes, 16)
                                   : !memcmp(&here.v4.sin_addr, address->bytes, 4));

        if (fd >= 0)
                close(fd);
        return own;
}

void client_close_upstream(struct client *client)
{
        if (client->upstream < 0)
                return;
        client->env->forget(client->arg, UPSTREAM_SIDE);
        close(client->upstream);
        client->upstream = -1;
}

static void refuse_host(struct client *client, const char *reason, const char *remedy)
{
        char *action = client_action(client);

        client_refuse(client, 403, action, reason, remedy);
        free(action);
}

static void refuse_unlisted(struct client *client)
{
        bool v6 = client->host.is_address && client->host.address.is_v6,
             usual = client->port == 80 || client->port == 443,
             with_port = !usual || client->host.is_address || !strcmp(client->host.text, "localhost");
        _cleanup_str_ struct str entry = {0}, reason = {0}, remedy = {0};

        str_printf(&entry, v6 ? "[%s]" : "%s", client->host.text);
        if (with_port) /* a policy names these by their port, or not at all */
                str_printf(&entry, ":%u", client->port);
        str_printf(&reason, "%s, port %u, is not in the run's list of hosts", client->host.text, client->port);
        str_printf(&remedy, "the policy opens it with \"%s\" in network.allow", str_text(&entry));
        refuse_host(client, str_text(&reason), str_text(&remedy));
}

/* `address` is the host itself, or what it resolves to. */
static void refuse_address(struct client *client, const struct address *address, const char *what)
{
        char text[ADDRESS_TEXT_MAX];
        _cleanup_str_ struct str reason = {0}, remedy = {0};

        address_text(address, text);
        if (client->host.is_address)
                str_printf(&reason, "%s is %s", text, what);
        else
                str_printf(&reason, "%s resolves to %s, %s", client->host.text, text, what);
        if (!strcmp(client->host.text, "localhost"))
                str_printf(&remedy, "only \"localhost:%u\" in network.allow opens it", client->port);
        else if (!vet_address(address, true))
                str_printf(&remedy,
                           address->is_v6 ? "only \"[%s]:%u\" in network.allow opens it"
                                          : "only \"%s:%u\" in network.allow opens it",
                           text, client->port);
        else
                str_puts(&remedy, "nothing opens it");
        refuse_host(client, str_text(&reason), str_text(&remedy));
}

static bool is_step_loopback(const struct host *host)
{
        static const uint8_t own[] = {127, 0, 0, 1};

        return host->is_address ? !host->address.is_v6 && !memcmp(host->address.bytes, own, sizeof(own))
                                : !strcmp(host->text, "localhost");
}

/*
 * Not every client heeds NO_PROXY. Who asks the proxy for a route's own address is led to the route, which judges each request
 * as ever and puts the receipts: nothing is opened by it that the step could not connect to itself.
 */
static bool lead_to_route(struct client *client)
{
        int fd = is_step_loopback(&client->host) ? client->env->route(client->arg, client->port) : -1;

        if (fd < 0)
                return false;
        client->upstream = fd;
        client_move(client, CLIENT_DIAL, DIAL_MS);
        return true;
}

void client_judge(struct client *client)
{
        struct sink *sink = client->env->sink;
        enum allow_match match = allow_list_match(&client->env->config->allow, &client->host, client->port);
        const char *what = NULL;

        if (lead_to_route(client))
                return;
        client->named = match == ALLOW_EXACT;
        if (client->host.is_address)
                what = vet_address(&client->host.address, client->named);
        if (match == ALLOW_NOT) {
                refuse_unlisted(client);
        } else if (what) {
                refuse_address(client, &client->host.address, what);
        } else if (!sink_bytes_left(sink)) {
                refuse_host(client, "the run's byte budget is used up", NULL);
        } else if (!sink_connection(sink)) {
                refuse_host(client, "the run's connection budget is used up", NULL);
        } else {
                client->has_receipt = true;
                client->begun = client->now;
                client->dialled[0] = '\0';
                client->dial_errno = 0;
                client_move(client, CLIENT_LOOKUP, LOOKUP_MS);
                if (client->host.is_address)
                        client_resolved(client, client->now, &client->host.address, 1, NULL);
                else
                        client->env->lookup(client->arg, client->host.text);
        }
}

void client_resolved(struct client *client, uint64_t now, const struct address *addresses, size_t count,
                     const char *error)
{
        client->now = now;
        if (client->state != CLIENT_LOOKUP)
                return;
        if (error || !count) {
                _cleanup_str_ struct str reason = {0};

                str_printf(&reason, "%s cannot be resolved: %s", client->host.text,
                           error ? error : "it has no address");
                client_fail(client, 502, str_text(&reason));
                return;
        }
        for (size_t i = 0; i < count; i++) {
                const char *what = vet_address(&addresses[i], client->named);

                if (!what && !client->named && is_own(&addresses[i]))
                        what = "an address of this machine";
                if (what) {
                        refuse_address(client, &addresses[i], what);
                        return;
                }
        }
        client->addresses_len = count < ADDRESSES_MAX ? count : ADDRESSES_MAX;
        memcpy(client->addresses, addresses, client->addresses_len * sizeof(*addresses));
        client->addresses_next = 0;
        client_dial_next(client);
}

/* 0: under way or there; -1: with errno. */
static int dial(struct client *client, const struct address *address)
{
        union socket_address there;
        socklen_t len = socket_address(address, client->port, &there);

        client->upstream = socket(there.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (client->upstream < 0)
                return -1;
        setsockopt(client->upstream, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        return connect(client->upstream, &there.any, len) == 0 || errno == EINPROGRESS ? 0 : -1;
}

void client_dial_next(struct client *client)
{
        _cleanup_str_ struct str reason = {0};

        while (client->addresses_next < client->addresses_len) {
                const struct address *address = &client->addresses[client->addresses_next++];

                address_text(address, client->dialled);
                if (dial(client, address) == 0) {
                        client_move(client, CLIENT_DIAL, DIAL_MS);
                        return;
                }
                client->dial_errno = errno;
                client_close_upstream(client);
        }
        str_printf(&reason, "%s:%u cannot be reached: %s", client->host.text, client->port,
                   strerrordesc_np(client->dial_errno));
        client_fail(client, client->dial_errno == ETIMEDOUT ? 504 : 502, str_text(&reason));
}

bool client_dial(struct client *client)
{
        struct pollfd ready = {.fd = client->upstream, .events = POLLOUT};
        int failure = 0;
        socklen_t len = sizeof(failure);

        if (poll(&ready, 1, 0) == 0) {
                client->wants[UPSTREAM_SIDE] |= CLIENT_WRITE;
                return false;
        }
        getsockopt(client->upstream, SOL_SOCKET, SO_ERROR, &failure, &len);
        if (!failure) {
                client_dialled(client);
                return true;
        }
        client->dial_errno = failure;
        client_close_upstream(client);
        client_dial_next(client);
        return true;
}
