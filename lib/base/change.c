/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/change.h"

#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

void change_list_release(struct change_list *list)
{
        for (size_t i = 0; i < list->len; i++)
                free(list->items[i].path);
        free(list->items);
        *list = (struct change_list){0};
}

struct change *change_list_add(struct change_list *list, const char *path)
{
        struct change *change;

        /* grows at powers of two, as strv does */
        if ((list->len & (list->len + 1)) == 0)
                list->items = xrealloc(list->items, (list->len + 1) * 2 * sizeof(*list->items));
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
