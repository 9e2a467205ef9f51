/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that a worker starts: `--claim ITEM:EPOCH`. Item, policy, mood and tier come from the queue's row. It ends with its worker:
 * whose item goes back to the queue must not be worked on any longer.
 */
#include "cli/launch.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void launch_claim_release(struct launch_claim *claim)
{
        store_queued_release(&claim->row);
        str_release(&claim->bytes);
        free(claim->origin);
}

static int parse(const char *text, char **ret_item, int64_t *ret_epoch, struct err *err)
{
        const char *colon = strrchr(text, ':');
        char *end = NULL;

        errno = 0;
        *ret_epoch = colon ? strtoll(colon + 1, &end, 10) : 0;
        if (!colon || colon == text || !colon[1] || *end || errno || *ret_epoch < 1)
                return err_set(err, ERR_INPUT, "--claim is not for people: cupel queue add, then cupel work");
        *ret_item = xmemdup(text, (size_t)(colon - text));
        return 0;
}

/* First the signal, then the look at who is there: a worker that ended in between is noticed by one of the two. */
static int die_with_worker(const struct store_queued *row, struct err *err)
{
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return err_errno(err, "prctl PR_SET_PDEATHSIG");
        if (getppid() != row->owner.pid)
                return err_set(err, ERR_LOST, "item %s was claimed by another process (%d)", row->item,
                               (int)row->owner.pid);
        return 0;
}

void launch_request_of_row(struct launch_request *request, const struct store_queued *row)
{
        request->from_queue = true;
        request->plan_mood = row->mood[0] ? row->mood : NULL;
        request->tier = row->tier;
        if (row->policy[0])
                request->policy_file = row->policy;
}

int launch_take_claim(struct context *context, const char *text, struct launch_claim *claim,
                      struct launch_request *request, struct err *err)
{
        _cleanup_free_ char *item = NULL;
        int64_t epoch;

        if (parse(text, &item, &epoch, err) < 0 ||
            store_queue_claimed(context->store, item, epoch, &claim->row, err) < 0 ||
            die_with_worker(&claim->row, err) < 0 || store_queue_bytes(context->store, item, &claim->bytes, err) < 0)
                return -1;
        claim->origin = xasprintf("queue item %s", item);
        request->claim = claim;
        request->item_file = claim->origin;
        launch_request_of_row(request, &claim->row);
        return 0;
}

void launch_wait_for(struct launch *launch, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        strv_take(&launch->waits, xvasprintf(format, args));
        va_end(args);
}
