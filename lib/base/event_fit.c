/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/event.h"

#include "lib/base/json.h"

/* The first of a list says most: `least` 0 only where nothing else helps. */
static bool halve_lists(json_t *data, size_t least)
{
        bool shorter = false;
        const char *key;
        json_t *value;

        json_object_foreach(data, key, value)
        {
                const size_t len = json_array_size(value), half = len / 2 > least ? len / 2 : least;

                for (size_t last = len; last > half; last--)
                        json_array_remove(value, last - 1);
                shorter |= len > half;
        }
        return shorter;
}

void event_fit(struct json_t *data)
{
        while (json_size(data) > EVENT_DATA_MAX && (halve_lists(data, 1) || halve_lists(data, 0)))
                json_object_set_new(data, "shortened", json_true());
}
