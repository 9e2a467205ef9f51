/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money before a run: what it may cost is reserved in the user's ledger, or it is blocked with what is left and when that
 * frees. Only runs whose agent has a metered route cost anything that can be known; others reserve nothing.
 */
#include "cli/launch_spend.h"

#include "cli/context.h"
#include "cli/launch.h"
#include "cli/ledger.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

#include <time.h>

static bool is_paid(const struct launch *launch)
{
        return plan_is_metered(&launch->plan) && launch->plan.worktree != WORKTREE_NONE;
}

static struct spend_claim claim_of(const struct launch *launch, const struct context *context, int64_t now)
{
        const int64_t budget = launch->plan.budget.cost_usd;

        return (struct spend_claim){.run = launch->run_id,
                                    .item = launch_item_id(launch),
                                    .agent = launch->plan.agent.name,
                                    .repository = context->repo_state,
                                    .estimate = budget < 0 ? 0 : budget,
                                    .now = now,
                                    .owner = owner_self()};
}

static json_t *dollars(int64_t micro)
{
        return micro == SPEND_NO_LIMIT ? json_null() : json_real((double)micro / 1e6);
}

static json_t *window_json(const struct window *window)
{
        char from[LEDGER_TIME], until[LEDGER_TIME];

        ledger_stamp(window->from, from);
        ledger_stamp(window->until, until);
        return json_pack("{s:s, s:s}", "from", from, "until", until);
}

static json_t *spend_json(const struct spend_claim *claim, const struct spend_limits *limits,
                          const struct spend_answer *answer)
{
        static const char *const why[] = {[SPEND_MAY] = NULL, [SPEND_WEEK] = "week", [SPEND_CYCLE] = "cycle"};
        json_t *week = window_json(&limits->week), *cycle = window_json(&limits->cycle);
        json_t *grant = answer->grant ? json_pack("{s:I, s:o, s:s}", "id", (json_int_t)answer->grant, "usd",
                                                  dollars(answer->grant_usd), "by", answer->grant_by)
                                      : json_null();

        json_object_set_new(week, "limit_usd", dollars(limits->weekly));
        json_object_set_new(week, "before_usd", dollars(answer->week_before));
        json_object_set_new(cycle, "limit", limits->runs < 0 ? json_null() : json_integer(limits->runs));
        json_object_set_new(cycle, "before", json_integer(answer->runs_before));
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s?}", "estimated_usd", dollars(claim->estimate), "reserved_usd",
                         dollars(answer->blocked == SPEND_MAY ? claim->estimate : 0), "week", week, "cycle", cycle,
                         "grant", grant, "blocked", why[answer->blocked]);
}

static void say_week(struct launch *launch, const struct spend_claim *claim, const struct spend_limits *limits,
                     const struct spend_answer *answer)
{
        char limit[COST_TEXT], left[COST_TEXT], estimate[COST_TEXT], open[COST_TEXT], when[LEDGER_TIME];
        int64_t rest = limits->weekly - answer->week_before;
        _cleanup_free_ char *reserved = NULL;

        cost_text(limits->weekly, limit);
        cost_text(rest < 0 ? 0 : rest, left);
        cost_text(claim->estimate, estimate);
        cost_text(answer->open, open);
        ledger_time(answer->frees, when);
        reserved = answer->open ? xasprintf(" (%s more is reserved by runs that have not ended)", open) : xstrdup("");
        strv_add_printf(&launch->missing,
                        "of this week's %s (spend.weekly_usd) %s is left%s, and the run may cost %s "
                        "(budget.cost_usd); a new week begins %s; for this one alone: cupel grant %s --item %s",
                        limit, left, reserved, estimate, when, estimate + 1, claim->item);
}

