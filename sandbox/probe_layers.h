/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_PROBE_LAYERS_H
#define CUPEL_SANDBOX_PROBE_LAYERS_H

#include "lib/base/err.h"
#include "sandbox/plan.h"

#include <stdbool.h>

#define PROBE_DETAIL 160

/* `attempt` runs in a child of its own; 0: present. A detail may be left in `detail`. */
struct probe_attempt {
        const char *name;
        const char *purpose;
        const char *remedy;
        enum sandbox_tier without; /* the best tier that is left without it */
        int (*attempt)(char detail[PROBE_DETAIL], struct err *err);
};

extern const struct probe_attempt probe_attempts[];
extern const size_t probe_attempts_len;

#endif
