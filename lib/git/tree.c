/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree objects read strictly from their raw bytes, and walks over them. A walk keeps its own stack of folders, so that a
 * tree as deep as a hostile hand can make it costs memory in proportion and never our call stack.
 *
 * Fails with ERR_INPUT for a tree that no checkout may have, ERR_GIT where an object is missing.
 */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"
#include "lib/git/names.h"

#include <stdlib.h>
#include <string.h>

#define MODE_TREE 0040000u

void tree_reader_init(struct tree_reader *reader, const void *bytes, size_t len)
{
        *reader = (struct tree_reader){.at = bytes, .end = (const char *)bytes + len};
}

static int read_mode(struct tree_reader *reader, uint32_t *ret)
{
        uint32_t mode = 0;
        int digits = 0;

        for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '7' && digits < 7; digits++)
                mode = mode << 3 | (uint32_t)(*reader->at++ - '0');
        if (!digits || reader->at >= reader->end || *reader->at++ != ' ')
                return -1;
        if (mode == 0100664)
                mode = 0100644;
        if (mode != MODE_TREE && mode != 0100644 && mode != 0100755 && mode != 0120000 && mode != 0160000)
                return -1;
        *ret = mode;
        return 0;
}

int tree_name_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
        int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

        return order ? order : (a_len > b_len) - (a_len < b_len);
}

int tree_entry_compare(const struct tree_entry *a, const struct tree_entry *b)
{
        size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
        int order = memcmp(a->name, b->name, len);
        int next_a, next_b;

        if (order)
                return order;
        next_a = len < a->name_len ? (unsigned char)a->name[len] : tree_entry_is_tree(a) ? '/' : 0;
        next_b = len < b->name_len ? (unsigned char)b->name[len] : tree_entry_is_tree(b) ? '/' : 0;
        return next_a - next_b;
}

int tree_reader_next(struct tree_reader *reader, struct tree_entry *ret, struct err *err)
{
        struct tree_entry entry = {0};
        const char *why, *nul;

        if (reader->at == reader->end)
                return 0;
        if (read_mode(reader, &entry.mode) < 0)
                return err_set(err, ERR_INPUT, "a tree object holds an entry of a kind that git does not have");
        nul = memchr(reader->at, '\0', (size_t)(reader->end - reader->at));
        if (!nul || reader->end - nul - 1 < GIT_OID_RAWSZ)
                return err_set(err, ERR_INPUT, "a tree object is cut short");
        entry.name = reader->at;
        entry.name_len = (size_t)(nul - reader->at);
        why = name_refusal(entry.name, entry.name_len, entry.mode);
        if (why) {
                _cleanup_str_ struct str name = {0};

                str_put_quoted(&name, entry.name, entry.name_len);
                return err_set(err, ERR_INPUT, "a tree object holds the name %.300s: %s", str_text(&name), why);
        }
        if (reader->last.name && tree_entry_compare(&reader->last, &entry) >= 0)
                return err_set(err, ERR_INPUT, "a tree object is not sorted, or names something twice");
        git_oid_fromraw(&entry.id, (const unsigned char *)nul + 1);
        reader->at = nul + 1 + GIT_OID_RAWSZ;
        reader->last = entry;
        *ret = entry;
        return 1;
}

int tree_read(git_odb *odb, const git_oid *id, git_odb_object **ret, struct err *err)
{
        char hex[GIT_HEX];

        if (git_odb_read(ret, odb, id) == 0 && git_odb_object_type(*ret) == GIT_OBJECT_TREE)
                return 0;
        oid_hex(id, hex);
        return git_fail(err, "cannot read tree %s", hex);
}

int tree_lookup(git_odb *odb, const git_oid *tree, const char *name, struct tree_entry *ret, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        size_t len = strlen(name);
        struct tree_reader reader;
        struct tree_entry entry;
        int got;

        if (tree_read(odb, tree, &object, err) < 0)
                return -1;
        tree_reader_init(&reader, git_odb_object_data(object), git_odb_object_size(object));
        while ((got = tree_reader_next(&reader, &entry, err)) > 0) {
                if (entry.name_len == len && memcmp(entry.name, name, len) == 0) {
                        *ret = entry;
                        ret->name = NULL;
                        return 1;
                }
        }
        return got;
}

