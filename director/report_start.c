/* SPDX-License-Identifier: Apache-2.0 */
#include "director/report_start.h"

#include "director/director.h"
#include "director/facts.h"
#include "director/report.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/store/spend.h"

#include <string.h>

static const char *const parts[] = {"admission", "freshness", "requirements", "spend"};

static double dollars(const struct json_t *object, const char *key)
{
        return json_number_value(json_object_get(object, key));
}

static int64_t micro(const struct json_t *object, const char *key)
{
        return (int64_t)(dollars(object, key) * 1e6 + 0.5);
}

static void add_actual(const struct facts *facts, struct json_t *spend)
{
        struct json_t *week = json_object_get(spend, "week");
        const int64_t actual = cost_sum_micro(facts->cost);
        const int64_t charge =
                spend_charge(micro(spend, "estimated_usd"), micro(json_object_get(spend, "grant"), "usd"), actual);

        json_object_set_new(spend, "actual_usd", json_real((double)actual / 1e6));
        json_object_set_new(week, "after_usd", json_real((double)(micro(week, "before_usd") + charge) / 1e6));
}

void report_start(const struct director *d, const struct facts *facts, struct json_t *report)
{
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
                struct json_t *part = json_object_get(facts->preconditions, parts[i]);

                json_object_set_new(report, parts[i], part ? json_deep_copy(part) : json_null());
        }
        if (json_is_object(json_object_get(report, "spend")))
                add_actual(facts, json_object_get(report, "spend"));
        if (json_is_object(json_object_get(report, "freshness")) && d->outcome == OUTCOME_COMMITTED)
                json_object_set_new(json_object_get(report, "freshness"), "landed_on", json_quoted(d->parent.commit));
}

static void put_admission(const struct json_t *admission, struct str *out)
{
        if (!json_is_object(admission))
                return;
        str_puts(out, "- Repository ");
        report_put_code(out, json_text_of(admission, "path"));
        str_puts(out, ": ");
        report_put_code(out, json_text_of(admission, "evidence"));
        str_puts(out, "; admitted by ");
        report_put_code(out, json_text_of(admission, "by"));
        str_printf(out, " on %s, risk %s, record ", json_text_of(admission, "admitted"),
                   json_text_of(admission, "risk"));
        report_put_code(out, json_text_of(admission, "digest"));
        str_puts(out, "\n");
}

static void put_freshness(const struct json_t *freshness, struct str *out)
{
        const struct json_t *upstream = json_object_get(freshness, "upstream");

        if (!json_is_object(freshness))
                return;
        str_puts(out, "- Base ");
        report_put_code(out, json_text_of(freshness, "base"));
        str_printf(out, " resolved %s, tip of ", json_text_of(freshness, "resolved"));
        report_put_code(out, json_text_of(freshness, "target"));
        str_puts(out, " then ");
        report_put_code(out, json_text_of(freshness, "tip"));
        if (json_text_of(freshness, "landed_on")[0]) {
                str_puts(out, ", landed on ");
                report_put_code(out, json_text_of(freshness, "landed_on"));
        }
        if (json_is_object(upstream)) {
                str_puts(out, "; last known of ");
                report_put_code(out, json_text_of(upstream, "ref"));
                str_puts(out, " was ");
                report_put_code(out, json_text_of(upstream, "commit"));
        }
        str_puts(out, "; policy: ");
        report_put_code(out, json_text_of(json_object_get(freshness, "policy"), "origin"));
        str_puts(out, "\n");
}

static void put_requirements(const struct json_t *requirements, struct str *out)
{
        struct json_t *one;
        size_t i;

        json_array_foreach(requirements, i, one)
        {
                const char *kind = json_object_get(one, "env")       ? "env"
                                   : json_object_get(one, "command") ? "command"
                                                                     : "file";

                str_printf(out, "- Requires %s ", kind);
                report_put_code(out, json_text_of(one, kind));
                str_puts(out, json_is_true(json_object_get(one, "present")) ? ": present\n" : ": missing\n");
        }
}

static void put_spend(const struct json_t *spend, struct str *out)
{
        const struct json_t *week = json_object_get(spend, "week"), *grant = json_object_get(spend, "grant");

        if (!json_is_object(spend))
                return;
        str_printf(out, "- Money: %g dollars reserved, %g spent; this week %g before, %g after",
                   dollars(spend, "reserved_usd"), dollars(spend, "actual_usd"), dollars(week, "before_usd"),
                   dollars(week, "after_usd"));
        if (json_is_number(json_object_get(week, "limit_usd")))
                str_printf(out, ", of %g", dollars(week, "limit_usd"));
        if (json_is_object(grant)) {
                str_printf(out, "; %g of grant %lld, by ", dollars(grant, "usd"),
                           json_integer_value(json_object_get(grant, "id")));
                report_put_code(out, json_text_of(grant, "by"));
        }
        str_puts(out, "\n");
}

static void put_resumed(const struct json_t *resumed, struct str *out)
{
        const bool fork = strcmp(json_text_of(resumed, "relation"), "fork") == 0;
        struct json_t *one;
        size_t i;

        if (!json_is_object(resumed))
                return;
        str_printf(out, "- A %s of ", fork ? "fork" : "continuation");
        report_put_code(out, json_text_of(resumed, "run"));
        str_printf(out, " from its checkpoint %lld; the worktree began as tree ",
                   (long long)json_integer_value(json_object_get(resumed, "step")));
        report_put_code(out, json_text_of(resumed, "tree"));
        str_puts(out, fork ? "; another design: identity there " : "; the same design: identity there ");
        report_put_code(out, json_text_of(resumed, "parent_identity"));
        str_puts(out, ", here ");
        report_put_code(out, json_text_of(resumed, "identity"));
        json_array_foreach(json_object_get(resumed, "changed"), i, one)
        {
                str_puts(out, i ? ", " : "; what is another: ");
                report_put_code(out, json_string_value(one) ? json_string_value(one) : "?");
        }
        str_puts(out, "\n");
}

void report_start_markdown(const struct json_t *report, struct str *out)
{
        _cleanup_str_ struct str lines = {0};

        put_resumed(json_object_get(report, "resumed"), &lines);
        put_admission(json_object_get(report, "admission"), &lines);
        put_freshness(json_object_get(report, "freshness"), &lines);
        put_requirements(json_object_get(report, "requirements"), &lines);
        put_spend(json_object_get(report, "spend"), &lines);
        if (lines.len)
                str_printf(out, "## What it started from\n\n%s\n", str_text(&lines));
}
