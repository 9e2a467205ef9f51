/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/git/tree_base.h"

#include "lib/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
        const struct tree_entry *left = a, *right = b;

        return tree_name_compare(left->name, left->name_len, right->name, right->name_len);
}

/* The reader sees names that stand side by side in git's order; the file "a" and the folder "a" need not. */
static int sort(struct tree_base *base, struct err *err)
{
        bool sorted = true;

        for (size_t i = 1; i < base->len && sorted; i++)
                sorted = by_name(&base->items[i - 1], &base->items[i]) < 0;
        if (sorted)
                return 0;
        qsort(base->items, base->len, sizeof(*base->items), by_name);
        for (size_t i = 1; i < base->len; i++)
                if (by_name(&base->items[i - 1], &base->items[i]) == 0)
                        return err_set(err, ERR_INPUT, "a tree object names something twice");
        return 0;
}

int tree_base_load(struct tree_base *base, git_odb *odb, const git_oid *id, struct err *err)
{
        struct tree_reader reader;
        struct tree_entry entry;
        size_t cap = 0;
        int got;

        if (git_oid_streq(id, GIT_EMPTY_TREE) == 0)
                return 0;
        if (tree_read(odb, id, &base->object, err) < 0)
                return -1;
        tree_reader_init(&reader, git_odb_object_data(base->object), git_odb_object_size(base->object));
        while ((got = tree_reader_next(&reader, &entry, err)) > 0) {
                if (base->len == cap) {
                        cap = cap ? cap * 2 : 32;
                        base->items = xrealloc(base->items, cap * sizeof(*base->items));
                }
                base->items[base->len++] = entry;
        }
        return got < 0 ? -1 : sort(base, err);
}

const struct tree_entry *tree_base_find(const struct tree_base *base, const char *name)
{
        const struct tree_entry wanted = {.name = name, .name_len = strlen(name)};

        return base->len ? bsearch(&wanted, base->items, base->len, sizeof(wanted), by_name) : NULL;
}

void tree_base_release(struct tree_base *base)
{
        git_odb_object_free(base->object);
        free(base->items);
        *base = (struct tree_base){0};
}
