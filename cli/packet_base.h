/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKET_BASE_H
#define CUPEL_CLI_PACKET_BASE_H

/*
 * What a run's candidate was judged on, as its report says: the commit that it would have landed on, which after a merge is
 * another than the run's base. Its patch is against the tree of it.
 */

#include "lib/base/err.h"
#include "lib/git/repo.h"

struct json_t;

struct packet_base {
        char commit[GIT_HEX];
        char tree[GIT_HEX];      /* "": the report does not say */
        char candidate[GIT_HEX]; /* what was judged; "": there was none */
};

/* ERR_INPUT where the report is missing, or names none. */
int packet_base_read(const struct json_t *report, struct packet_base *ret, struct err *err);

#endif
