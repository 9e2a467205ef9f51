/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/plan.h"

#include <string.h>

const char *const sandbox_tier_names[] = {"A", "B", "C", "D", "E", NULL};
static const char *const tier_meanings[] = {
        "everything",
        "no overlay: the worktree is a copy",
        "no fresh /proc or no Landlock",
        "weaker: no user namespaces; Landlock and seccomp on a copy, no cage but Landlock",
        "no sandbox",
};

const char *sandbox_tier_name(enum sandbox_tier tier)
{
        return sandbox_tier_names[tier];
}

const char *sandbox_tier_meaning(enum sandbox_tier tier)
{
        return tier_meanings[tier];
}

int sandbox_tier_from_name(const char *name, enum sandbox_tier *ret)
{
        for (int i = 0; sandbox_tier_names[i]; i++)
                if (strcmp(sandbox_tier_names[i], name) == 0) {
                        *ret = (enum sandbox_tier)i;
                        return 0;
                }
        return -1;
}
