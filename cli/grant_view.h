/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_GRANT_VIEW_H
#define CUPEL_CLI_GRANT_VIEW_H

/* How money is told: the week and the cycle that hold now, the runs that reserved or spent in them, the grants. */

#include "lib/store/spend.h"

#include <stdbool.h>

struct json_t;

int grant_view(struct spend *spend, const struct spend_limits *limits, int64_t now, bool json, struct err *err);

/* {"id","usd","item","agent","until","by","reason","given","state","used_by"}; owned by the caller. */
struct json_t *grant_json(const struct spend_grant *grant, int64_t now);

/* " of item X, with agent Y, until Z"; nothing where it has no conditions. */
void grant_print_conditions(const struct spend_grant *grant);

#endif
