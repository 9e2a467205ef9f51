/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RECONCILE_H
#define CUPEL_CLI_RECONCILE_H

/*
 * Log, columns, packets, refs, approvals, queue, line, cache, checkpoints and money of one repository beside each other: none may
 * contradict another. One table of checks (reconcile.c); each looks without changing anything, and may have a way to set right what it
 * found. That changes only what is made from the log, is a cache, or is left over: never an event, an approval, a packet
 * that is whole, or the repository.
 *
 *         struct json_t *found = NULL;
 *         reconcile(context, &(struct reconcile_options){.mend = true}, &found, err);
 *
 *         {"contradictions": [{"id","where","what","fix": TEXT or null,"fixed": bool}], "left": 1,
 *          "checks": [{"id","compares","fix","found"}]}
 *
 * What was set right is asked again: `fixed` is what the second look no longer finds. With `mend` the store must be open for writing.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct json_t;

struct reconcile_options {
        const char *only; /* id of a check, or the beginning of some ("packet."); NULL: all */
        bool mend;
        bool list; /* only say which checks there are */
};

/* Owned by the caller. ERR_INPUT where `only` names no check. */
int reconcile(struct context *context, const struct reconcile_options *options, struct json_t **ret, struct err *err);

#endif
