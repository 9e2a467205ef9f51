/* SPDX-License-Identifier: Apache-2.0 */
/* Gate forbid: what the work item forbids and a change shows. No key of a policy turns it off; each finding's rule is the word. */
#include "policy/gates/judgement.h"

#include "policy/forbid.h"
#include "policy/plan.h"

static void judge_word(const struct judgement *judgement, const struct forbid_word *word)
{
        const struct forbid_look look = {.plan = judgement->plan, .changes = judgement->changes};

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                if (word->hits(&look, change))
                        gate_find(judgement, &(struct gate_at){.path = change->path, .rule = word->word},
                                  word->finding);
        }
}

void judge_forbid(const struct judgement *judgement)
{
        for (size_t i = 0; i < judgement->plan->forbid.len; i++) {
                const struct forbid_word *word = forbid_find(judgement->plan->forbid.items[i].word);

                if (word && word->hits)
                        judge_word(judgement, word);
        }
}
