/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over three trees. A name of a folder has two parts, a file and a folder, at most one of them on each side; the
 * parts are merged apart, as git merges paths, and only then looked at together: both left is a conflict. That way a
 * file that takes the place of a folder needs no case of its own. A part that one side left alone is the other side's,
 * whole: nothing below it is opened.
 */
#include "lib/git/merge.h"
#include "lib/base/cleanup.h"
#include "lib/git/merge_internal.h"
#include "lib/git/tree_build.h"

#include <stdlib.h>
#include <string.h>

#define REASONS_MAX 20

static const char *const texts[] = {
#define X(kind, text) [MERGE_##kind] = text,
        MERGE_CONFLICTS(X)
#undef X
};

void merge_result_release(struct merge_result *result)
{
        for (size_t i = 0; i < result->len; i++)
                free(result->conflicts[i].path);
        free(result->conflicts);
        *result = (struct merge_result){0};
}

void merge_reasons(const struct merge_result *result, struct strv *ret)
{
        for (size_t i = 0; i < result->len && i < REASONS_MAX; i++) {
                const struct merge_conflict *conflict = &result->conflicts[i];
                _cleanup_str_ struct str quoted = {0};

                str_put_quoted(&quoted, conflict->path, strlen(conflict->path));
                strv_add_printf(ret, "%s: %s", str_text(&quoted), texts[conflict->kind]);
        }
        if (result->len > REASONS_MAX)
                strv_add_printf(ret, "and %zu more paths in conflict", result->len - REASONS_MAX);
}

void merge_note(struct merge *merge, enum merge_conflict_kind kind)
{
        struct merge_result *result = &merge->result;

        result->conflicts = xrealloc(result->conflicts, (result->len + 1) * sizeof(*result->conflicts));
        result->conflicts[result->len++] =
                (struct merge_conflict){.path = xstrdup(str_text(&merge->path)), .kind = kind};
        merge->unwritten = true;
}

static bool same(const struct tree_entry *a, const struct tree_entry *b)
{
        return a == b || (a && b && a->mode == b->mode && git_oid_equal(&a->id, &b->id));
}

/* True where one side left it alone, or both did the same: *ret is what stays, NULL for nothing. */
static bool settle(const struct merge_sides *sides, const struct tree_entry **ret)
{
        if (same(sides->base, sides->ours))
                *ret = sides->theirs;
        else if (same(sides->base, sides->theirs) || same(sides->ours, sides->theirs))
                *ret = sides->ours;
        else
                return false;
        return true;
}

static const struct tree_entry *part(const struct tree_entry *entry, bool folder)
{
        return entry && tree_entry_is_tree(entry) == folder ? entry : NULL;
}

static struct merge_sides parts(const struct merge_sides *sides, bool folder)
{
        return (struct merge_sides){part(sides->base, folder), part(sides->ours, folder), part(sides->theirs, folder)};
}

/* ---- One folder ---- */

enum { BASE, OURS, THEIRS, SIDES };

struct level {
        struct tree_base sides[SIDES];
        size_t at[SIDES];
        struct tree_build build; /* what becomes different from ours */
        size_t path_len;
};

static void level_release(struct level *level)
{
        for (size_t i = 0; i < SIDES; i++)
                tree_base_release(&level->sides[i]);
        tree_build_release(&level->build);
}

#define _cleanup_level_ __attribute__((cleanup(level_release)))

static int compare_names(const struct tree_entry *a, const struct tree_entry *b)
{
        return tree_name_compare(a->name, a->name_len, b->name, b->name_len);
}

/* The next name of the three; false at the end. */
static bool level_next(struct level *level, struct merge_sides *ret)
{
        const struct tree_entry *next[SIDES], *least = NULL;

        for (size_t i = 0; i < SIDES; i++) {
                next[i] = level->at[i] < level->sides[i].len ? &level->sides[i].items[level->at[i]] : NULL;
                if (next[i] && (!least || compare_names(next[i], least) < 0))
                        least = next[i];
        }
        if (!least)
                return false;
        for (size_t i = 0; i < SIDES; i++) {
                if (next[i] && compare_names(next[i], least) == 0)
                        level->at[i]++;
                else
                        next[i] = NULL;
        }
        *ret = (struct merge_sides){next[BASE], next[OURS], next[THEIRS]};
        return true;
}

static int merge_folder(struct merge *merge, const struct merge_sides *sides, unsigned depth, struct tree_entry *ret,
                        struct err *err);

/* ret->mode 0: nothing stays, or a conflict was noted. */
static int merge_part(struct merge *merge, const struct merge_sides *whole, bool folder, unsigned depth,
                      struct tree_entry *ret, struct err *err)
{
        const struct merge_sides sides = parts(whole, folder);
        const struct tree_entry *stays = NULL;

        *ret = (struct tree_entry){.mode = 0};
        if (settle(&sides, &stays)) {
                if (stays)
                        *ret = *stays;
                return 0;
        }
        return folder ? merge_folder(merge, &sides, depth + 1, ret, err) : merge_file(merge, &sides, ret, err);
}

