/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress_link.h"

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/plan.h"
#include "sandbox/cage.h"
#include "sandbox/client.h"

#include <fcntl.h>
#include <string.h>

void egress_link_init(struct egress_link *link)
{
        *link = (struct egress_link){0};
        channel_init(&link->channel, -1);
}

int egress_link_open(struct egress_link *link, const struct plan *plan, struct err *err)
{
        if (!plan_has_network(plan))
                return 0;
        if (fs_set_cloexec(CAGED_PEER_FD, 1) < 0 || fcntl(CAGED_PEER_FD, F_SETFL, O_NONBLOCK) < 0)
                return err_errno(err, "descriptor %d; cupel starts this program", CAGED_PEER_FD);
        channel_init(&link->channel, CAGED_PEER_FD);
        link->metered = plan_is_metered(plan);
        return 0;
}

static int take_spent(struct egress_link *link, json_t *message, struct err *err)
{
        const char *type = NULL;
        int64_t usd = -1;
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true}, {"usd", JSON_FIELD_INT, &usd, true}, {0}};

        if (json_fields(message, "spent", fields, err) < 0)
                return -1;
        if (strcmp(type, "spent") != 0 || usd < 0)
                return err_set(err, ERR_INPUT, "egress: not what it may say");
        link->spent = usd;
        return 0;
}

int egress_link_read(struct egress_link *link)
{
        struct err ignored = ERR_INIT;

        for (;;) {
                _cleanup_json_ json_t *message = NULL;
                int got = channel_recv(&link->channel, &message, &ignored);

                if (got == CHANNEL_AGAIN)
                        return 0;
                if (got <= 0 || take_spent(link, message, &ignored) < 0)
                        return -1;
        }
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
