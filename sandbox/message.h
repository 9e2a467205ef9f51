/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_MESSAGE_H
#define CUPEL_SANDBOX_MESSAGE_H

/* Requests and events between client and helper, as JSON objects with a `request` or `event` field. */

#include "sandbox/client.h"

enum request_type {
        REQUEST_PREPARE, /* {"request":"prepare","plan":{…}} */
        REQUEST_STEP,    /* {"request":"step","step":{…}}, with the log's descriptor */
        REQUEST_CANCEL,  /* {"request":"cancel"} */
        REQUEST_FREEZE,  /* {"request":"freeze"} */
        REQUEST_PAUSE,   /* {"request":"pause"} */
        REQUEST_GO_ON,   /* {"request":"go on"} */
};

/* `body` may be NULL; it is taken over. */
struct json_t *request_to_json(enum request_type type, const char *body_name, struct json_t *body);

/* `*ret_body` is borrowed from the message, NULL where there is none. */
int request_from_json(struct json_t *message, enum request_type *ret, struct json_t **ret_body, struct err *err);

/* `listeners_len` and `reports` are bounded, and say what is still to be taken from the channel: of an event that was only read there
 * is nothing to release. */
struct json_t *event_to_json(const struct sandbox_event *event);
int event_from_json(struct json_t *message, struct sandbox_event *ret, struct err *err);

#endif
