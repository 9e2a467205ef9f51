/* SPDX-License-Identifier: Apache-2.0 */
/* Strictly, with no help from libgit2, which lets through modes, orders and names that git or a file system would stumble over. */
#include "lib/git/quarantine_entries.h"
#include "lib/base/cleanup.h"
#include "lib/git/names.h"

#include <stdlib.h>
#include <string.h>

void entries_release(struct entries *list)
{
        free(list->items);
        free(list->bytes);
}

static bool mode_of(const char *text, size_t len, uint32_t *ret)
{
        static const struct {
                const char *text;
                uint32_t mode;
        } modes[] = {
                {"40000", 0040000}, {"100644", 0100644}, {"100755", 0100755}, {"120000", 0120000}, {"160000", 0160000}};

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
                if (strlen(modes[i].text) == len && memcmp(modes[i].text, text, len) == 0) {
                        *ret = modes[i].mode;
                        return true;
                }
        }
        return false;
}

int entry_order(const struct entry *a, const struct entry *b)
{
        size_t common = a->len < b->len ? a->len : b->len;
        int diff = memcmp(a->name, b->name, common);
        unsigned char end_a, end_b;

        if (diff)
                return diff;
        end_a = common < a->len ? (unsigned char)a->name[common] : a->mode == 0040000 ? '/' : '\0';
        end_b = common < b->len ? (unsigned char)b->name[common] : b->mode == 0040000 ? '/' : '\0';
        return (int)end_a - (int)end_b;
}

const char *entry_parse(const char *at, const char *end, struct entry *ret, const char **why)
{
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *nul = space ? memchr(space, '\0', (size_t)(end - space)) : NULL;

        *why = "a tree object is cut off";
        if (!nul || end - nul < 1 + GIT_OID_RAWSZ)
                return NULL;
        *ret = (struct entry){.name = space + 1, .len = (size_t)(nul - space - 1)};
        *why = "a tree object has an entry of a forbidden mode";
        if (!mode_of(at, (size_t)(space - at), &ret->mode))
                return NULL;
        memcpy(ret->id.id, nul + 1, GIT_OID_RAWSZ);
        *why = "a tree object has an entry without an object";
        if (git_oid_is_zero(&ret->id))
                return NULL;
        *why = name_refusal(ret->name, ret->len, ret->mode);
        return *why ? NULL : nul + 1 + GIT_OID_RAWSZ;
}

static int by_name(const void *a, const void *b)
{
        const struct entry *left = a, *right = b;
        size_t common = left->len < right->len ? left->len : right->len;
        int diff = memcmp(left->name, right->name, common);

        return diff ? diff : (left->len > right->len) - (left->len < right->len);
}

bool entries_have_twins(const struct entries *list)
{
        _cleanup_free_ struct entry *sorted = NULL;

        if (list->len < 2)
                return false;
        sorted = xmemdup(list->items, list->len * sizeof(*sorted));
        qsort(sorted, list->len, sizeof(*sorted), by_name);
        for (size_t i = 1; i < list->len; i++) {
                if (by_name(&sorted[i - 1], &sorted[i]) == 0)
                        return true;
        }
        return false;
}
