/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over the ids' own bytes: they are hashes already (an adversary can only make probes longer, within the
 * caps that bound the number of objects). */
#include "lib/git/oid_set.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static size_t first_slot(const struct oid_set *set, const git_oid *id)
{
        size_t hash;

        memcpy(&hash, id->id + 4, sizeof(hash));
        return hash & (set->slots_len - 1);
}

static size_t *find_slot(const struct oid_set *set, const git_oid *id)
{
        size_t at = first_slot(set, id);

        while (set->slots[at] && git_oid_cmp(&set->ids[set->slots[at] - 1], id) != 0)
                at = (at + 1) & (set->slots_len - 1);
        return &set->slots[at];
}

static void grow(struct oid_set *set)
{
        set->cap = set->cap ? set->cap * 2 : 64;
        set->ids = xrealloc(set->ids, set->cap * sizeof(*set->ids));
        free(set->slots);
        set->slots_len = set->cap * 2;
        set->slots = xcalloc(set->slots_len, sizeof(*set->slots));
        for (size_t i = 0; i < set->len; i++)
                *find_slot(set, &set->ids[i]) = i + 1;
}

bool oid_set_has(const struct oid_set *set, const git_oid *id)
{
        return set->len && *find_slot(set, id);
}

bool oid_set_add(struct oid_set *set, const git_oid *id)
{
        size_t *slot;

        if (set->len == set->cap)
                grow(set);
        slot = find_slot(set, id);
        if (*slot)
                return false;
        set->ids[set->len++] = *id;
        *slot = set->len;
        return true;
}

/* No other was placed behind it since: its slot can become free again. */
void oid_set_take_back(struct oid_set *set, const git_oid *id)
{
        if (!set->len || git_oid_cmp(&set->ids[set->len - 1], id) != 0)
                return;
        *find_slot(set, id) = 0;
        set->len--;
}

void oid_set_release(struct oid_set *set)
{
        free(set->ids);
        free(set->slots);
        *set = (struct oid_set){0};
}
