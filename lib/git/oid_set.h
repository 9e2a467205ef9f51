/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_OID_SET_H
#define CUPEL_GIT_OID_SET_H

/* A growing set of object ids, in the order of arrival. Starts as {0}. Private to lib/git. */

#include <git2.h>
#include <stdbool.h>

struct oid_set {
        git_oid *ids;
        size_t len, cap;
        size_t *slots; /* index + 1 into ids; 0: free */
        size_t slots_len;
};

bool oid_set_add(struct oid_set *set, const git_oid *id);       /* false: it was there */
void oid_set_take_back(struct oid_set *set, const git_oid *id); /* only where it was added last */
bool oid_set_has(const struct oid_set *set, const git_oid *id);
void oid_set_release(struct oid_set *set);

#endif
