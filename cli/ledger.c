/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/store/owner.h"
#include "policy/policy.h"

#include <time.h>

#define CYCLE_DEFAULT_S ((int64_t)86400)

static int see_cost(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        const char *actor = event ? json_string_value(json_object_get(event, "actor")) : NULL;

        if (!event)
                return -1;
        cost_sum_see(arg, actor ? actor : "", json_object_get(event, "data"));
        return 0;
}

int ledger_reported(struct store *store, const char *run, int64_t *ret, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "cost.reported"};
        _cleanup_json_ json_t *sum = NULL;

        if (store_events_each(store, run, &filter, see_cost, &sum, err) < 0)
                return -1;
        *ret = cost_sum_micro(sum);
        return 0;
}

static int settle_dead(const struct spend_run *run, void *arg, struct err *err)
{
        struct spend *spend = arg;
        _cleanup_free_ char *path = xasprintf("%s/store.db", run->repository);
        struct store *store = NULL;
        struct err gone = ERR_INIT;
        int64_t actual = run->estimate;

        if (owner_lives(run->owner))
                return 0;
        if (store_open(path, NULL, STORE_READ, &store, &gone) == 0)
                (void)ledger_reported(store, run->run, &actual, &gone);
        store_close(store);
        /* what cannot be read now may be another time; until then it stays reserved, which counts the same */
        if (gone.code != ERR_OK && gone.code != ERR_NOT_FOUND)
                return 0;
        return spend_settle(spend, run->run, actual, err);
}

int ledger_open(const struct context *context, struct spend **ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/spend.db", context->state_root);
        _cleanup_spend_ struct spend *spend = NULL;

        if (fs_mkdir_p(context->state_root, 0700, err) < 0 || spend_open(path, &spend, err) < 0)
                return -1;
        if (spend_each_open(spend, settle_dead, spend, err) < 0)
                return -1;
        *ret = steal_ptr(&spend);
        return 0;
}

void ledger_limits(const struct policy *policy, int64_t now, struct spend_limits *ret)
{
        const int64_t cycle = policy->spend.cycle_ms == KEY_UNSET ? CYCLE_DEFAULT_S : policy->spend.cycle_ms / 1000;
        const int first = policy->spend.week_starts == KEY_UNSET ? 0 : policy->spend.week_starts;

        *ret = (struct spend_limits){
                .weekly = policy->spend.weekly_usd == KEY_UNSET ? SPEND_NO_LIMIT : policy->spend.weekly_usd,
                .runs = policy->spend.paid_runs_per_cycle == KEY_UNSET ? SPEND_NO_LIMIT
                                                                       : policy->spend.paid_runs_per_cycle,
        };
        window_at(now, WINDOW_WEEK_S, first, &ret->week);
        window_at(now, cycle, first, &ret->cycle);
}

void ledger_time(int64_t when, char ret[LEDGER_TIME])
{
        time_t time = (time_t)when;
        struct tm tm;

        localtime_r(&time, &tm);
        strftime(ret, LEDGER_TIME, "%a %Y-%m-%d %H:%M", &tm);
}

void ledger_stamp(int64_t when, char ret[LEDGER_TIME])
{
        time_t time = (time_t)when;
        struct tm tm;

        gmtime_r(&time, &tm);
        strftime(ret, LEDGER_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
