/* SPDX-License-Identifier: Apache-2.0 */
/* What a step used, as sentence, as JSON, as table. */
#include "sandbox/limit.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct sandbox_use uses[SANDBOX_LIMIT_COUNT] = {
        [SANDBOX_LIMIT_WALL] = {600000, 1234, SANDBOX_MEANS_TIMER},
        [SANDBOX_LIMIT_MEMORY] = {64 << 20, 70 << 20, SANDBOX_MEANS_CGROUP1},
        [SANDBOX_LIMIT_PROCESSES] = {0, 7, SANDBOX_MEANS_POLLED},
        [SANDBOX_LIMIT_FILE] = {1536, USE_UNKNOWN, SANDBOX_MEANS_RLIMIT},
};

Test(limit, an_excess_names_budget_key_and_use)
{
        struct str text = {0};

        limit_put_excess(&text, SANDBOX_LIMIT_MEMORY, &uses[SANDBOX_LIMIT_MEMORY]);
        cr_assert(strcmp(str_text(&text), " used more memory than its budget of 64M (budget.memory; it used 70M)") ==
                  0);
        str_clear(&text);
        limit_put_excess(&text, SANDBOX_LIMIT_FILE, &uses[SANDBOX_LIMIT_FILE]);
        cr_assert(strcmp(str_text(&text), " wrote a larger single file than its budget of 1.5K (budget.disk)") == 0);
        str_release(&text);
}

Test(limit, survives_json)
{
        struct sandbox_use again[SANDBOX_LIMIT_COUNT];
        struct err err = ERR_INIT;
        json_t *json = uses_to_json(uses);

        cr_assert(uses_from_json(json, again, &err) == 0, "%s", err.message);
        for (size_t i = 0; i < SANDBOX_LIMIT_COUNT; i++)
                cr_assert(again[i].budget == uses[i].budget && again[i].peak == uses[i].peak &&
                          again[i].by == uses[i].by);
        json_decref(json);
}

Test(limit, refuses_json_that_is_not_ours)
{
        static const char *const bad[] = {"{}", "[]", "null", "[1,2,3,4,5,6,7,8]"};
        static const char *const keys[] = {"limit", "budget", "peak", "by"};
        struct sandbox_use again[SANDBOX_LIMIT_COUNT];
        struct err err = ERR_INIT;

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                json_t *json = json_loads(bad[i], JSON_DECODE_ANY, NULL);

                cr_assert(uses_from_json(json, again, &err) < 0);
                json_decref(json);
        }
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
                json_t *json = uses_to_json(uses);

                json_object_set_new(json_array_get(json, 2), keys[i], json_integer(-1));
                cr_assert(uses_from_json(json, again, &err) < 0, "%s", keys[i]);
                json_decref(json);
        }
}

Test(limit, makes_a_table_of_what_is_known)
{
        struct str text = {0};
        json_t *json = uses_to_json(uses);

        uses_put_table(&text, json, "> ");
        cr_assert(strstr(str_text(&text), "> wall             1.2 s  of   10 m 00 s  timer\n"), "%s", str_text(&text));
        cr_assert(strstr(str_text(&text), "> file size            ?  of     1.5 KiB  rlimit\n"), "%s", str_text(&text));
        cr_assert(strstr(str_text(&text), "> processes            7  of    no limit  polled\n"), "%s", str_text(&text));
        cr_assert(!strstr(str_text(&text), "inodes"), "a limit that nothing holds is not shown");
        str_release(&text);
        json_decref(json);
}
