/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_PROBE_LAYERS_H
#define CUPEL_SANDBOX_PROBE_LAYERS_H

#include "lib/base/err.h"
#include "sandbox/plan.h"

#define PROBE_DETAIL 160

/* `attempt` runs in a child of its own; 0: present. A detail may be left in `detail`. */
#define PROBE_ASK ""

struct probe_attempt {
        const char *name;
        const char *purpose;
        const char *remedy;        /* PROBE_ASK: probe_remedy() knows */
        enum sandbox_tier without; /* the best tier that is left without it */
        const char *needs;         /* the layer without which it is not tried; NULL: none */
        int (*attempt)(char detail[PROBE_DETAIL], struct err *err);
};

extern const struct probe_attempt probe_attempts[];
extern const size_t probe_attempts_len;

/* What would give user namespaces here: looks at the settings that take them away. Static. */
const char *probe_remedy(void);

#endif
