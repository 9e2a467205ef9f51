/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_OPENINGS_VIEW_H
#define CUPEL_CLI_OPENINGS_VIEW_H

/* What a repository's policy opens, and whether it was consented to, in words. Values are made harmless. */

#include "lib/base/str.h"

#include <stdbool.h>

struct context;
struct policy_openings;

/* Whether exactly these openings are on record; without openings there is nothing to admit: true. */
bool openings_admitted(const struct context *context, const struct policy_openings *openings);

/* One indented line per opening. */
void openings_list(const struct policy_openings *openings, struct str *out);

#endif
