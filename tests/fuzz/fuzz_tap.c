/* SPDX-License-Identifier: Apache-2.0 */
/* TAP from an attacker: beside not crashing, what is taken is sorted, bounded, printable, and comes back from the store's form. */
#include "lib/base/cleanup.h"
#include "lib/base/tap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_test_cases_ struct test_cases cases = {0}, again = {0};
        _cleanup_str_ struct str text = {0};
        _cleanup_free_ char *copy = xmemdup(data, size);
        struct err err = ERR_INIT;

        if (tap_parse(copy, size, &cases, &err) < 0) {
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
