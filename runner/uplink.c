/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/uplink.h"

#include "lib/base/json.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void uplink_init(struct uplink *up, int fd)
{
        *up = (struct uplink){.fd = fd};
}

void uplink_release(struct uplink *up)
{
        str_release(&up->out);
}

static bool is_empty(const struct uplink *up)
{
        return up->sent == up->out.len;
}

bool uplink_has_room(const struct uplink *up)
{
        return !up->gone && up->out.len - up->sent < UPLINK_ROOM;
}

/* Without a copy in between: notes come by the ten thousand. */
static void append_json(struct uplink *up, const json_t *value, size_t flags)
{
        (void)json_put(&up->out, value, JSON_COMPACT | JSON_ENCODE_ANY | flags);
}

void uplink_put(struct uplink *up, struct json_t *message)
{
        if (!up->gone && message) {
                append_json(up, message, 0);
                str_putc(&up->out, '\n');
        }
        json_decref(message);
}

/* The data as json_canonical() writes it: as it is it goes into the log. */
void uplink_put_record(struct uplink *up, const char *type, enum event_actor actor, const struct json_t *data)
{
        if (up->gone)
                return;
        str_puts(&up->out, "{\"event\":\"record\",\"type\":\"");
        str_puts(&up->out, type);
        str_puts(&up->out, "\",\"actor\":\"");
        str_puts(&up->out, event_actor_name(actor));
        str_puts(&up->out, "\",\"data\":");
        append_json(up, data, JSON_SORT_KEYS | JSON_REALS);
        str_puts(&up->out, "}\n");
}

/* Moves what is left to the front once most of the buffer was sent, so that it does not grow for ever. */
static void compact(struct uplink *up)
{
        if (up->sent < up->out.len && up->sent < UPLINK_ROOM)
                return;
        up->out.len -= up->sent;
        memmove(up->out.data, up->out.data + up->sent, up->out.len + 1);
        up->sent = 0;
}

int uplink_flush(struct uplink *up)
{
        while (!up->gone && !is_empty(up)) {
                ssize_t put =
                        send(up->fd, up->out.data + up->sent, up->out.len - up->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (put < 0 && errno == EAGAIN)
                        return 0;
                if (put < 0 && errno != EINTR)
                        up->gone = true;
                if (put > 0)
                        up->sent += (size_t)put;
                compact(up);
        }
        return up->gone ? -1 : 1;
}
