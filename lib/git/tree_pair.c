/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over what differs between two trees. Both sides of a folder are read whole, by plain name (tree_base.h), and merged;
 * equal ids are pruned. Folders to go into are kept on a stack of their own.
 */
#include "lib/base/cleanup.h"
#include "lib/git/tree_base.h"

#include <stdlib.h>
#include <string.h>

struct side {
        struct tree_base base;
        size_t at;
};

struct pair_folder {
        struct side old_side, new_side;
        size_t path_len;
};

struct pair_walk {
        git_odb *odb;
        struct pair_folder *stack;
        size_t depth, cap;
        struct str path;
        tree_pair_fn *callback;
        void *data;
};

static void pair_walk_release(struct pair_walk *walk)
{
        while (walk->depth) {
                struct pair_folder *folder = &walk->stack[--walk->depth];

                tree_base_release(&folder->old_side.base);
                tree_base_release(&folder->new_side.base);
        }
        free(walk->stack);
        str_release(&walk->path);
}

static int pair_enter(struct pair_walk *walk, const git_oid *old_tree, const git_oid *new_tree, struct err *err)
{
        struct pair_folder *folder;

        if (walk->depth >= TREE_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "a tree is deeper than any checkout can be (%.120s…)",
                               str_text(&walk->path));
        if (walk->depth == walk->cap) {
                walk->cap = walk->cap ? walk->cap * 2 : 16;
                walk->stack = xrealloc(walk->stack, walk->cap * sizeof(*walk->stack));
        }
        folder = &walk->stack[walk->depth++];
        *folder = (struct pair_folder){.path_len = walk->path.len};
        if ((old_tree && tree_base_load(&folder->old_side.base, walk->odb, old_tree, err) < 0) ||
            (new_tree && tree_base_load(&folder->new_side.base, walk->odb, new_tree, err) < 0))
                return err_wrap(err, "folder \"%.200s\"", str_text(&walk->path));
        return 0;
}

/* Takes the next name from both sides; a side without it gives NULL. False at the end of the folder. */
static bool pair_next(struct pair_folder *folder, const struct tree_entry **old_entry,
                      const struct tree_entry **new_entry)
{
        struct side *a = &folder->old_side, *b = &folder->new_side;
        const struct tree_entry *left = a->at < a->base.len ? &a->base.items[a->at] : NULL;
        const struct tree_entry *right = b->at < b->base.len ? &b->base.items[b->at] : NULL;
        int order;

        if (!left && !right)
                return false;
        order = !left ? 1 : !right ? -1 : tree_name_compare(left->name, left->name_len, right->name, right->name_len);
        *old_entry = order <= 0 ? left : NULL;
        *new_entry = order >= 0 ? right : NULL;
        a->at += order <= 0;
        b->at += order >= 0;
        return true;
}

static int pair_entry(struct pair_walk *walk, const struct tree_entry *old_entry, const struct tree_entry *new_entry,
                      struct err *err)
{
        const struct tree_entry *named = old_entry ? old_entry : new_entry;
        const git_oid *old_tree = old_entry && tree_entry_is_tree(old_entry) ? &old_entry->id : NULL;
        const git_oid *new_tree = new_entry && tree_entry_is_tree(new_entry) ? &new_entry->id : NULL;
        enum tree_step step;

        if (old_entry && new_entry && old_entry->mode == new_entry->mode &&
            git_oid_equal(&old_entry->id, &new_entry->id))
                return 0;
        str_append(&walk->path, named->name, named->name_len);
        if (walk->path.len > TREE_PATH_MAX)
                return err_set(err, ERR_INPUT, "a path is longer than any checkout can hold (%.120s…)",
                               str_text(&walk->path));
        step = walk->callback(walk->data, str_text(&walk->path), walk->path.len, old_entry, new_entry, err);
        if (step == TREE_STOP)
                return -1;
        if (step == TREE_SKIP || (!old_tree && !new_tree))
                return 0;
        str_putc(&walk->path, '/');
        return pair_enter(walk, old_tree, new_tree, err);
}

int tree_walk_pair(git_odb *odb, const git_oid *old_tree, const git_oid *new_tree, tree_pair_fn *callback, void *data,
                   struct err *err)
{
        __attribute__((cleanup(pair_walk_release))) struct pair_walk walk = {
                .odb = odb, .callback = callback, .data = data};

        if (old_tree && new_tree && git_oid_equal(old_tree, new_tree))
                return 0;
        if (pair_enter(&walk, old_tree, new_tree, err) < 0)
                return -1;
        while (walk.depth) {
                struct pair_folder *folder = &walk.stack[walk.depth - 1];
                const struct tree_entry *old_entry, *new_entry;

                if (walk.path.data) {
                        str_cut(&walk.path, folder->path_len);
                }
                if (!pair_next(folder, &old_entry, &new_entry)) {
                        tree_base_release(&folder->old_side.base);
                        tree_base_release(&folder->new_side.base);
                        walk.depth--;
                } else if (pair_entry(&walk, old_entry, new_entry, err) < 0) {
                        return -1;
                }
        }
        return 0;
}
