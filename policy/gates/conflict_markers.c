/* SPDX-License-Identifier: Apache-2.0 */
/* Gate conflict_markers: what a merge left behind. */
#include "policy/gates/judgement.h"

void judge_conflict_markers(const struct judgement *judgement)
{
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                if (change->conflict_marker)
                        gate_find(judgement,
                                  &(struct gate_at){.path = change->path,
                                                    .line = change->conflict_marker,
                                                    .rule = "conflict-marker"},
                                  "has a merge conflict marker");
        }
}
