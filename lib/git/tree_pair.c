/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over what differs between two trees. Both sides of a folder are read whole, sorted by plain name (git's own
 * order puts the folder "a" and the file "a" apart, and whoever replaces one by the other needs to see both at once),
 * and merged; equal ids are pruned. Folders to go into are kept on a stack of their own.
 */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"

#include <stdlib.h>
#include <string.h>

struct side {
        git_odb_object *object; /* keeps the names alive */
        struct tree_entry *entries;
        size_t len, at;
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

static void side_release(struct side *side)
{
        git_odb_object_free(side->object);
        free(side->entries);
        *side = (struct side){0};
}

static void pair_walk_release(struct pair_walk *walk)
{
        while (walk->depth) {
                struct pair_folder *folder = &walk->stack[--walk->depth];

                side_release(&folder->old_side);
                side_release(&folder->new_side);
        }
        free(walk->stack);
        str_release(&walk->path);
}

static int compare_names(const struct tree_entry *a, const struct tree_entry *b)
{
        size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
        int order = memcmp(a->name, b->name, len);

        return order ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static int compare_entries(const void *a, const void *b)
{
        return compare_names(a, b);
}

static int sort_side(struct side *side, struct err *err)
{
        bool sorted = true;

        for (size_t i = 1; i < side->len && sorted; i++)
                sorted = compare_names(&side->entries[i - 1], &side->entries[i]) < 0;
        if (sorted)
                return 0;
        qsort(side->entries, side->len, sizeof(*side->entries), compare_entries);
        for (size_t i = 1; i < side->len; i++) {
                if (compare_names(&side->entries[i - 1], &side->entries[i]) == 0)
                        return err_set(err, ERR_INPUT, "a tree object names something twice");
        }
        return 0;
}

static int side_read(git_odb *odb, const git_oid *tree, struct side *side, struct err *err)
{
        struct tree_reader reader;
        struct tree_entry entry;
        char hex[GIT_HEX];
        size_t cap = 0;
        int got;

        if (!tree)
                return 0;
        oid_hex(tree, hex);
        if (git_odb_read(&side->object, odb, tree) < 0 || git_odb_object_type(side->object) != GIT_OBJECT_TREE)
                return git_fail(err, "cannot read tree %s", hex);
        tree_reader_init(&reader, git_odb_object_data(side->object), git_odb_object_size(side->object));
        while ((got = tree_reader_next(&reader, &entry, err)) > 0) {
                if (side->len == cap) {
                        cap = cap ? cap * 2 : 32;
                        side->entries = xrealloc(side->entries, cap * sizeof(*side->entries));
                }
                side->entries[side->len++] = entry;
        }
        if (got < 0)
                return -1;
        return sort_side(side, err);
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
        if (side_read(walk->odb, old_tree, &folder->old_side, err) < 0 ||
            side_read(walk->odb, new_tree, &folder->new_side, err) < 0)
                return err_wrap(err, "folder \"%.200s\"", str_text(&walk->path));
        return 0;
}

/* Takes the next name from both sides; a side without it gives NULL. False at the end of the folder. */
static bool pair_next(struct pair_folder *folder, const struct tree_entry **old_entry,
                      const struct tree_entry **new_entry)
{
        struct side *a = &folder->old_side, *b = &folder->new_side;
        const struct tree_entry *left = a->at < a->len ? &a->entries[a->at] : NULL;
        const struct tree_entry *right = b->at < b->len ? &b->entries[b->at] : NULL;
        int order;

        if (!left && !right)
                return false;
        order = !left ? 1 : !right ? -1 : compare_names(left, right);
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
                        side_release(&folder->old_side);
                        side_release(&folder->new_side);
                        walk.depth--;
                } else if (pair_entry(&walk, old_entry, new_entry, err) < 0) {
                        return -1;
                }
        }
        return 0;
}
