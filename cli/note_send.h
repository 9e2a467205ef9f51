/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_NOTE_SEND_H
#define CUPEL_CLI_NOTE_SEND_H

/* The notes socket of a run, from inside its sandbox: connect, send one line, read the one reply (runner/notes.h). */

#include "lib/base/err.h"

struct json_t;

/* `type` and `data` are borrowed. ERR_REFUSED with the reply's reason; ERR_SYSTEM where nobody listens or answers. */
int note_ask(const char *socket_path, const struct json_t *request, struct json_t **ret_reply, struct err *err);
int note_send(const char *socket_path, const char *type, struct json_t *data, struct err *err);

#endif
