/* SPDX-License-Identifier: Apache-2.0 */
/* TAP from an attacker. */
#include "lib/base/tap.h"
#include "tests/fuzz/case_lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return case_lists_hold(tap_parse, data, size);
}
