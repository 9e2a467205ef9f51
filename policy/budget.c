/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/budget.h"

#include "policy/item.h"

static const size_t diff_members[] = {
        offsetof(struct budget, diff_files),
        offsetof(struct budget, diff_lines),
        offsetof(struct budget, diff_bytes),
        offsetof(struct budget, diff_binary),
};
#define DIFF_MEMBERS (sizeof(diff_members) / sizeof(diff_members[0]))

static int64_t *member(struct budget *budget, size_t i)
{
        return (int64_t *)(void *)((char *)budget + diff_members[i]);
}

static int64_t most_of(size_t offset)
{
        for (size_t i = 0; i < budget_schema.len; i++)
                if (budget_schema.keys[i].offset == offset && budget_schema.keys[i].max)
                        return budget_schema.keys[i].max;
        return KEY_NUMBER_MAX;
}

void budget_widen(struct budget *budget, int64_t factor)
{
        for (size_t i = 0; i < DIFF_MEMBERS; i++) {
                int64_t *value = member(budget, i);
                const int64_t most = most_of(diff_members[i]);

                *value = *value > most / factor ? most : *value * factor;
        }
}

void budget_narrow(struct budget *budget, int64_t factor)
{
        for (size_t i = 0; i < DIFF_MEMBERS; i++)
                *member(budget, i) /= factor;
}
