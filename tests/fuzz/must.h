/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_FUZZ_MUST_H
#define CUPEL_FUZZ_MUST_H

/* What holds for every input: libFuzzer keeps the input of an abort, replay.c names it. */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline void must(bool holds)
{
        if (!holds)
                abort();
}

/* Several parsers in one target: the first byte chooses, the rest is a copy, so that what is read beyond its end is seen. */
static inline int must_try(void (*const tries[])(const char *bytes, size_t len), size_t count, const uint8_t *data,
                           size_t size)
{
        char *copy;

        if (!size)
                return 0;
        copy = xmemdup(data + 1, size - 1);
        tries[data[0] % count](copy, size - 1);
        free(copy);
        return 0;
}

#endif
