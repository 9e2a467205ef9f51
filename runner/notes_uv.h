/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_NOTES_UV_H
#define CUPEL_RUNNER_NOTES_UV_H

/* Which sockets of struct notes are polled, for libuv; included by *_uv.c alone. */

#include "runner/notes.h"

struct notes_poll;
struct uv_loop_s;

struct notes_poll *notes_poll_new(struct uv_loop_s *uv);
void notes_poll_start(struct notes_poll *poll, struct notes *notes);

/* To all that wait for it; they are served again. */
void notes_poll_answer(struct notes_poll *poll, int64_t serial, const char *line);

/* The uplink is empty: what was held is answered. */
void notes_poll_sent(struct notes_poll *poll);

/* Nothing is polled any more; the sockets stay open. Frees after the loop has run its closing callbacks. */
void notes_poll_stop(struct notes_poll *poll);
void notes_poll_free(struct notes_poll *poll);

#endif
