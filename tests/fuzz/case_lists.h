/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_FUZZ_CASE_LISTS_H
#define CUPEL_FUZZ_CASE_LISTS_H

/* What holds for the cases of a test report, whatever its format: taken or refused whole; sorted, bounded, printable; and back from the store's form. */

#include "lib/base/cleanup.h"
#include "lib/base/test_cases.h"
#include "tests/fuzz/must.h"

#include <string.h>

typedef int report_parse_fn(const char *text, size_t len, struct test_cases *ret, struct err *err);

static inline int case_lists_hold(report_parse_fn *parse, const uint8_t *data, size_t size)
{
        _cleanup_test_cases_ struct test_cases cases = {0}, again = {0};
        _cleanup_str_ struct str text = {0};
        _cleanup_free_ char *copy = xmemdup(data, size);
        struct err err = ERR_INIT;

        if (parse(copy, size, &cases, &err) < 0) {
                must(err.code == ERR_INPUT && cases.len == 0);
                return 0;
        }
        for (size_t i = 0; i < cases.len; i++) {
                must(i == 0 || strcmp(cases.items[i - 1].name, cases.items[i].name) < 0);
                must(strlen(cases.items[i].name) <= TEST_NAME_MAX + 4 && !strchr(cases.items[i].name, '\n'));
        }
        test_cases_put(&cases, &text);
        must(test_cases_take(&again, str_text(&text), text.len, &err) == 0 && again.len == cases.len);
        return 0;
}

#endif