static void say_cycle(struct launch *launch, const struct spend_claim *claim, const struct spend_limits *limits,
                      const struct spend_answer *answer)
{
        char estimate[COST_TEXT], when[LEDGER_TIME];

        cost_text(claim->estimate, estimate);
        ledger_time(answer->frees, when);
        strv_add_printf(&launch->missing,
                        "%lld of the %lld paid runs of this cycle (spend.paid_runs_per_cycle) have started; the next "
                        "may from %s; for this one alone: cupel grant %s --item %s",
                        (long long)answer->runs_before, (long long)limits->runs, when, estimate + 1, claim->item);
}

static void take_answer(struct launch *launch, const struct spend_claim *claim, const struct spend_limits *limits,
                        const struct spend_answer *answer)
{
        json_decref(launch->spend);
        launch->spend = spend_json(claim, limits, answer);
        if (answer->blocked == SPEND_MAY)
                return;
        if (answer->blocked == SPEND_WEEK)
                say_week(launch, claim, limits, answer);
        else
                say_cycle(launch, claim, limits, answer);
        /* money comes back when a run ends for less than it reserved, when a grant is given, with a new week or cycle */
        launch_wait_for(launch, "until %lld", (long long)answer->frees);
        launch_wait_for(launch, "ledger %s", answer->state);
}

/* That one was given, and that this run used it up, belongs into the run's own log. */
static int log_grant(const struct launch *launch, struct context *context, const struct spend_answer *answer,
                     struct err *err)
{
        static const char *const types[] = {"approval.granted", "approval.consumed"};
        char usd[COST_TEXT];
        _cleanup_free_ char *sentence = NULL;
        _cleanup_json_ json_t *data = NULL;

        if (!answer->grant)
                return 0;
        cost_text(answer->grant_usd, usd);
        sentence = xasprintf("grant %lld: %s beyond the budget of the week or cycle", (long long)answer->grant, usd);
        data = json_pack("{s:s, s:s}", "sentence", sentence, "who", answer->grant_by);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (store_event_append(
                            context->store,
                            &(struct store_event){
                                    .run = launch->run_id, .type = types[i], .actor = EVENT_ACTOR_SYSTEM, .data = data},
                            NULL, err) < 0)
                        return -1;
        return 0;
}

typedef int ask_fn(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
                   struct spend_answer *ret, struct err *err);

static int ask(struct launch *launch, struct context *context, ask_fn *how, struct spend_answer *ret, struct err *err)
{
        const int64_t now = (int64_t)time(NULL);
        const struct spend_claim claim = claim_of(launch, context, now);
        _cleanup_spend_ struct spend *spend = NULL;
        struct spend_limits limits;

        ledger_limits(&launch->policy.effective, now, &limits);
        if (ledger_open(context, &spend, err) < 0 || how(spend, &claim, &limits, ret, err) < 0)
                return -1;
        take_answer(launch, &claim, &limits, ret);
        return 0;
}

int launch_spend_ask(struct launch *launch, struct context *context, struct err *err)
{
        struct spend_answer answer = {0};

        return is_paid(launch) ? ask(launch, context, spend_ask, &answer, err) : 0;
}

int launch_spend_reserve(struct launch *launch, struct context *context, struct err *err)
{
        struct spend_answer answer = {0};

        if (!is_paid(launch))
                return 0;
        if (ask(launch, context, spend_reserve, &answer, err) < 0)
                return -1;
        return answer.blocked == SPEND_MAY ? log_grant(launch, context, &answer, err) : 0;
}

void launch_spend_settle(const struct launch *launch, struct context *context)
{
        _cleanup_free_ char *path = xasprintf("%s/spend.db", context->state_root);
        _cleanup_spend_ struct spend *spend = NULL;
        struct err later = ERR_INIT; /* whoever opens the ledger next settles what a process that is gone has left */
        int64_t actual = 0;

        if (launch->spend && ledger_reported(context->store, launch->run_id, &actual, &later) == 0 &&
            spend_open(path, &spend, &later) == 0)
                spend_settle(spend, launch->run_id, actual, &later);
}
