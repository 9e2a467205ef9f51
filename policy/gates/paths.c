/* SPDX-License-Identifier: Apache-2.0 */
/* Gate paths: changes outside the allowed or inside the denied paths. */
#include "policy/gates/judgement.h"

#include "lib/base/ignore.h"
#include "policy/plan.h"

/* Where such a list may come from is said once: there may be many findings. */
static void find(const struct judgement *judgement, const char *path, const char *text, const char *first)
{
        const bool again = judgement->report->found[GATE_PATHS] > 0;

        gate_find(judgement, &(struct gate_at){.path = path}, again ? text : first);
}

void judge_paths(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore allow = judgement_rules(&judgement->plan->paths.allow);
        _cleanup_ignore_ struct ignore deny = judgement_rules(&judgement->plan->paths.deny);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *path = judgement->changes->items[i].path;

                if (ignore_covers(&deny, path, false))
                        find(judgement, path, "is one of the denied paths (paths.deny)",
                             "is one of the denied paths (paths.deny of the item, or --deny of the admission)");
                else if (allow.len && !ignore_covers(&allow, path, false))
                        find(judgement, path, "is outside the allowed paths (paths.allow)",
                             "is outside the allowed paths (paths.allow of the item, or --allow of the admission)");
        }
}
