/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel grant: money for one run beyond the week's budget or the cycle's number of runs, used up by the first that fits its
 * conditions and needs it; and the view of what was spent. The ledger lies in the user's state, which no sandbox is shown.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/grant_view.h"
#include "cli/ledger.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/policy_files.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "policy/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct grant_options {
        bool list, json;
        int64_t revoke;
        const char *item, *agent, *until, *reason;
};

/* "90m" and "2d" from now, "2026-12-01" and "2026-12-01 18:00" by the clock on the wall. */
static int to_come(const char *text, int64_t now, int64_t when, int64_t *ret, struct err *err)
{
        if (when <= now)
                return err_set(err, ERR_INPUT, "--until %.40s has passed; name a time to come", text);
        *ret = when;
        return 0;
}

static int read_time(const char *text, int64_t now, int64_t *ret, struct err *err)
{
        static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"};
        int64_t ms;

        if (text_to_time(text, &ms) == 0)
                return to_come(text, now, now + ms / 1000, ret, err);
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct tm tm = {.tm_isdst = -1};
                const char *end = strptime(text, forms[i], &tm);

                if (end && !*end)
                        return to_come(text, now, (int64_t)mktime(&tm), ret, err);
        }
        return err_set(err, ERR_INPUT,
                       "--until %.40s: expected a span like 8h or 2d, or 2026-12-01, or \"2026-12-01 18:00\"", text);
}

static int add(struct context *context, const char *amount, const struct grant_options *options, struct err *err)
{
        _cleanup_free_ char *who = person_name(getuid());
        _cleanup_spend_ struct spend *spend = NULL;
        struct spend_grant grant = {.item = options->item,
                                    .agent = options->agent,
                                    .reason = options->reason,
                                    .by = who,
                                    .time = (int64_t)time(NULL)};
        char text[COST_TEXT];
        int64_t id;

        if (text_to_usd(amount, &grant.usd) < 0 || grant.usd <= 0)
                return err_set(err, ERR_INPUT, "%.40s is no amount; expected dollars like 2.50", amount);
        if (options->until && read_time(options->until, grant.time, &grant.until, err) < 0)
                return -1;
        /* names of items are a repository's own: another one's item of that name is not meant */
        if (options->item && context_open_repository(context, ".", err) < 0)
                return err_wrap(err, "--item %.64s names an item of this repository", options->item);
        grant.repository = options->item ? context->repo_state : NULL;
        if (ledger_open(context, &spend, err) < 0 || spend_grant_add(spend, &grant, &id, err) < 0)
                return -1;
        grant.id = id;
        cost_text(grant.usd, text);
        if (options->json) {
                _cleanup_json_ json_t *json = grant_json(&grant, grant.time);

                json_print(stdout, json);
                return 0;
        }
        printf("grant %lld: %s for the first run that needs it", (long long)id, text);
        grant_print_conditions(&grant);
        printf("\ntake it back: cupel grant --revoke %lld\n", (long long)id);
        return 0;
}

static int take_back(const struct context *context, const struct grant_options *options, struct err *err)
{
        _cleanup_spend_ struct spend *spend = NULL;

        if (ledger_open(context, &spend, err) < 0 ||
            spend_grant_revoke(spend, options->revoke, (int64_t)time(NULL), err) < 0)
                return -1;
        if (!options->json)
                printf("grant %lld is taken back\n", (long long)options->revoke);
        return 0;
}

/* The limits that hold here: in a repository, with what its policy says. */
static int print_all(struct context *context, bool json, struct err *err)
{
        _cleanup_policy_files_ struct policy_files files;
        _cleanup_spend_ struct spend *spend = NULL;
        const int64_t now = (int64_t)time(NULL);
        struct err none = ERR_INIT;
        char head[GIT_HEX];
        const char *base = NULL;
        struct spend_limits limits;

        policy_files_init(&files);
        if (context_open_repository(context, ".", &none) == 0 &&
            repo_resolve_commit(context->repo, "HEAD", head, &none) == 0)
                base = head;
        if (policy_files_read(&files, context, NULL, base, err) < 0)
                return -1;
        ledger_limits(&files.effective, now, &limits);
        if (ledger_open(context, &spend, err) < 0)
                return -1;
        return grant_view(spend, &limits, now, json, err);
}

int cmd_grant(struct context *context, int argc, char **argv, struct err *err)
{
        struct grant_options options = {0};
        struct option_rest rest = {.most = 1};
        const struct option_spec table[] = {
                {"item", 0, OPTION_TEXT, &options.item, "ID", "only for runs of this work item"},
                {"agent", 0, OPTION_TEXT, &options.agent, "NAME", "only for this agent"},
                {"until", 0, OPTION_TEXT, &options.until, "TIME",
                 "it ends then: 8h, 2d, 2026-12-01, \"2026-12-01 18:00\""},
                {"reason", 'r', OPTION_TEXT, &options.reason, "TEXT", "why; kept with it"},
                {"list", 'l', OPTION_FLAG, &options.list, NULL, "what was spent and is left, and all grants"},
                {"revoke", 0, OPTION_INT, &options.revoke, "NUMBER", "take back one that nobody used"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "print JSON"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (options.revoke && !rest.len && !options.list)
                return take_back(context, &options, err);
        if (rest.len && !options.list && !options.revoke)
                return add(context, rest.items[0], &options, err);
        if (rest.len || options.revoke)
                return err_set(err, ERR_INPUT, "one of them: an amount, --list, --revoke NUMBER");
        return print_all(context, options.json, err);
}
