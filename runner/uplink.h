/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_UPLINK_H
#define CUPEL_RUNNER_UPLINK_H

/*
 * What goes up to the supervisor, in order, through one bounded queue. Nothing here waits: messages are
 * appended, and one write at the end of a turn of the event loop carries all of them.
 *
 *         uplink_put(&up, json_pack("{s:s}", …));        takes the reference; few and bounded: never refused
 *         if (!uplink_has_room(&up)) …                   notes are many: who adds one asks first
 *         uplink_put_record(&up, "note.status", EVENT_ACTOR_AGENT, data);
 *         switch (uplink_flush(&up)) { case 1: all sent; case 0: the socket is full; case -1: the supervisor is gone }
 *
 * The descriptor is borrowed and non-blocking. A supervisor that is gone ends the runner: who notices says so once, and what
 * is put afterwards is dropped.
 */

#include "lib/base/event.h"
#include "lib/base/str.h"

struct json_t;

#define UPLINK_ROOM ((size_t)4 << 20) /* bytes that may wait before notes are refused */

struct uplink {
        int fd;
        struct str out;
        size_t sent; /* of `out` */
        bool gone;
};

void uplink_init(struct uplink *up, int fd);
void uplink_release(struct uplink *up);

void uplink_put(struct uplink *up, struct json_t *message); /* takes the reference */
void uplink_put_record(struct uplink *up, const char *type, enum event_actor actor, const struct json_t *data);
bool uplink_has_room(const struct uplink *up);
int uplink_flush(struct uplink *up);

#endif
