/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/grant_view.h"

#include "cli/ledger.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdio.h>

static const char *state_of(const struct spend_grant *grant, int64_t now)
{
        if (grant->used_by)
                return "used";
        if (grant->revoked)
                return "revoked";
        return grant->until && grant->until <= now ? "expired" : "open";
}

struct json_t *grant_json(const struct spend_grant *grant, int64_t now)
{
        char given[LEDGER_TIME], until[LEDGER_TIME];

        ledger_stamp(grant->time, given);
        ledger_stamp(grant->until, until);
        return json_pack("{s:I, s:f, s:o?, s:o?, s:s?, s:s, s:o?, s:s, s:s, s:s?}", "id", (json_int_t)grant->id, "usd",
                         (double)grant->usd / 1e6, "item", grant->item ? json_quoted(grant->item) : NULL, "agent",
                         grant->agent ? json_quoted(grant->agent) : NULL, "until", grant->until ? until : NULL, "by",
                         grant->by, "reason", grant->reason ? json_quoted(grant->reason) : NULL, "given", given,
                         "state", state_of(grant, now), "used_by", grant->used_by);
}

void grant_print_conditions(const struct spend_grant *grant)
{
        _cleanup_str_ struct str out = {0};
        char until[LEDGER_TIME];

        if (grant->item) {
                str_puts(&out, " of item ");
                render_line(&out, grant->item);
        }
        if (grant->agent) {
                str_puts(&out, " with agent ");
                render_line(&out, grant->agent);
        }
        ledger_time(grant->until, until);
        if (grant->until)
                str_printf(&out, " until %s", until);
        fputs(str_text(&out), stdout);
}

struct view {
        int64_t now, runs, charged;
        json_t *list;
        bool json;
};

static int print_grant(const struct spend_grant *grant, void *arg, struct err *err)
{
        struct view *view = arg;
        _cleanup_str_ struct str reason = {0};
        char usd[COST_TEXT];

        (void)err;
        if (view->json) {
                json_array_append_new(view->list, grant_json(grant, view->now));
                return 0;
        }
        if (!view->runs++)
                puts("grants:");
        cost_text(grant->usd, usd);
        printf("  %-4lld %-8s %8s", (long long)grant->id, state_of(grant, view->now), usd);
        grant_print_conditions(grant);
        printf(", by %s", grant->by);
        if (grant->reason) {
                render_line(&reason, grant->reason);
                printf(": %s", str_text(&reason));
        }
        if (grant->used_by)
                printf("\n       used by %s", grant->used_by);
        putchar('\n');
        return 0;
}

static int print_run(const struct spend_run *run, void *arg, struct err *err)
{
        struct view *view = arg;
        char usd[COST_TEXT], when[LEDGER_TIME];
        const bool open = run->actual < 0;

        (void)err;
        if (view->json) {
                ledger_stamp(run->time, when);
                json_array_append_new(view->list, json_pack("{s:s, s:s, s:s?, s:s, s:f, s:o}", "run", run->run, "item",
                                                            run->item, "agent", run->agent, "time", when,
                                                            "estimated_usd", (double)run->estimate / 1e6, "actual_usd",
                                                            open ? json_null() : json_real((double)run->actual / 1e6)));
                return 0;
        }
        if (!view->runs++)
                puts("runs of this week:");
        cost_text(open ? run->estimate : run->actual, usd);
        ledger_time(run->time, when);
        printf("  %s  %8s %-8s  %s\n", when, usd, open ? "reserved" : "spent", run->run);
        return 0;
}

static void print_limits(const struct spend_limits *limits, const struct spend_answer *sum)
{
        char limit[COST_TEXT], used[COST_TEXT], left[COST_TEXT], open[COST_TEXT], until[LEDGER_TIME];
        int64_t rest = limits->weekly - sum->week_before;

        cost_text(sum->week_before, used);
        cost_text(sum->open, open);
        cost_text(limits->weekly, limit);
        cost_text(rest < 0 ? 0 : rest, left);
        ledger_time(limits->week.until, until);
        printf("this week, until %s: %s", until, used);
        if (limits->weekly != SPEND_NO_LIMIT)
                printf(" of %s, %s left", limit, left);
        if (sum->open)
                printf(", %s of it reserved", open);
        puts(limits->weekly == SPEND_NO_LIMIT ? "; no limit (spend.weekly_usd)" : "");
        ledger_time(limits->cycle.until, until);
        if (limits->runs != SPEND_NO_LIMIT)
                printf("this cycle, until %s: %lld of %lld paid runs\n", until, (long long)sum->runs_before,
                       (long long)limits->runs);
}

static json_t *limits_json(const struct spend_limits *limits, const struct spend_answer *sum)
{
        char week[LEDGER_TIME], cycle[LEDGER_TIME];

        ledger_stamp(limits->week.until, week);
        ledger_stamp(limits->cycle.until, cycle);
        return json_pack("{s:{s:s, s:o, s:f, s:f}, s:{s:s, s:o, s:I}}", "week", "until", week, "limit_usd",
                         limits->weekly < 0 ? json_null() : json_real((double)limits->weekly / 1e6), "used_usd",
                         (double)sum->week_before / 1e6, "reserved_usd", (double)sum->open / 1e6, "cycle", "until",
                         cycle, "limit", limits->runs < 0 ? json_null() : json_integer(limits->runs), "runs",
                         (json_int_t)sum->runs_before);
}

int grant_view(struct spend *spend, const struct spend_limits *limits, int64_t now, bool json, struct err *err)
{
        const struct spend_claim nothing = {.run = "", .item = "", .now = now};
        struct view runs = {.now = now, .json = json}, grants = {.now = now, .json = json};
        _cleanup_json_ json_t *all = json_pack("{s:[], s:[]}", "runs", "grants");
        struct spend_answer sum;

        runs.list = json_object_get(all, "runs");
        grants.list = json_object_get(all, "grants");
        if (spend_ask(spend, &nothing, limits, &sum, err) < 0)
                return -1;
        if (!json)
                print_limits(limits, &sum);
        if (spend_each_since(spend, limits->week.from, print_run, &runs, err) < 0 ||
            spend_each_grant(spend, print_grant, &grants, err) < 0)
                return -1;
        if (json) {
                json_t *told = limits_json(limits, &sum);

                json_object_update(all, told);
                json_decref(told);
                json_print(stdout, all);
        }
        return 0;
}
