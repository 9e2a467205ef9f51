/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/supervision_processes.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <sys/resource.h>

static const char *const names[] = {
#define X(id, name) name,
        PROCESSES(X)
#undef X
};

void processes_begin(struct processes *processes, enum process which)
{
        processes->items[which].from = clock_wall_ms();
}

void processes_end(struct processes *processes, enum process which, const struct rusage *usage)
{
        struct process_use *use = &processes->items[which];

        use->until = clock_wall_ms();
        use->cpu_ms = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 +
                      (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
        use->memory_peak = usage->ru_maxrss * 1024;
}

void processes_say(struct processes *processes, enum process which, const struct json_t *usage)
{
        struct process_use *use = &processes->items[which];
        const int64_t cpu = json_integer_value(json_object_get(usage, "cpu_ms"));
        const int64_t peak = json_integer_value(json_object_get(usage, "memory_peak"));

        use->until = clock_wall_ms();
        use->cpu_ms = cpu > 0 ? cpu : 0;
        use->memory_peak = peak > 0 ? peak : 0;
}

struct json_t *processes_json(struct processes *processes)
{
        json_t *items = json_array();

        for (size_t i = 0; i < PROCESS_COUNT && !processes->told; i++) {
                const struct process_use *use = &processes->items[i];
                char from[CLOCK_RFC3339], until[CLOCK_RFC3339];

                if (!use->from || !use->until)
                        continue;
                clock_rfc3339_at(use->from, from);
                clock_rfc3339_at(use->until, until);
                json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", names[i], "start", from,
                                                       "end", until, "cpu_ms", (json_int_t)use->cpu_ms, "memory_peak",
                                                       (json_int_t)use->memory_peak));
        }
        if (json_array_size(items) == 0) {
                json_decref(items);
                return NULL;
        }
        processes->told = true;
        return json_pack("{s:o}", "items", items);
}
