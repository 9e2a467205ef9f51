/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/phase.h"

#include <string.h>

#define TO(phase) (1u << PHASE_##phase)

static const struct {
        const char *name;
        unsigned next; /* set of TO() */
} phases[] = {
#define X(phase, name, next) [PHASE_##phase] = {name, next},
        PHASES(X)
#undef X
};

const char *phase_name(enum phase phase)
{
        return phases[phase].name;
}

int phase_from_name(const char *name, enum phase *ret)
{
        for (unsigned i = 0; i < PHASE_COUNT; i++)
                if (strcmp(phases[i].name, name) == 0) {
                        *ret = (enum phase)i;
                        return 0;
                }
        return -1;
}

bool phase_is_terminal(enum phase phase)
{
        return phases[phase].next == 0;
}

int phase_move(enum phase *phase, enum phase next, struct err *err)
{
        if (!(phases[*phase].next & (1u << next)))
                return err_set(err, ERR_INTERNAL, "no way from %s to %s", phase_name(*phase), phase_name(next));
        *phase = next;
        return 0;
}
