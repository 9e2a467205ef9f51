/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit from an attacker. */
#include "lib/base/junit.h"
#include "tests/fuzz/case_lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return case_lists_hold(junit_parse, data, size);
}
