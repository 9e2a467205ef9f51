/* SPDX-License-Identifier: Apache-2.0 */
/* Gate paths: changes outside the allowed or inside the denied paths. */
#include "policy/gates/judgement.h"

#include "lib/base/ignore.h"
#include "policy/plan.h"

void judge_paths(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore allow = judgement_rules(&judgement->plan->paths.allow);
        _cleanup_ignore_ struct ignore deny = judgement_rules(&judgement->plan->paths.deny);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *path = judgement->changes->items[i].path;

                if (ignore_covers(&deny, path, false))
                        gate_find(judgement, &(struct gate_at){.path = path},
                                  "is one of the denied paths (paths.deny)");
                else if (allow.len && !ignore_covers(&allow, path, false))
                        gate_find(judgement, &(struct gate_at){.path = path},
                                  "is outside the allowed paths (paths.allow)");
        }
}