int tree_lookup_path(git_odb *odb, const git_oid *tree, const char *path, struct tree_entry *ret, struct err *err)
{
        _cleanup_free_ char *copy = xstrdup(path);
        struct tree_entry entry = {.mode = MODE_TREE, .id = *tree};
        char *rest = copy, *name;

        while ((name = strsep(&rest, "/"))) {
                git_oid folder = entry.id;
                int got;

                if (!tree_entry_is_tree(&entry))
                        return 0;
                got = tree_lookup(odb, &folder, name, &entry, err);
                if (got <= 0)
                        return got;
        }
        *ret = entry;
        return 1;
}

/* Walk over one tree */

struct folder {
        git_odb_object *object;
        struct tree_reader reader;
        size_t path_len; /* of the folder with its '/', to cut the path back */
};

struct walk {
        git_odb *odb;
        struct folder *stack;
        size_t depth, cap;
        struct str path;
};

static void walk_release(struct walk *walk)
{
        while (walk->depth)
                git_odb_object_free(walk->stack[--walk->depth].object);
        free(walk->stack);
        str_release(&walk->path);
}

static void path_cut(struct str *path, size_t len)
{
        path->len = len;
        if (path->data)
                path->data[len] = '\0';
}

static int path_limits(const struct str *path, size_t depth, struct err *err)
{
        if (path->len > TREE_PATH_MAX || depth >= TREE_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "a tree is deeper than any checkout can be (%.120s…)", str_text(path));
        return 0;
}

static int walk_enter(struct walk *walk, const git_oid *tree, struct err *err)
{
        struct folder *folder;

        if (path_limits(&walk->path, walk->depth, err) < 0)
                return -1;
        if (walk->depth == walk->cap) {
                walk->cap = walk->cap ? walk->cap * 2 : 16;
                walk->stack = xrealloc(walk->stack, walk->cap * sizeof(*walk->stack));
        }
        folder = &walk->stack[walk->depth];
        if (tree_read(walk->odb, tree, &folder->object, err) < 0)
                return -1;
        tree_reader_init(&folder->reader, git_odb_object_data(folder->object), git_odb_object_size(folder->object));
        folder->path_len = walk->path.len;
        walk->depth++;
        return 0;
}

static int walk_entry(struct walk *walk, const struct tree_entry *entry, tree_fn *callback, void *data, struct err *err)
{
        enum tree_step step;

        str_append(&walk->path, entry->name, entry->name_len);
        if (path_limits(&walk->path, 0, err) < 0)
                return -1;
        step = callback(data, str_text(&walk->path), walk->path.len, entry, err);
        if (step == TREE_STOP)
                return -1;
        if (step == TREE_SKIP || !tree_entry_is_tree(entry))
                return 0;
        str_putc(&walk->path, '/');
        return walk_enter(walk, &entry->id, err);
}

int tree_walk(git_odb *odb, const git_oid *tree, tree_fn *callback, void *data, struct err *err)
{
        __attribute__((cleanup(walk_release))) struct walk walk = {.odb = odb};

        if (walk_enter(&walk, tree, err) < 0)
                return -1;
        while (walk.depth) {
                struct folder *folder = &walk.stack[walk.depth - 1];
                struct tree_entry entry = {.name = ""};
                int got = tree_reader_next(&folder->reader, &entry, err);

                if (got < 0)
                        return err_wrap(err, "folder \"%.200s\"", str_text(&walk.path));
                path_cut(&walk.path, folder->path_len);
                if (got == 0) {
                        git_odb_object_free(folder->object);
                        walk.depth--;
                } else if (walk_entry(&walk, &entry, callback, data, err) < 0) {
                        return -1;
                }
        }
        return 0;
}
