/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RACE_VIEW_H
#define CUPEL_CLI_RACE_VIEW_H

/*
 * The race that a run was part of, as the commands that look back tell it. Whoever of it is held, lands or is committed has won;
 * while nobody is, nobody has.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct json_t;
struct store;
struct store_run;

/* {"id", "winner": run or null, "runs": [{"run","agent","state","outcome"}, …]}, or null: it competed with none. Owned by the
 * caller; NULL with err set. */
struct json_t *race_json(struct store *store, const struct store_run *run, struct err *err);

/* Its agent, how the race went, a line per other run of it; labels are `indent` cells wide. What is not there is left out. */
void race_facts(const struct store_run *run, const struct json_t *race, int indent, struct str *out);

#endif
