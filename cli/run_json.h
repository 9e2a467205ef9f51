/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RUN_JSON_H
#define CUPEL_CLI_RUN_JSON_H

/* A run's row as the commands print it, and what several of them want to know about one. */

#include "lib/store/store.h"

#include <stdio.h>

struct context;
struct json_t;

/* {"run","item","title","mood","agent","race","state","outcome","base","target","tree","commit","identity","created","moved","events",
 * "reasons","packet"}; what is unknown is null. Owned by the caller. */
struct json_t *run_json(const struct context *context, const struct store_run *run);

/* The commit that the run landed; NULL where it landed none. The row knows the one that a landing under way is about to make, and keeps
 * it where that landing failed: it is told of a committed run alone. Borrowed from the row. */
const char *run_commit(const struct store_run *run);

/* Prints one JSON value, indented on a terminal, with a newline at the end. */
void json_print(FILE *out, const struct json_t *value);

/* "main" of "refs/heads/main". Borrowed. */
const char *short_ref(const char *ref);

#endif
