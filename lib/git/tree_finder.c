/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/git/tree_finder.h"

#include "lib/base/cleanup.h"
#include "lib/git/tree_build.h"

#include <stdlib.h>
#include <string.h>

/* One folder on the way, the root first. */
struct folder {
        char *name; /* in the one before; NULL: the root */
        struct tree_base base;
};

struct tree_finder {
        git_odb *odb;
        git_oid root;
        struct folder *way;
        size_t len;
};

struct tree_finder *tree_finder_new(git_odb *odb, const git_oid *root)
{
        struct tree_finder *finder = xcalloc(1, sizeof(*finder));

        finder->odb = odb;
        finder->root = *root;
        return finder;
}

static void keep(struct tree_finder *finder, size_t len)
{
        while (finder->len > len) {
                struct folder *folder = &finder->way[--finder->len];

                free(folder->name);
                tree_base_release(&folder->base);
        }
}

void tree_finder_free(struct tree_finder *finder)
{
        if (!finder)
                return;
        keep(finder, 0);
        free(finder->way);
        free(finder);
}

/* Takes over `name`. */
static int go_into(struct tree_finder *finder, const git_oid *id, char *name, struct err *err)
{
        struct folder *folder;

        finder->way = xgrow(finder->way, finder->len, sizeof(*finder->way));
        folder = &finder->way[finder->len++];
        *folder = (struct folder){.name = name};
        if (tree_base_load(&folder->base, finder->odb, id, err) < 0) {
                keep(finder, finder->len - 1); /* half of a folder is none */
                return -1;
        }
        return 0;
}

int tree_finder_find(struct tree_finder *finder, const char *path, struct tree_entry *ret, struct err *err)
{
        const struct tree_entry *entry;
        size_t level = 0;

        if (!finder->len && go_into(finder, &finder->root, NULL, err) < 0)
                return -1;
        for (size_t len = strcspn(path, "/"); path[len]; len = strcspn(path, "/")) {
                _cleanup_free_ char *name = xasprintf("%.*s", (int)len, path);

                path += len + 1;
                level++;
                if (level < finder->len && strcmp(finder->way[level].name, name) == 0)
                        continue;
                entry = tree_base_find(&finder->way[level - 1].base, name);
                if (!entry || !tree_entry_is_tree(entry))
                        return 0;
                keep(finder, level);
                if (go_into(finder, &entry->id, steal_ptr(&name), err) < 0)
                        return -1;
        }
        entry = tree_base_find(&finder->way[level].base, path);
        if (!entry)
                return 0;
        *ret = *entry;
        ret->name = NULL;
        return 1;
}
