/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/outcome.h"

#include <string.h>

static const struct {
        const char *name;
        int exit_status;
        const char *meaning;
} outcomes[] = {
#define X(name, text, status, meaning) [OUTCOME_##name] = {text, status, meaning},
        OUTCOMES(X)
#undef X
};

const char *outcome_name(enum outcome outcome)
{
        return outcomes[outcome].name;
}

int outcome_exit_status(enum outcome outcome)
{
        return outcomes[outcome].exit_status;
}

const char *outcome_meaning(enum outcome outcome)
{
        return outcomes[outcome].meaning;
}

int outcome_from_name(const char *name, enum outcome *ret)
{
        for (unsigned i = 0; i < OUTCOME_COUNT; i++)
                if (strcmp(outcomes[i].name, name) == 0) {
                        *ret = (enum outcome)i;
                        return 0;
                }
        return -1;
}
