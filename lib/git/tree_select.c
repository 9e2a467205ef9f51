/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folder by folder: the changes of one folder lie beside each other, since they are sorted by path. A file that became a
 * folder is a deletion and changes below the same name; the folder wins.
 */
#include "lib/git/tree_select.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/git/tree_build.h"

#include <string.h>

#define DEPTH_MAX 200

struct span {
        const struct change *items;
        size_t len;
        size_t skip; /* bytes of the path that lead to this folder */
        unsigned depth;
};

static int select_folder(struct quarantine *q, const git_oid *old, const struct span *span, git_oid *ret,
                         bool *ret_empty, struct err *err);

/* How many of the changes from `at` on lie in the folder `name`, "NAME/". */
static size_t below(const struct span *span, size_t at, const char *name, size_t len)
{
        size_t end = at;

        while (end < span->len && strncmp(span->items[end].path + span->skip, name, len) == 0)
                end++;
        return end - at;
}

static int put_folder(struct quarantine *q, const struct tree_base *base, const struct span *inside, const char *name,
                      struct tree_build *build, struct err *err)
{
        const struct tree_entry *entry = tree_base_find(base, name);
        bool empty = false;
        git_oid id;

        if (inside->depth > DEPTH_MAX)
                return err_set(err, ERR_INPUT, "folders nested more than %d deep", DEPTH_MAX);
        if (select_folder(q, entry && tree_entry_is_tree(entry) ? &entry->id : NULL, inside, &id, &empty, err) < 0)
                return -1;
        if (empty)
                tree_build_delete(build, name);
        else
                tree_build_set(build, name, 040000, &id);
        return 0;
}

static int put_file(const struct change *change, const char *name, struct tree_build *build, struct err *err)
{
        git_oid id;

        if (!change->new_mode) {
                tree_build_delete(build, name);
                return 0;
        }
        if (git_oid_fromstr(&id, change->new_id) < 0)
                return err_set(err, ERR_INTERNAL, "a change without an id");
        tree_build_set(build, name, change->new_mode, &id);
        return 0;
}

static bool becomes_folder(const struct span *span, const char *name)
{
        _cleanup_free_ char *folder = xasprintf("%s/", name);

        for (size_t i = 0; i < span->len; i++)
                if (strncmp(span->items[i].path + span->skip, folder, strlen(folder)) == 0)
                        return true;
        return false;
}

static int put_all(struct quarantine *q, const struct tree_base *base, const struct span *span,
                   struct tree_build *build, struct err *err)
{
        for (size_t i = 0, count = 1; i < span->len; i += count) {
                const char *name = span->items[i].path + span->skip, *slash = strchr(name, '/');
                size_t len = slash ? (size_t)(slash - name) + 1 : 0;
                _cleanup_free_ char *folder = slash ? xmemdup(name, len - 1) : NULL;

                count = slash ? below(span, i, name, len) : 1;
                if (slash &&
                    put_folder(q, base, &(struct span){&span->items[i], count, span->skip + len, span->depth + 1},
                               folder, build, err) < 0)
                        return -1;
                if (!slash && !(span->items[i].new_mode == 0 && becomes_folder(span, name)) &&
                    put_file(&span->items[i], name, build, err) < 0)
                        return -1;
        }
        return 0;
}

static int select_folder(struct quarantine *q, const git_oid *old, const struct span *span, git_oid *ret,
                         bool *ret_empty, struct err *err)
{
        struct tree_build build = {0};
        struct tree_base base = {0};
        int failed = old ? tree_base_load(&base, q->odb, old, err) : 0;

        if (failed >= 0)
                failed = put_all(q, &base, span, &build, err);
        if (failed >= 0)
                failed = tree_build_write(&build, &base, q, ret, ret_empty, err);
        tree_build_release(&build);
        tree_base_release(&base);
        return failed;
}

int tree_select(struct quarantine *q, const char *old_tree, const struct change_list *changes, char ret_tree[GIT_HEX],
                struct err *err)
{
        const struct span all = {changes->items, changes->len, 0, 0};
        bool empty = false; /* the empty tree is one, too: everybody knows it, nobody has to store it */
        git_oid old, id;

        if (git_oid_fromstr(&old, old_tree) < 0)
                return err_set(err, ERR_INPUT, "%s is no tree", old_tree);
        if (select_folder(q, &old, &all, &id, &empty, err) < 0)
                return -1;
        git_oid_tostr(ret_tree, GIT_HEX, &id);
        return 0;
}
