/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/test_compare.h"

#include "lib/base/json.h"
#include "lib/base/test_cases.h"

#include <string.h>

static bool passes(const struct test_case *one)
{
        return one && one->result == TEST_PASS;
}

static void compare_present(const struct test_case *base, const struct test_case *now, struct test_comparison *ret)
{
        if (test_case_failed(now))
                strv_add(base && test_case_failed(base) ? &ret->pre_existing : &ret->new_failures, now->name);
        else if (now->result == TEST_SKIP && passes(base))
                strv_add(&ret->skipped, now->name);
}

void test_compare(const struct test_cases *base, const struct test_cases *now, struct test_comparison *ret)
{
        for (size_t i = 0; i < now->len; i++)
                compare_present(test_cases_find(base, now->items[i].name), &now->items[i], ret);
        for (size_t i = 0; i < base->len; i++)
                if (passes(&base->items[i]) && !test_cases_find(now, base->items[i].name))
                        strv_add(&ret->vanished, base->items[i].name);
}

void test_flaky(const struct test_cases *before, const struct test_cases *after, struct test_comparison *ret)
{
        for (size_t i = 0; i < before->len; i++)
                if (test_case_failed(&before->items[i]) && passes(test_cases_find(after, before->items[i].name)))
                        strv_add(&ret->flaky, before->items[i].name);
        strv_sort_unique(&ret->flaky);
}

void test_untested(const struct test_cases *base, const struct test_cases *on_base_code, const struct test_cases *now,
                   struct test_comparison *ret)
{
        for (size_t i = 0; i < now->len; i++)
                if (passes(&now->items[i]) && !test_cases_find(base, now->items[i].name) &&
                    passes(test_cases_find(on_base_code, now->items[i].name)))
                        strv_add(&ret->untested, now->items[i].name);
}

const struct test_list test_lists[TEST_LISTS_LEN] = {
#define X(list, text) {#list, text},
        TEST_LISTS(X)
#undef X
};

void test_comparison_release(struct test_comparison *comparison)
{
#define X(list, words) strv_release(&comparison->list);
        TEST_LISTS(X)
#undef X
}

void test_put_names(const struct strv *names, size_t most, struct str *out)
{
        size_t shown = names->len > most ? most : names->len;

        for (size_t i = 0; i < shown; i++)
                str_printf(out, "%s%s", i ? ", " : "", names->items[i]);
        if (names->len > shown)
                str_printf(out, " and %zu more", names->len - shown);
}

static struct json_t *list_json(const struct strv *names)
{
        struct json_t *shown = json_array();
        size_t bytes = 0;

        for (size_t i = 0; i < names->len && (bytes += strlen(names->items[i]) + 4) <= TEST_NAMES_BYTES; i++)
                json_array_append_new(shown, json_quoted(names->items[i]));
        return json_pack("{s:I, s:o}", "count", (json_int_t)names->len, "names", shown);
}

struct json_t *test_comparison_json(const struct test_comparison *comparison)
{
        struct json_t *lists = json_object();

#define X(list, words) json_object_set_new(lists, #list, list_json(&comparison->list));
        TEST_LISTS(X)
#undef X
        return lists;
}
