/* SPDX-License-Identifier: Apache-2.0 */
/* What the runs took: milliseconds of each phase, peaks of each step, dollars. Numbers only; none of them is a promise. */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/packet/compare_internal.h"

#include <string.h>

static void put_phase(json_t *ret, const char *phase, int64_t ms)
{
        _cleanup_free_ char *key = xasprintf("%s ms", phase);
        const json_int_t before = json_integer_value(json_object_get(ret, key));

        json_object_set_new(ret, key, json_integer(before + ms));
}

static void put_phases(const json_t *timeline, json_t *ret)
{
        const size_t len = json_array_size(timeline);

        for (size_t i = 0; i + 1 < len; i++) {
                const json_t *at = json_array_get(timeline, i), *next = json_array_get(timeline, i + 1);

                put_phase(ret, json_text_of(at, "phase"),
                          clock_from_rfc3339(json_text_of(next, "time")) -
                                  clock_from_rfc3339(json_text_of(at, "time")));
        }
        if (len)
                put_phase(ret, "all of it",
                          clock_from_rfc3339(json_text_of(json_array_get(timeline, len - 1), "time")) -
                                  clock_from_rfc3339(json_text_of(json_array_get(timeline, 0), "time")));
}

static void put_peaks(const json_t *limits, json_t *ret)
{
        json_t *step, *limit;
        size_t i, at;

        json_array_foreach(limits, i, step) json_array_foreach(json_object_get(step, "limits"), at, limit)
        {
                const char *name = json_text_of(limit, "limit");
                const bool is_time = strcmp(name, "wall") == 0 || strcmp(name, "cpu") == 0;
                _cleanup_free_ char *key = xasprintf("%.*s %s%s", COMPARE_PREFIX_MAX, json_text_of(step, "step"), name,
                                                     is_time ? " ms" : " peak");

                if (json_is_number(json_object_get(limit, "peak")))
                        json_object_set(ret, key, json_object_get(limit, "peak"));
        }
}

int compare_resources(const struct pair *pair, struct section *section, struct err *err)
{
        json_t *flat[2] = {json_object(), json_object()};

        (void)err;
        for (size_t i = 0; i < 2; i++) {
                put_phases(json_object_get(pair->report[i], "timeline"), flat[i]);
                put_peaks(json_object_get(pair->report[i], "limits"), flat[i]);
                if (json_is_object(json_object_get(pair->report[i], "cost")))
                        compare_flatten(json_object_get(pair->report[i], "cost"), "cost", flat[i]);
        }
        section_compare_flat(section, "", flat[0], flat[1]);
        json_decref(flat[0]);
        json_decref(flat[1]);
        return 0;
}
