/* SPDX-License-Identifier: Apache-2.0 */
/* What was judged: each verifier of runner and director by its result, each test that is on a list of one of them, each finding. */
#include "lib/base/cleanup.h"
#include "lib/base/test_compare.h"
#include "lib/packet/compare_internal.h"

#include <string.h>

static void put_tests(const json_t *verifier, const char *prefix, json_t *ret)
{
        const json_t *cases = json_object_get(verifier, "cases");

        for (size_t i = 0; i < TEST_LISTS_LEN; i++) {
                json_t *name;
                size_t at;

                json_array_foreach(json_object_get(json_object_get(cases, test_lists[i].key), "names"), at, name)
                {
                        const char *test = json_string_value(name) ? json_string_value(name) : "";
                        _cleanup_free_ char *key = xasprintf("%s test %s", prefix, test);

                        json_object_set_new(ret, key, json_string(test_lists[i].key));
                }
        }
}

static void put_verifier(const json_t *verifier, const char *gate, json_t *ret)
{
        _cleanup_free_ char *prefix = xasprintf("%s %.*s", gate, COMPARE_PREFIX_MAX, json_text_of(verifier, "name"));
        _cleanup_free_ char *exit_key = xasprintf("%s exit", prefix), *counts_key = xasprintf("%s tests", prefix);
        json_t *counts = json_object_get(json_object_get(verifier, "cases"), "counts");

        json_object_set(ret, prefix, json_object_get(verifier, "result"));
        json_object_set(ret, exit_key, json_object_get(verifier, "exit"));
        if (counts)
                json_object_set(ret, counts_key, counts);
        put_tests(verifier, prefix, ret);
}

static json_t *verdicts_of(const json_t *report)
{
        static const char *const gates[] = {"self", "director"};
        const json_t *verifiers = json_object_get(report, "verifiers");
        json_t *flat = json_object(), *verifier;
        size_t at;

        for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
                json_array_foreach(json_object_get(verifiers, gates[i]), at, verifier)
                        put_verifier(verifier, gates[i], flat);
        return flat;
}

int compare_verdicts(const struct pair *pair, struct section *section, struct err *err)
{
        _cleanup_json_ json_t *first = verdicts_of(pair->report[0]), *second = verdicts_of(pair->report[1]);

        (void)err;
        section_compare_flat(section, "", first, second);
        return 0;
}

/* By rule and place: "anti_stub/todo src/a.c:3". */
static json_t *findings_of(const json_t *report)
{
        json_t *flat = json_object(), *finding;
        size_t i;

        json_array_foreach(json_object_get(report, "gates"), i, finding)
        {
                const char *rule = json_text_of(finding, "rule"), *path = json_text_of(finding, "path");
                const long long line = (long long)json_integer_value(json_object_get(finding, "line"));
                _cleanup_free_ char *key = xasprintf("%s%s%s%s%s", json_text_of(finding, "gate"), *rule ? "/" : "",
                                                     rule, *path ? " " : "", path);
                _cleanup_free_ char *place = line ? xasprintf("%s:%lld", key, line) : xstrdup(key);

                json_object_set(flat, place, json_object_get(finding, "level"));
        }
        return flat;
}

int compare_gates(const struct pair *pair, struct section *section, struct err *err)
{
        _cleanup_json_ json_t *first = findings_of(pair->report[0]), *second = findings_of(pair->report[1]);

        (void)err;
        section_compare_flat(section, "", first, second);
        return 0;
}
