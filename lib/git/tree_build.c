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

static int change_against(const struct tree_change *change, const struct tree_entry *entry)
{
        return tree_name_compare(change->name, strlen(change->name), entry->name, entry->name_len);
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

                while (at < build->len && change_against(&build->items[at], entry) < 0)
                        at++;
                if (at == build->len || change_against(&build->items[at], entry) != 0)
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
