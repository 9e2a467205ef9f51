/* SPDX-License-Identifier: Apache-2.0 */
/* The form of report.json: the published schema, and the checker that is built in. */
#include "lib/packet/schema.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static size_t faults_of(const char *schema, const char *value)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *form = json_parse(schema, strlen(schema), "schema", &err);
        struct json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
        struct strv faults = {0};
        size_t len;

        cr_assert_not_null(form, "%s", err.message);
        cr_assert_not_null(json, "%s", value);
        packet_schema_check_by(form, json, &faults);
        len = faults.len;
        strv_release(&faults);
        json_decref(json);
        return len;
}

Test(schema, each_keyword_accepts_and_refuses)
{
        static const struct {
                const char *schema, *good, *bad;
        } rows[] = {
                {"{\"type\":\"string\"}", "\"a\"", "1"},
                {"{\"type\":[\"string\",\"null\"]}", "null", "true"},
                {"{\"type\":\"integer\"}", "3", "3.5"},
                {"{\"type\":\"number\"}", "3.5", "\"3\""},
                {"{\"type\":\"boolean\"}", "false", "0"},
                {"{\"required\":[\"a\"]}", "{\"a\":1}", "{\"b\":1}"},
                {"{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":null}", "{\"a\":1}"},
                {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}", "{\"a\":1,\"b\":2}"},
                {"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"x\":1}", "{\"x\":\"y\"}"},
                {"{\"items\":{\"type\":\"string\"}}", "[\"a\"]", "[\"a\",1]"},
                {"{\"minItems\":1}", "[1]", "[]"},
                {"{\"enum\":[\"a\",\"b\"]}", "\"b\"", "\"c\""},
                {"{\"const\":\"a\"}", "\"a\"", "\"b\""},
                {"{\"minimum\":0}", "0", "-1"},
                {"{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"type\":\"null\"}}}", "null", "1"},
                {"{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{}}}", "1", NULL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                cr_expect_eq(faults_of(rows[i].schema, rows[i].good), 0, "%s takes %s", rows[i].schema, rows[i].good);
                if (rows[i].bad)
                        cr_expect_gt(faults_of(rows[i].schema, rows[i].bad), 0, "%s refuses %s", rows[i].schema,
                                     rows[i].bad);
        }
}

Test(schema, what_the_checker_does_not_know_is_a_fault)
{
        cr_assert_gt(faults_of("{\"maximum\":3}", "1"), 0);
        cr_assert_gt(faults_of("{\"$ref\":\"#/$defs/none\"}", "1"), 0);
}

Test(schema, the_published_one_says_what_is_missing)
{
        _cleanup_json_ struct json_t *report = json_object();
        struct strv faults = {0};
        bool outcome = false;

        packet_schema_check(report, &faults);
        cr_assert_eq(faults.len, PACKET_FAULTS_MAX, "bounded: %zu", faults.len);
        for (size_t i = 0; i < faults.len; i++) {
                cr_expect_null(strstr(faults.items[i], "keyword"), "%s", faults.items[i]);
                outcome = outcome || strstr(faults.items[i], "missing: outcome");
        }
        cr_assert(outcome);
        strv_release(&faults);
}

Test(schema, a_report_that_is_nested_without_end_is_no_trouble)
{
        _cleanup_json_ struct json_t *deep = json_object();
        struct strv faults = {0};

        for (int i = 0; i < 1000; i++)
                deep = json_pack("{s:o}", "queue", deep);
        packet_schema_check(deep, &faults);
        cr_assert_gt(faults.len, 0);
        strv_release(&faults);
}
