/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of index entries, and their form as a file of the cache: fixed-size fields in host order, then the path. */
#include "lib/base/str.h"
#include "lib/git/index_file.h"

#include <stdlib.h>
#include <string.h>

void index_list_release(struct index_list *list)
{
        for (size_t i = 0; i < list->len; i++)
                free(list->items[i].path);
        free(list->items);
        *list = (struct index_list){0};
}

static struct index_item *list_push(struct index_list *list, const struct index_item *item)
{
        if (list->len == list->cap) {
                list->cap = list->cap ? list->cap * 2 : 64;
                list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
        }
        list->items[list->len] = *item;
        return &list->items[list->len++];
}

struct index_item *index_list_add(struct index_list *list, const char *path, size_t len)
{
        return list_push(list, &(struct index_item){.path = xmemdup(path, len)});
}

static int compare_items(const void *a, const void *b)
{
        const struct index_item *left = a, *right = b;

        return strcmp(left->path, right->path);
}

/* A change of kind is recorded as a deletion and an addition of one path: the addition is what stays. */
void index_list_sort(struct index_list *list)
{
        size_t kept = 0;

        qsort(list->items, list->len, sizeof(*list->items), compare_items);
        for (size_t i = 0; i < list->len; i++) {
                struct index_item *last = kept ? &list->items[kept - 1] : NULL;

                if (!last || strcmp(last->path, list->items[i].path) != 0) {
                        list->items[kept++] = list->items[i];
                } else if (list->items[i].deleted) {
                        free(list->items[i].path);
                } else {
                        free(last->path);
                        *last = list->items[i];
                }
        }
        list->len = kept;
}

void index_list_merge(struct index_list *under, struct index_list *over, struct index_list *ret)
{
        size_t i = 0, j = 0;

        while (i < under->len || j < over->len) {
                int order = i == under->len  ? 1
                            : j == over->len ? -1
                                             : compare_items(&under->items[i], &over->items[j]);

                if (order == 0)
                        free(under->items[i++].path);
                list_push(ret, order < 0 ? &under->items[i++] : &over->items[j++]);
        }
        under->len = over->len = 0;
        index_list_release(under);
        index_list_release(over);
}

struct change_record {
        uint32_t mode, size, mtime;
        uint32_t path_len; /* without the NUL, which follows the path */
        unsigned char id[20];
        uint32_t deleted;
};

void index_changes_write(const struct index_list *changes, struct str *ret)
{
        for (size_t i = 0; i < changes->len; i++) {
                const struct index_item *item = &changes->items[i];
                struct change_record record = {.mode = item->mode,
                                               .size = item->size,
                                               .mtime = item->mtime,
                                               .path_len = (uint32_t)strlen(item->path),
                                               .deleted = item->deleted};

                memcpy(record.id, item->id.id, sizeof(record.id));
                str_append(ret, &record, sizeof(record));
                str_append(ret, item->path, record.path_len + 1);
        }
}

int index_changes_read(const char *bytes, size_t len, struct index_list *ret, struct err *err)
{
        const char *end = bytes + len;

        while (bytes < end) {
                struct change_record record;
                struct index_item *item;

                if ((size_t)(end - bytes) <= sizeof(record))
                        return err_set(err, ERR_INTERNAL, "a layer's list of changes is damaged");
                memcpy(&record, bytes, sizeof(record));
                bytes += sizeof(record);
                if (record.path_len > TREE_PATH_MAX || (size_t)(end - bytes) <= record.path_len ||
                    bytes[record.path_len])
                        return err_set(err, ERR_INTERNAL, "a layer's list of changes is damaged");
                item = index_list_add(ret, bytes, record.path_len);
                item->mode = record.mode;
                item->size = record.size;
                item->mtime = record.mtime;
                item->deleted = record.deleted != 0;
                memcpy(item->id.id, record.id, sizeof(record.id));
                bytes += record.path_len + 1;
        }
        return 0;
}
