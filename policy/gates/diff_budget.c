/* SPDX-License-Identifier: Apache-2.0 */
/* Gate diff_budget: a change larger than the item may make, in files, lines, bytes of text, bytes of what is no text. */
#include "policy/gates/judgement.h"

#include "lib/base/cleanup.h"
#include "policy/plan.h"

static uint64_t binary_bytes(const struct change_list *changes)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < changes->len; i++)
                if (changes->items[i].binary)
                        sum += changes->items[i].new_size;
        return sum;
}

void judge_diff_budget(const struct judgement *judgement)
{
        const struct budget *budget = &judgement->plan->budget;
        const struct change_list *changes = judgement->changes;
        const struct {
                const char *rule, *what;
                uint64_t used;
                int64_t limit;
        } rows[] = {
                {"diff_files", "files change", changes->len, budget->diff_files},
                {"diff_lines", "lines change", changes->lines_added + changes->lines_removed, budget->diff_lines},
                {"diff_bytes", "bytes of text change", changes->text_bytes, budget->diff_bytes},
                {"diff_binary", "bytes of new binary content", binary_bytes(changes), budget->diff_binary},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_str_ struct str text = {0};

                if (rows[i].used <= (uint64_t)rows[i].limit)
                        continue;
                str_printf(&text, "%llu %s; the budget is %lld (budget.%s)", (unsigned long long)rows[i].used,
                           rows[i].what, (long long)rows[i].limit, rows[i].rule);
                gate_find(judgement, &(struct gate_at){.rule = rows[i].rule}, str_text(&text));
        }
}
