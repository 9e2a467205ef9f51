/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_SPENT_H
#define CUPEL_EGRESS_SPENT_H

/*
 * What the run has spent, on its way to the runner: the latest only, at most one message each SPENT_MS, and never waiting for one
 * that does not read. A message that went out by half is completed before anything else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spent {
        uint64_t told; /* micro-dollars */
        uint64_t at;   /* clock_ms() of it */
        char line[96];
        size_t len, sent;
};

void spent_tell(struct spent *spent, int fd, uint64_t micro_usd);
bool spent_is_between(const struct spent *spent); /* two halves of a message */

#endif
