/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree objects made here rather than by git_tree_create_updated(): one pass per folder, and a file that became a folder
 * (or back) needs no second call. Names were judged before they come here.
 */
#include "lib/git/tree_build.h"
#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
        int diff = memcmp(a, b, a_len < b_len ? a_len : b_len);

        return diff ? diff : (a_len > b_len) - (a_len < b_len);
}

static int base_order(const void *a, const void *b)
{
        const struct tree_entry *left = a, *right = b;

        return compare_names(left->name, left->name_len, right->name, right->name_len);
}

int tree_base_load(struct tree_base *base, git_odb *odb, const git_oid *id, struct err *err)
{
        static const char empty_tree[] = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        struct tree_reader reader;
        struct tree_entry entry;
        size_t cap = 0;
        int got;

        if (git_oid_streq(id, empty_tree) == 0)
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
        if (base->len)
                qsort(base->items, base->len, sizeof(*base->items), base_order);
        return got;
}

const struct tree_entry *tree_base_find(const struct tree_base *base, const char *name)
{
        const struct tree_entry wanted = {.name = name, .name_len = strlen(name)};

        return base->len ? bsearch(&wanted, base->items, base->len, sizeof(wanted), base_order) : NULL;
}

void tree_base_release(struct tree_base *base)
{
        git_odb_object_free(base->object);
        free(base->items);
        *base = (struct tree_base){0};
}

static struct tree_change *add(struct tree_build *build, const char *name)
{
        struct tree_change *change;

        if (build->len == build->cap) {
                build->cap = build->cap ? build->cap * 2 : 16;
                build->items = xrealloc(build->items, build->cap * sizeof(*build->items));
        }
        change = &build->items[build->len++];
        *change = (struct tree_change){.name = xstrdup(name)};
        return change;
}

void tree_build_set(struct tree_build *build, const char *name, uint32_t mode, const git_oid *id)
{
        struct tree_change *change = add(build, name);

        change->mode = mode;
        change->id = *id;
}

void tree_build_delete(struct tree_build *build, const char *name)
{
        add(build, name);
}

void tree_build_release(struct tree_build *build)
{
        for (size_t i = 0; i < build->len; i++)
                free(build->items[i].name);
        free(build->items);
        *build = (struct tree_build){0};
}

static int change_order(const void *a, const void *b)
{
        return strcmp(((const struct tree_change *)a)->name, ((const struct tree_change *)b)->name);
}

static int git_order(const void *a, const void *b)
{
        return tree_entry_compare(a, b);
}

static size_t merge(struct tree_build *build, const struct tree_base *base, struct tree_entry *list)
{
        size_t len = 0;

        if (build->len)
                qsort(build->items, build->len, sizeof(*build->items), change_order);
        for (size_t i = 0, at = 0; base && i < base->len; i++) {
                const struct tree_entry *entry = &base->items[i];

                while (at < build->len && compare_names(build->items[at].name, strlen(build->items[at].name),
                                                        entry->name, entry->name_len) < 0)
                        at++;
                if (at == build->len || compare_names(build->items[at].name, strlen(build->items[at].name), entry->name,
                                                      entry->name_len) != 0)
                        list[len++] = *entry;
        }
        for (size_t i = 0; i < build->len; i++) {
                const struct tree_change *change = &build->items[i];

                if (change->mode)
                        list[len++] = (struct tree_entry){.name = change->name,
                                                          .name_len = strlen(change->name),
                                                          .mode = change->mode,
                                                          .id = change->id};
        }
        if (len)
                qsort(list, len, sizeof(*list), git_order);
        return len;
}

int tree_build_write(struct tree_build *build, const struct tree_base *base, struct quarantine *q, git_oid *ret,
                     bool *ret_empty, struct err *err)
{
        size_t room = build->len + (base ? base->len : 0);
        _cleanup_free_ struct tree_entry *list = xcalloc(room + 1, sizeof(*list));
        _cleanup_str_ struct str bytes = {0};
        size_t len = merge(build, base, list);

        for (size_t i = 0; i < len; i++) {
                str_printf(&bytes, "%o ", list[i].mode);
                str_append(&bytes, list[i].name, list[i].name_len);
                str_putc(&bytes, '\0');
                str_append(&bytes, list[i].id.id, GIT_OID_RAWSZ);
        }
        *ret_empty = len == 0;
        if (len == 0)
                return git_odb_hash(ret, "", 0, GIT_OBJECT_TREE) < 0 ? git_fail(err, "cannot hash a tree") : 0;
        return quarantine_write(q, bytes.data, bytes.len, GIT_OBJECT_TREE, ret, err);
}
