/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_AMENDMENTS_VIEW_H
#define CUPEL_CLI_AMENDMENTS_VIEW_H

/* What people amended on a run's record, as the log tells it: for show, packet check and scripts. */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct context;
struct json_t;
struct store;

/* [{"field","old","new","reason","who","time"[,"artifact"]}] in order; owned by the caller, NULL with err. */
struct json_t *amendments_json(struct store *store, const char *run, struct err *err);

/*
 * All of them into runs/<run>/amendments.jsonl, one CloudEvent per line: beside the sealed packet, and no part of its sums. Written
 * whole from the log each time; where the packet is gone nothing is written.
 */
int amendments_write(struct context *context, const char *run, struct err *err);

/* With their heading; nothing where there are none. */
void amendments_put(const struct json_t *amendments, int64_t now, bool colour, struct str *out);

#endif
