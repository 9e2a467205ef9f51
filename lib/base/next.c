/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/next.h"

static const char *const names[] = {
#define X(step, name) [NEXT_##step] = name,
        NEXTS(X)
#undef X
};

const char *next_name(enum next_step step)
{
        return names[step];
}
