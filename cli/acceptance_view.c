/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acceptance_view.h"

#include "cli/render.h"
#include "cli/told_later.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/approval.h"

#include <string.h>

#define OPERATOR_FILE "operator.jsonl"
#define OUTCOME_TYPE "operator.outcome"
#define LABEL_CELLS 10

/* ---- the operator's word ---- */

json_t *acceptance_json(struct store *store, const char *run, struct err *err)
{
        _cleanup_json_ json_t *all = told_later_json(store, run, OUTCOME_TYPE, err);
        json_t *latest;

        if (!all)
                return NULL;
        if (!json_array_size(all))
                return json_null();
        latest = json_copy(json_array_get(all, json_array_size(all) - 1));
        json_object_set(latest, "all", all);
        return latest;
}

int acceptance_write(struct context *context, const char *run, struct err *err)
{
        return told_later_write(context, run, OUTCOME_TYPE, OPERATOR_FILE, err);
}

/* ---- approvals ---- */

static int take_step(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        json_t *data = json_object_get(event, "data");
        const char *dot = strrchr(row->type, '.');

        (void)err;
        if (!json_is_object(data) || !dot)
                return 0;
        json_object_set_new(data, "step", json_string(dot + 1));
        json_object_set(data, "time", json_object_get(event, "time"));
        json_array_append(arg, data);
        return 0;
}

static json_t *deadline_json(struct store *store, const struct store_run *run, struct err *err)
{
        char text[CLOCK_RFC3339];
        int64_t ms = 0;

        if (store_deadline_get(store, run->id, &ms, err) < 0)
                return NULL;
        if (!ms || run->phase != PHASE_HELD)
                return json_null();
        clock_rfc3339_at(ms, text);
        return json_pack("{s:s,s:I}", "time", text, "ms", (json_int_t)ms);
}

json_t *approvals_json(struct store *store, const struct store_run *run, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "approval."};
        _cleanup_json_ json_t *steps = json_array(), *deadline = NULL;
        json_t *last;

        if (store_events_each(store, run->id, &filter, take_step, steps, err) < 0 ||
            !(deadline = deadline_json(store, run, err)))
                return NULL;
        last = json_array_get(steps, json_array_size(steps) - 1);
        if (!last && json_is_null(deadline))
                return json_null();
        return json_pack("{s:O,s:s?,s:O}", "steps", steps, "state", json_string_value(json_object_get(last, "step")),
                         "deadline", deadline);
}

/* ---- for people ---- */

void put_span(struct str *out, int64_t ms)
{
        static const struct {
                int64_t ms;
                const char *unit;
        } units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "second"}, {1, "millisecond"}};

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                const int64_t count = (ms + units[i].ms / 2) / units[i].ms;

                if (ms < 3 * units[i].ms && count * units[i].ms != ms && units[i].ms > 1000)
                        continue; /* 36 hours are not two days */
                if (ms < units[i].ms)
                        continue;
                str_printf(out, "%lld %s%s", (long long)count, units[i].unit, count == 1 ? "" : "s");
                return;
        }
        str_puts(out, "no time");
}

void put_until(struct str *out, int64_t deadline_ms, int64_t now_seconds)
{
        const int64_t left = deadline_ms - now_seconds * 1000;

        if (left < 1000) {
                str_puts(out, "now");
                return;
        }
        str_puts(out, "in ");
        put_span(out, left);
}

static void put_said(const json_t *said, const char *what, const struct approval_view *view, struct str *out)
{
        const char *who = json_string_value(json_object_get(said, "who"));
        const char *reason = json_string_value(json_object_get(said, "reason"));

        str_printf(out, "  %-10s ", what);
        if (who) {
                str_puts(out, "by ");
                render_line(out, who);
                str_puts(out, ", ");
        }
        render_ago(out, json_string_value(json_object_get(said, "time")), view->now);
        if (reason && reason[0]) {
                str_puts(out, ": ");
                render_line(out, reason);
        }
        str_putc(out, '\n');
}

static void put_bound(const json_t *step, struct str *out)
{
        static const char *const names[] = {"tree", "base", "evidence", "item_sha256", "plan_id"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                const char *value = json_string_value(json_object_get(step, names[i]));

                if (value)
                        str_printf(out, "  %-10s %.16s\n",
                                   strcmp(names[i], "item_sha256") == 0 ? "item"
                                   : strcmp(names[i], "plan_id") == 0   ? "plan"
                                                                        : names[i],
                                   value);
        }
}

static void put_steps(const struct approval_view *view, struct str *out)
{
        const json_t *steps = json_object_get(view->approvals, "steps");
        const json_t *deadline = json_object_get(view->approvals, "deadline");
        json_t *step;
        size_t i;

        str_putc(out, '\n');
        render_tint(out, view->colour, TINT_STRONG, "approval\n");
        json_array_foreach(steps, i, step) put_said(step, json_string_value(json_object_get(step, "step")), view, out);
        put_bound(json_array_get(steps, json_array_size(steps) - 1), out);
        if (!json_is_object(deadline))
                return;
        str_printf(out, "  %-10s ", "deadline");
        put_until(out, (int64_t)json_integer_value(json_object_get(deadline, "ms")), view->now);
        str_printf(out, " (%s); then it is rejected\n", json_string_value(json_object_get(deadline, "time")));
}

void approvals_put(const struct approval_view *view, struct str *out)
{
        json_t *said;
        size_t i;

        if (json_is_object(view->approvals))
                put_steps(view, out);
        if (!json_is_object(view->acceptance))
                return;
        str_putc(out, '\n');
        render_tint(out, view->colour, TINT_STRONG, "operator");
        str_puts(out, "  beside the verdict; the latest holds\n");
        json_array_foreach(json_object_get(view->acceptance, "all"), i, said)
                put_said(said, json_string_value(json_object_get(said, "outcome")), view, out);
}
