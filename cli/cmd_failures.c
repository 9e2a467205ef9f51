/* SPDX-License-Identifier: Apache-2.0 */
/* cupel failures: what stopped runs, grouped by what stopped them; cupel failures SIGNATURE: the runs of one such group. */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/failure_groups.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/when.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_DEFAULT 20

struct failures_options {
        bool json, reports;
        const char *item, *since, *outcome, *signature;
        int64_t limit;
        char since_text[CLOCK_RFC3339];
};

static int read_since(struct failures_options *options, struct err *err)
{
        int64_t ms = 0;

        if (options->since && when_parse("--since", options->since, clock_wall_ms(), false, &ms, err) < 0)
                return -1;
        clock_rfc3339_at(ms, options->since_text);
        return 0;
}

static int read_signature(const char *text, struct err *err)
{
        const size_t len = strlen(text);

        if (len >= 4 && len <= BLOCKER_SIGNATURE && strspn(text, "0123456789abcdef") == len)
                return 0;
        return err_set(err, ERR_INPUT, "\"%.40s\" is no signature: 4 to %d hex digits, as `cupel failures` prints them",
                       text, BLOCKER_SIGNATURE);
}

static int read_query(struct failures_options *options, struct failure_query *ret, struct err *err)
{
        struct failure_query query = {.reports = options->reports || options->signature};

        if (read_since(options, err) < 0 || (options->signature && read_signature(options->signature, err) < 0))
                return -1;
        query.filter.item = options->item;
        query.filter.signature = options->signature;
        query.filter.since = options->since ? options->since_text : NULL;
        query.filter.by_outcome = options->outcome != NULL;
        if (options->outcome && outcome_from_name(options->outcome, &query.filter.outcome) < 0)
                return err_set(err, ERR_INPUT, "--outcome %.40s: no run ends so; `cupel run --help` lists the outcomes",
                               options->outcome);
        *ret = query;
        return 0;
}

/* One signature is meant: a prefix of several is as wrong as one of none. */
static int expect_one(const json_t *groups, const char *signature, struct err *err)
{
        const size_t len = json_array_size(json_object_get(groups, "groups"));

        if (len == 1)
                return 0;
        if (len == 0)
                return err_set(err, ERR_NOT_FOUND, "no failure has the signature %s; `cupel failures` lists them",
                               signature);
        return err_set(err, ERR_INPUT, "%s begins %zu signatures: give more of it", signature, len);
}

static void print(const struct context *context, const struct failures_options *options, const json_t *groups)
{
        const struct failure_view view = {.groups = groups,
                                          .now = time(NULL),
                                          .columns = render_columns(STDOUT_FILENO),
                                          .limit = (size_t)options->limit,
                                          .colour = context->colour_out};
        const long long runs = (long long)json_integer_value(json_object_get(groups, "runs"));
        const size_t len = json_array_size(json_object_get(groups, "groups"));
        _cleanup_str_ struct str out = {0};

        if (options->signature)
                failure_group_put(&view, &out);
        else
                failure_groups_put(&view, &out);
        fputs(str_text(&out), stdout);
        fflush(stdout); /* where both go to one place, the sum stands below */
        if (!out.len)
                fputs("no failures\n", stderr);
        else if (!options->signature)
                fprintf(stderr, "\n%lld run%s, %zu signature%s; cupel failures SIGNATURE: the runs of one\n", runs,
                        runs == 1 ? "" : "s", len, len == 1 ? "" : "s");
}

int cmd_failures(struct context *context, int argc, char **argv, struct err *err)
{
        struct failures_options options = {.limit = LIMIT_DEFAULT};
        struct failure_query query = {0};
        struct option_rest rest = {.most = 1};
        _cleanup_json_ json_t *groups = NULL;
        const struct option_spec table[] = {
                {"since", 's', OPTION_TEXT, &options.since, "TIME",
                 "ended since: 12h or 7d (ago), 2026-12-01, \"2026-12-01 18:00\""},
                {"item", 0, OPTION_TEXT, &options.item, "ID", "only runs of this work item"},
                {"outcome", 0, OPTION_TEXT, &options.outcome, "NAME", "only runs that ended so"},
                {"limit", 'n', OPTION_INT, &options.limit, "COUNT", "at most so many signatures; 0: all (default 20)"},
                {"reports", 0, OPTION_FLAG, &options.reports, NULL,
                 "read every report, too, and say where it differs from the log"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "all of it as JSON"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        options.signature = rest.len ? rest.items[0] : NULL;
        if (read_query(&options, &query, err) < 0 || failure_groups(context, &query, &groups, err) < 0 ||
            (options.signature && expect_one(groups, options.signature, err) < 0))
                return -1;
        if (options.json)
                json_print(stdout, groups);
        else
                print(context, &options, groups);
        return 0;
}
