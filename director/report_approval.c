/* SPDX-License-Identifier: Apache-2.0 */
#include "director/report_approval.h"

#include "director/facts.h"
#include "director/report.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <string.h>

static struct json_t *approval_json(struct json_t *steps)
{
        struct json_t *last = json_array_get(steps, json_array_size(steps) - 1);

        return last ? json_pack("{s:O, s:O}", "state", json_object_get(last, "step"), "steps", steps) : json_null();
}

static struct json_t *acceptance_json(struct json_t *all)
{
        struct json_t *latest = json_array_get(all, json_array_size(all) - 1);
        struct json_t *told = latest ? json_copy(latest) : json_null();

        if (latest)
                json_object_set(told, "all", all);
        return told;
}

void report_approval(const struct facts *facts, struct json_t *report)
{
        json_object_set_new(report, "approval", approval_json(facts->approvals));
        json_object_set_new(report, "acceptance", acceptance_json(facts->acceptance));
}

static void put_said(const struct json_t *said, const char *what, struct str *out)
{
        const char *who = json_string_value(json_object_get(said, "who"));
        const char *reason = json_string_value(json_object_get(said, "reason"));
        const char *time = json_string_value(json_object_get(said, "time"));

        str_printf(out, "- %s", what);
        if (who) {
                str_puts(out, " by ");
                report_put_code(out, who);
        }
        if (time)
                str_printf(out, ", %s", time);
        if (reason && reason[0]) {
                str_puts(out, ": ");
                report_put_code(out, reason);
        }
        str_putc(out, '\n');
}

void report_approval_markdown(const struct json_t *report, struct str *out)
{
        const struct json_t *steps = json_object_get(json_object_get(report, "approval"), "steps");
        const struct json_t *all = json_object_get(json_object_get(report, "acceptance"), "all");
        struct json_t *said;
        size_t i;

        if (!json_array_size(steps) && !json_array_size(all))
                return;
        str_puts(out, "## What people said\n\n");
        json_array_foreach(steps, i, said) put_said(said, json_string_value(json_object_get(said, "step")), out);
        json_array_foreach(all, i, said) put_said(said, json_string_value(json_object_get(said, "outcome")), out);
        str_putc(out, '\n');
}
