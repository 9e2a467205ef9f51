/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/change.h"

#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static void change_release(struct change *change)
{
        free(change->path);
        free(change->lines);
        free(change->arena);
}

void change_list_release(struct change_list *list)
{
        for (size_t i = 0; i < list->len; i++)
                change_release(&list->items[i]);
        free(list->items);
        *list = (struct change_list){0};
}

struct change *change_list_add(struct change_list *list, const char *path)
{
        struct change *change;

        list->items = xgrow(list->items, list->len, sizeof(*list->items));
        change = &list->items[list->len++];
        *change = (struct change){.path = xstrdup(path)};
        return change;
}

static int compare_path(const void *a, const void *b)
{
        return strcmp(((const struct change *)a)->path, ((const struct change *)b)->path);
}

void change_list_sort(struct change_list *list)
{
        if (list->len)
                qsort(list->items, list->len, sizeof(*list->items), compare_path);
}

struct change *change_list_find(const struct change_list *list, const char *path)
{
        size_t low = 0, high = list->len;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(list->items[middle].path, path);

                if (order == 0)
                        return &list->items[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

json_t *change_list_receipt(const struct change_list *list, const char *patch_sha256, const char *tree)
{
        return json_pack("{s:s, s:I, s:I, s:I, s:s}", "sha256", patch_sha256, "files", (json_int_t)list->len,
                         "lines_added", (json_int_t)list->lines_added, "lines_removed", (json_int_t)list->lines_removed,
                         "tree", tree);
}
