/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress_link.h"

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/plan.h"
#include "sandbox/cage.h"
#include "sandbox/client.h"

void egress_link_init(struct egress_link *link)
{
        channel_init(&link->channel, -1);
}

int egress_link_open(struct egress_link *link, const struct plan *plan, struct err *err)
{
        if (!plan_has_network(plan))
                return 0;
        if (fs_set_cloexec(CAGED_PEER_FD, 1) < 0)
                return err_errno(err, "descriptor %d; cupel starts this program", CAGED_PEER_FD);
        channel_init(&link->channel, CAGED_PEER_FD);
        return 0;
}

static void say(struct egress_link *link, json_t *message, const int *fd)
{
        struct err ignored = ERR_INIT;

        channel_send(&link->channel, message, fd, fd ? 1 : 0, &ignored);
        json_decref(message);
}

/* In the order in which compose_network() asked for them: the proxy, then the routes. */
int egress_link_listen(struct egress_link *link, const struct plan *plan, const struct sandbox_event *event,
                       struct err *err)
{
        if (!event->listeners_len)
                return 0;
        if (link->channel.fd < 0 || event->listeners_len != 1 + plan->agent.routes.len)
                return err_set(err, ERR_INTERNAL, "%zu listening sockets came with the step", event->listeners_len);
        for (size_t i = 0; i < event->listeners_len; i++)
                say(link,
                    json_pack("{s:s, s:s}", "type", "listen", "for",
                              i == 0 ? "proxy" : plan->agent.routes.items[i - 1].name),
                    &event->listeners[i]);
        return 0;
}

void egress_link_close(struct egress_link *link)
{
        if (link->channel.fd < 0)
                return;
        say(link, json_pack("{s:s}", "type", "close"), NULL);
        channel_release(&link->channel);
}