static void put_result(struct level *level, const struct tree_entry *ours, const char *name,
                       const struct tree_entry *result)
{
        if (!result->mode && ours)
                tree_build_delete(&level->build, name);
        else if (result->mode && !same(ours, result))
                tree_build_set(&level->build, name, result->mode, &result->id);
}

static int merge_name(struct merge *merge, struct level *level, const struct merge_sides *sides, unsigned depth,
                      struct err *err)
{
        const struct tree_entry *named = sides->ours ? sides->ours : sides->theirs ? sides->theirs : sides->base;
        _cleanup_free_ char *name = NULL;
        struct tree_entry file, folder;

        if (same(sides->base, sides->theirs) || same(sides->ours, sides->theirs))
                return 0; /* ours stays */
        name = xasprintf("%.*s", (int)named->name_len, named->name);
        str_puts(&merge->path, name);
        if (merge->path.len > TREE_PATH_MAX)
                return err_set(err, ERR_INPUT, "a path is longer than any checkout can hold (%.120s…)",
                               str_text(&merge->path));
        if (merge_part(merge, sides, false, depth, &file, err) < 0 ||
            merge_part(merge, sides, true, depth, &folder, err) < 0)
                return -1;
        if (file.mode && folder.mode)
                merge_note(merge, MERGE_FOLDER);
        put_result(level, sides->ours, name, folder.mode ? &folder : &file);
        return 0;
}

static int level_load(struct merge *merge, const struct merge_sides *sides, struct level *level, struct err *err)
{
        const struct tree_entry *const entries[SIDES] = {sides->base, sides->ours, sides->theirs};

        for (size_t i = 0; i < SIDES; i++)
                if (entries[i] && tree_base_load(&level->sides[i], merge->q->odb, &entries[i]->id, err) < 0)
                        return err_wrap(err, "folder \"%.200s\"", str_text(&merge->path));
        if (merge->path.len)
                str_putc(&merge->path, '/');
        level->path_len = merge->path.len;
        return 0;
}

static int merge_folder(struct merge *merge, const struct merge_sides *sides, unsigned depth, struct tree_entry *ret,
                        struct err *err)
{
        _cleanup_level_ struct level level = {.path_len = 0};
        const size_t outer_len = merge->path.len;
        struct merge_sides names;
        bool empty = false;

        if (depth > TREE_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "a tree is deeper than any checkout can be (%.120s…)",
                               str_text(&merge->path));
        if (level_load(merge, sides, &level, err) < 0)
                return -1;
        while (level_next(&level, &names)) {
                if (merge_name(merge, &level, &names, depth, err) < 0)
                        return -1;
                str_cut(&merge->path, level.path_len);
        }
        str_cut(&merge->path, outer_len);
        *ret = (struct tree_entry){.mode = 0};
        if (merge->unwritten)
                return 0;
        if (tree_build_write(&level.build, &level.sides[OURS], merge->q, &ret->id, &empty, err) < 0)
                return -1;
        ret->mode = empty ? 0 : 0040000;
        return 0;
}

/* ---- All of it ---- */

static void merge_release(struct merge *merge)
{
        for (size_t i = 0; i < sizeof(merge->attributes) / sizeof(merge->attributes[0]); i++)
                tree_attributes_release(&merge->attributes[i]);
        str_release(&merge->path);
        merge_result_release(&merge->result);
}

static int merge_roots(struct merge *merge, const struct merge_sides *sides, struct err *err)
{
        const struct tree_entry *stays = NULL;
        struct tree_entry root = {.mode = 0};

        if (settle(sides, &stays))
                root = *stays;
        else if (merge_folder(merge, sides, 0, &root, err) < 0)
                return -1;
        if (root.mode)
                oid_hex(&root.id, merge->result.tree);
        else if (merge->result.len == 0)
                memcpy(merge->result.tree, GIT_EMPTY_TREE, sizeof(GIT_EMPTY_TREE));
        return 0;
}

int tree_merge(struct quarantine *q, const char *base, const char *ours, const char *theirs, struct merge_result *ret,
               struct err *err)
{
        __attribute__((cleanup(merge_release))) struct merge merge = {.q = q};
        struct tree_entry entries[SIDES] = {{.mode = 0040000}, {.mode = 0040000}, {.mode = 0040000}};
        const struct merge_sides sides = {&entries[BASE], &entries[OURS], &entries[THEIRS]};

        if (oid_parse(base, &entries[BASE].id, err) < 0 || oid_parse(ours, &entries[OURS].id, err) < 0 ||
            oid_parse(theirs, &entries[THEIRS].id, err) < 0)
                return -1;
        merge.roots[0] = entries[OURS].id;
        merge.roots[1] = entries[THEIRS].id;
        if (merge_roots(&merge, &sides, err) < 0)
                return err_wrap(err, "cannot merge");
        *ret = merge.result;
        merge.result = (struct merge_result){0};
        return 0;
}
