/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_COMPLAINTS_UV_H
#define CUPEL_CLI_COMPLAINTS_UV_H

/*
 * What the caged side writes to standard error: why a cage cannot be built, the last words of a program of ours that fails. The
 * caged side has a pipe there, not the terminal: taken over, it would steer the terminal, or read from it. What arrives is shown
 * line by line, made harmless, up to COMPLAINTS_MAX bytes; then the pipe is closed.
 *
 *         complaints = complaints_new(&uv, terminal);
 *         fd = complaints_pipe(complaints, err);        for the caged side; stays ours; the same for all who are started
 *         complaints_read(complaints);                  once more, when everybody who could write is dead
 *         …close the loop's handles…
 *         complaints_free(complaints);
 */

#include "cli/terminal.h"
#include "lib/base/err.h"

#define COMPLAINTS_MAX ((size_t)16 << 10)

struct complaints;
struct uv_loop_s;

struct complaints *complaints_new(struct uv_loop_s *uv, struct terminal *terminal);
int complaints_pipe(struct complaints *complaints, struct err *err);
void complaints_read(struct complaints *complaints);
void complaints_free(struct complaints *complaints);

#endif
