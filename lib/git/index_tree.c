/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder is written as: its name and NUL, "<entries> <subfolders>\n", its id where it has one (entries -1: none), then
 * its subfolders in the same way, shorter names first, which is how git looks them up.
 */
#include "lib/git/index_tree.h"
#include "lib/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Writing */

struct family {
        const struct index_folder *folders;
        uint32_t *entries;  /* of each folder, those below it too */
        uint32_t *children; /* numbers of folders, brothers together */
        uint32_t *first;    /* of each folder: where its children begin; one more at the end */
        bool *alone;        /* a folder whose children are not listed */
};

static const char *name_of(const struct index_folder *folder)
{
        const char *slash = strrchr(folder->path, '/');

        return slash ? slash + 1 : folder->path;
}

static int compare_names(const void *a, const void *b, void *data)
{
        const struct index_folder *folders = data;
        const char *left = name_of(&folders[*(const uint32_t *)a]), *right = name_of(&folders[*(const uint32_t *)b]);
        size_t left_len = strlen(left), right_len = strlen(right);

        return left_len != right_len ? (left_len < right_len ? -1 : 1) : memcmp(left, right, left_len);
}

/* By counting: how many children each has, then where they begin, then who they are. */
static void family_make(struct family *family, const struct index_folder *folders, size_t count)
{
        _cleanup_free_ uint32_t *next = xcalloc(count + 1, sizeof(*next));

        *family = (struct family){.folders = folders,
                                  .entries = xcalloc(count, sizeof(*family->entries)),
                                  .children = xcalloc(count, sizeof(*family->children)),
                                  .first = xcalloc(count + 1, sizeof(*family->first)),
                                  .alone = xcalloc(count, sizeof(*family->alone))};
        for (size_t i = count; i > 0; i--) {
                family->entries[i - 1] += folders[i - 1].entries;
                if (i > 1)
                        family->entries[folders[i - 1].parent] += family->entries[i - 1];
        }
        for (size_t i = 1; i < count; i++)
                family->first[folders[i].parent + 1]++;
        for (size_t i = 1; i <= count; i++)
                family->first[i] += family->first[i - 1];
        memcpy(next, family->first, count * sizeof(*next));
        for (size_t i = 1; i < count; i++)
                family->children[next[folders[i].parent]++] = (uint32_t)i;
        for (size_t i = 0; i < count; i++)
                qsort_r(family->children + family->first[i], family->first[i + 1] - family->first[i],
                        sizeof(*family->children), compare_names, (void *)folders);
}

static void family_release(struct family *family)
{
        free(family->entries);
        free(family->children);
        free(family->first);
        free(family->alone);
}

/* Level by level from the top, the children of one folder all or none, until there are `most`. */
static void family_limit(struct family *family, size_t count, size_t most)
{
        _cleanup_free_ uint32_t *listed = xcalloc(count, sizeof(*listed));
        size_t len = 1;

        for (size_t at = 0; at < len; at++) {
                uint32_t from = family->first[listed[at]], children = family->first[listed[at] + 1] - from;

                family->alone[listed[at]] = len + children > most;
                if (family->alone[listed[at]])
                        continue;
                memcpy(listed + len, family->children + from, children * sizeof(*listed));
                len += children;
        }
}

/* As deep as the tree is, which the walk bounded (TREE_DEPTH_MAX). */
static void put_folder(const struct family *family, uint32_t number, struct str *ret)
{
        const struct index_folder *folder = &family->folders[number];
        uint32_t from = family->first[number], to = family->alone[number] ? from : family->first[number + 1];
        const char *name = name_of(folder);

        str_append(ret, name, strlen(name) + 1);
        str_printf(ret, "%u %u\n", family->entries[number], to - from);
        str_append(ret, folder->id.id, sizeof(folder->id.id));
        for (uint32_t i = from; i < to; i++)
                put_folder(family, family->children[i], ret);
}

