/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_FUZZ_PUT_RIGHT_H
#define CUPEL_FUZZ_PUT_RIGHT_H

/* A packet that was written of `sections`, put right as the first line of the input says: "chain", "sums", "both", or nothing of it. */

#include "tests/fuzz/sections.h"

void packet_put_right(struct sections *sections, int folder, const uint8_t *data, size_t size);

#endif
