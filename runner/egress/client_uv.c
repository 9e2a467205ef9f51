/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/client_uv.h"

#include <stdlib.h>
#include <unistd.h>

struct clients {
        struct sink *sink;
};

struct clients *clients_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink,
                            unsigned hurry)
{
        struct clients *clients = xcalloc(1, sizeof(*clients));

        (void)loop, (void)config, (void)hurry;
        clients->sink = sink;
        return clients;
}

bool clients_have_room(const struct clients *clients)
{
        return clients != NULL;
}

void clients_accept(struct clients *clients, int fd)
{
        sink_veto(clients->sink, "connect", "the proxy serves nobody");
        close(fd);
}

void clients_tick(struct clients *clients)
{
        (void)clients;
}

void clients_close_all(struct clients *clients)
{
        (void)clients;
}

void clients_free(struct clients *clients)
{
        free(clients);
}