void index_tree_write(const struct index_folder *folders, size_t count, struct str *ret_all, struct str *ret_upper)
{
        __attribute__((cleanup(family_release))) struct family family = {0};

        family_make(&family, folders, count);
        put_folder(&family, 0, ret_all);
        family_limit(&family, count, INDEX_TREE_UPPER);
        put_folder(&family, 0, ret_upper);
}

/* Forgetting */

struct forget {
        const char *at, *end;
        const struct index_list *changes;
        struct str path; /* of the folder, with a '/' at its end; of the root empty */
        struct str *ret;
};

static bool touched(const struct forget *forget)
{
        const struct index_list *changes = forget->changes;
        const char *path = str_text(&forget->path);
        size_t low = 0, high = changes->len;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(changes->items[middle].path, path) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < changes->len && strncmp(changes->items[low].path, path, forget->path.len) == 0;
}

/* A number and the character after it; what is no number counts as damage. */
static int read_number(struct forget *forget, char after, uint32_t *ret)
{
        const char *begin = forget->at;
        uint64_t number = 0;

        for (; forget->at < forget->end && *forget->at >= '0' && *forget->at <= '9' && number <= UINT32_MAX;
             forget->at++)
                number = number * 10 + (uint64_t)(*forget->at - '0');
        if (forget->at == begin || forget->at == forget->end || *forget->at != after || number > UINT32_MAX)
                return -1;
        forget->at++;
        *ret = (uint32_t)number;
        return 0;
}

/* Name, numbers and id of one folder; its subfolders follow. */
static int read_folder(struct forget *forget, size_t *ret_name_len, uint32_t *ret_subfolders)
{
        const char *name = forget->at, *nul = memchr(name, '\0', (size_t)(forget->end - name));
        uint32_t entries;

        if (!nul)
                return -1;
        forget->at = nul + 1;
        if (read_number(forget, ' ', &entries) < 0 || read_number(forget, '\n', ret_subfolders) < 0 ||
            forget->end - forget->at < GIT_OID_RAWSZ)
                return -1;
        forget->at += GIT_OID_RAWSZ;
        *ret_name_len = (size_t)(nul - name);
        return 0;
}

/* What lies below a folder without a change has none either: it stays, byte for byte. */
static int keep_folders(struct forget *forget, const char *from, uint64_t below)
{
        size_t name_len;
        uint32_t subfolders;

        for (; below; below += subfolders, below--)
                if (read_folder(forget, &name_len, &subfolders) < 0)
                        return -1;
        str_append(forget->ret, from, (size_t)(forget->at - from));
        return 0;
}

static int forget_folder(struct forget *forget, size_t depth)
{
        const char *name = forget->at;
        size_t path_len = forget->path.len, name_len;
        uint32_t subfolders;

        if (depth > TREE_DEPTH_MAX || read_folder(forget, &name_len, &subfolders) < 0)
                return -1;
        str_append(&forget->path, name, name_len);
        if (depth)
                str_putc(&forget->path, '/');
        if (!touched(forget)) {
                str_cut(&forget->path, path_len);
                return keep_folders(forget, name, subfolders);
        }
        str_append(forget->ret, name, name_len + 1);
        str_printf(forget->ret, "-1 %u\n", subfolders);
        for (uint32_t i = 0; i < subfolders; i++)
                if (forget_folder(forget, depth + 1) < 0)
                        return -1;
        str_cut(&forget->path, path_len);
        return 0;
}

int index_tree_forget(const struct str *payload, const struct index_list *changes, struct str *ret, struct err *err)
{
        struct forget forget = {.at = str_text(payload), .changes = changes, .ret = ret};
        int result;

        forget.end = forget.at + payload->len;
        result = forget_folder(&forget, 0);
        str_release(&forget.path);
        return result == 0 && forget.at == forget.end
                       ? 0
                       : err_set(err, ERR_INTERNAL, "a layer's list of trees is damaged");
}
