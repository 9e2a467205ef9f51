/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/limit.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <inttypes.h>
#include <string.h>

static const struct {
        const char *name, *key, *text;
        enum limit_unit unit;
} limits[] = {
#define X(limit, name, unit, key, text) {name, key, text, LIMIT_UNIT_##unit},
        SANDBOX_LIMITS(X)
#undef X
};

static const char *const means_names[] = {
#define X(means, name) name,
        SANDBOX_MEANS(X)
#undef X
};

const char *limit_name(enum sandbox_limit limit)
{
        return limits[limit].name;
}

const char *limit_means_name(enum sandbox_means means)
{
        return means_names[means];
}

/* As budgets are written, for a sentence that names one; whole where it is whole, one digit after the point else. */
static void put_size(struct str *out, uint64_t bytes)
{
        static const char units[] = {'K', 'M', 'G', 'T', 'P', 'E'};
        uint64_t unit = 1024;
        size_t which = 0;

        if (bytes < 1024) {
                str_printf(out, "%" PRIu64 " bytes", bytes);
                return;
        }
        while (which < sizeof(units) - 1 && bytes / 1024 >= unit) {
                unit *= 1024;
                which++;
        }
        if (bytes % unit == 0)
                str_printf(out, "%" PRIu64 "%c", bytes / unit, units[which]);
        else
                str_printf(out, "%" PRIu64 ".%u%c", bytes / unit, (unsigned)(bytes % unit * 10 / unit), units[which]);
}

static void put_amount(struct str *out, enum sandbox_limit limit, uint64_t amount)
{
        char time[CLOCK_RFC3339];

        switch (limits[limit].unit) {
        case LIMIT_UNIT_TIME:
                clock_human(amount, time);
                str_puts(out, time);
                return;
        case LIMIT_UNIT_SIZE:
                put_size(out, amount);
                return;
        case LIMIT_UNIT_COUNT:
                str_printf(out, "%" PRIu64, amount);
        }
}

void limit_put_excess(struct str *out, enum sandbox_limit limit, const struct sandbox_use *use)
{
        str_printf(out, " %s its budget of ", limits[limit].text);
        put_amount(out, limit, use->budget);
        str_printf(out, " (budget.%s", limits[limit].key);
        if (use->peak != USE_UNKNOWN) {
                str_puts(out, "; it used ");
                put_amount(out, limit, use->peak);
        }
        str_putc(out, ')');
}

struct json_t *uses_to_json(const struct sandbox_use uses[SANDBOX_LIMIT_COUNT])
{
        json_t *list = json_array();

        for (size_t i = 0; i < SANDBOX_LIMIT_COUNT; i++) {
                json_t *peak = uses[i].peak == USE_UNKNOWN ? json_null() : json_integer((json_int_t)uses[i].peak);

                json_array_append_new(list, json_pack("{s:s, s:I, s:o, s:s}", "limit", limits[i].name, "budget",
                                                      (json_int_t)uses[i].budget, "peak", peak, "by",
                                                      means_names[uses[i].by]));
        }
        return list;
}

static int find_name(const char *const *names, size_t len, const char *name)
{
        for (size_t i = 0; i < len; i++)
                if (strcmp(names[i], name) == 0)
                        return (int)i;
        return -1;
}

static int use_from_json(struct json_t *json, size_t limit, struct sandbox_use *ret, struct err *err)
{
        const json_t *peak = json_object_get(json, "peak"), *budget = json_object_get(json, "budget");
        const char *name = json_string_value(json_object_get(json, "limit"));
        const char *by = json_string_value(json_object_get(json, "by"));
        int means = by ? find_name(means_names, SANDBOX_MEANS_COUNT, by) : -1;

        if (json_object_size(json) != 4 || !name || strcmp(name, limits[limit].name) != 0 || means < 0 ||
            !json_is_integer(budget) || json_integer_value(budget) < 0 ||
            !(json_is_null(peak) || (json_is_integer(peak) && json_integer_value(peak) >= 0)))
                return err_set(err, ERR_INPUT, "limits: item %zu is not what a step used of its %s", limit,
                               limits[limit].name);
        *ret = (struct sandbox_use){.budget = (uint64_t)json_integer_value(budget),
                                    .peak = json_is_null(peak) ? USE_UNKNOWN : (uint64_t)json_integer_value(peak),
                                    .by = (enum sandbox_means)means};
        return 0;
}

int uses_from_json(struct json_t *json, struct sandbox_use ret[SANDBOX_LIMIT_COUNT], struct err *err)
{
        struct sandbox_use uses[SANDBOX_LIMIT_COUNT];

        if (json_array_size(json) != SANDBOX_LIMIT_COUNT)
                return err_set(err, ERR_INPUT, "limits: expected a list of %d", (int)SANDBOX_LIMIT_COUNT);
        for (size_t i = 0; i < SANDBOX_LIMIT_COUNT; i++)
                if (use_from_json(json_array_get(json, i), i, &uses[i], err) < 0)
                        return -1;
        memcpy(ret, uses, sizeof(uses));
        return 0;
}

static void put_cell(struct str *out, enum sandbox_limit limit, uint64_t amount, const char *none)
{
        struct str text = {0};

        if (none)
                str_puts(&text, none);
        else if (limits[limit].unit == LIMIT_UNIT_SIZE)
                str_put_size(&text, amount);
        else
                put_amount(&text, limit, amount);
        str_printf(out, "  %10s", str_text(&text));
        str_release(&text);
}

void uses_put_table(struct str *out, const struct json_t *json, const char *indent)
{
        struct sandbox_use uses[SANDBOX_LIMIT_COUNT] = {0};
        struct err ignored;

        if (uses_from_json((struct json_t *)json, uses, &ignored) < 0)
                return;
        for (size_t i = 0; i < SANDBOX_LIMIT_COUNT; i++) {
                enum sandbox_limit limit = (enum sandbox_limit)i;

                if (uses[i].by == SANDBOX_MEANS_NONE)
                        continue;
                str_printf(out, "%s%-10s", indent, limits[i].name);
                put_cell(out, limit, uses[i].peak, uses[i].peak == USE_UNKNOWN ? "?" : NULL);
                str_puts(out, "  of");
                put_cell(out, limit, uses[i].budget, uses[i].budget ? NULL : "no limit");
                str_printf(out, "  %s\n", means_names[uses[i].by]);
        }
}
