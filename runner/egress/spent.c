/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/spent.h"

#include "runner/egress/limits.h"

#include "lib/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

bool spent_is_between(const struct spent *spent)
{
        return spent->sent < spent->len;
}

static void flush(struct spent *spent, int fd)
{
        ssize_t put;

        while (spent_is_between(spent)) {
                put = send(fd, spent->line + spent->sent, spent->len - spent->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (put <= 0)
                        break;
                spent->sent += (size_t)put;
        }
        if (!spent->sent)
                spent->len = 0; /* nothing of it is out: a later one says more */
}

void spent_tell(struct spent *spent, int fd, uint64_t micro_usd)
{
        uint64_t now, told = spent->told;

        flush(spent, fd);
        if (micro_usd == told || spent_is_between(spent))
                return;
        now = clock_ms();
        if (spent->at && now - spent->at < SPENT_MS)
                return; /* the loop's tick comes by */
        spent->len = (size_t)snprintf(spent->line, sizeof(spent->line), "{\"type\":\"spent\",\"usd\":%" PRIu64 "}\n",
                                      micro_usd);
        spent->sent = 0;
        spent->at = now;
        spent->told = micro_usd;
        flush(spent, fd);
        if (!spent->len)
                spent->told = told;
}
