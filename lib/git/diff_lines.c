/* SPDX-License-Identifier: Apache-2.0 */
/* The text of added and removed lines, kept while lib/git/diff.c compares, and whole files of either tree. */
#include "lib/git/diff.h"
#include "lib/git/diff_text.h"
#include "lib/git/tree_finder.h"

#include <string.h>

static uint32_t line_len(const git_diff_line *line)
{
        size_t len = line->content_len;

        if (len && line->content[len - 1] == '\n')
                len--;
        if (len && line->content[len - 1] == '\r')
                len--;
        return (uint32_t)len; /* a side is at most DIFF_TEXT_MAX */
}

static bool has_room(const struct diff_text *text, uint32_t len)
{
        return text->bytes.len + len + (text->len + 1) * sizeof(struct change_line) <= text->room;
}

/* Where the line stands on the other side: its own number, shifted by what came and went before it. */
static uint32_t place_of(const struct diff_text *text, const git_diff_line *line)
{
        if (line->origin == GIT_DIFF_LINE_ADDITION)
                return (uint32_t)line->new_lineno - 1 - text->added + text->removed;
        return (uint32_t)line->old_lineno - 1 - text->removed + text->added;
}

static void put(struct diff_text *text, const git_diff_line *line)
{
        const bool added = line->origin == GIT_DIFF_LINE_ADDITION;
        struct change_line *next;

        if (text->len == text->cap) {
                text->cap = text->cap ? text->cap * 2 : 16;
                text->lines = xrealloc(text->lines, text->cap * sizeof(*text->lines));
        }
        next = &text->lines[text->len++];
        *next = (struct change_line){.sign = added ? '+' : '-',
                                     .number = (uint32_t)(added ? line->new_lineno : line->old_lineno),
                                     .place = place_of(text, line),
                                     .hunk = text->hunks - 1,
                                     .len = line_len(line)};
        str_append(&text->bytes, line->content, next->len);
}

void diff_text_add(struct diff_text *text, const git_diff_hunk *hunk, const git_diff_line *line)
{
        const bool added = line->origin == GIT_DIFF_LINE_ADDITION;

        if (!added && line->origin != GIT_DIFF_LINE_DELETION)
                return;
        if (!text->hunks || hunk->old_start != text->hunk_old || hunk->new_start != text->hunk_new)
                text->hunks++;
        text->hunk_old = hunk->old_start;
        text->hunk_new = hunk->new_start;
        if (!text->left_out && has_room(text, line_len(line)))
                put(text, line);
        else
                text->left_out = true;
        *(added ? &text->added : &text->removed) += 1;
}

uint64_t diff_text_keep(struct diff_text *text, struct change *change)
{
        const char *at;
        uint64_t taken = text->bytes.len + text->len * sizeof(*text->lines);

        change->arena = text->bytes.data;
        change->lines = text->lines;
        change->lines_len = text->len;
        change->text_left_out = text->left_out;
        at = change->arena ? change->arena : "";
        for (size_t i = 0; i < text->len; i++) {
                text->lines[i].text = at;
                at += text->lines[i].len;
        }
        *text = (struct diff_text){0};
        return taken;
}

void change_trees_release(struct change_trees *trees)
{
        for (size_t i = 0; i < sizeof(trees->finders) / sizeof(trees->finders[0]); i++) {
                tree_finder_free(trees->finders[i]);
                trees->finders[i] = NULL;
        }
}

int change_trees_read(void *change_trees, const char *path, bool new_side, struct str *ret, struct err *err)
{
        struct change_trees *trees = change_trees;
        struct tree_finder **finder = &trees->finders[new_side];
        git_odb *odb = trees->repo->odb;
        struct tree_entry entry;
        struct side side = {0};
        git_object_t type;
        char hex[GIT_HEX];
        size_t size;
        git_oid id;
        int found;

        if (!*finder && oid_parse(new_side ? trees->new_tree : trees->old_tree, &id, err) < 0)
                return -1;
        if (!*finder)
                *finder = tree_finder_new(odb, &id);
        found = tree_finder_find(*finder, path, &entry, err);
        if (found < 0)
                return -1;
        if (found == 0 || tree_entry_is_tree(&entry) || entry.mode == 0160000)
                return err_set(err, ERR_NOT_FOUND, "there is no file at \"%.200s\"", path);
        if (git_odb_read_header(&size, &type, odb, &entry.id) < 0)
                return git_fail(err, "cannot read \"%.200s\"", path);
        if (size > DIFF_TEXT_MAX)
                return err_set(err, ERR_INPUT, "\"%.200s\" has %zu bytes, too many to be judged as text", path, size);
        oid_hex(&entry.id, hex);
        if (side_load(&side, odb, hex, entry.mode, err) < 0)
                return -1;
        str_clear(ret);
        str_append(ret, side.data, side.len);
        side_release(&side);
        return 0;
}

struct listing {
        bool (*enter)(void *arg, const char *folder);
        void (*take)(void *arg, const char *path);
        void *arg;
};

static enum tree_step list_one(void *data, const char *path, size_t path_len, const struct tree_entry *entry,
                               struct err *err)
{
        const struct listing *listing = data;

        (void)path_len;
        (void)err;
        if (tree_entry_is_tree(entry))
                return listing->enter(listing->arg, path) ? TREE_GO : TREE_SKIP;
        if ((entry->mode & 0170000) == 0100000)
                listing->take(listing->arg, path);
        return TREE_GO;
}

int change_trees_list(void *change_trees, bool (*enter)(void *arg, const char *folder),
                      void (*take)(void *arg, const char *path), void *arg, struct err *err)
{
        const struct change_trees *trees = change_trees;
        struct listing listing = {.enter = enter, .take = take, .arg = arg};
        git_oid id;

        if (oid_parse(trees->old_tree, &id, err) < 0)
                return -1;
        return tree_walk(trees->repo->odb, &id, list_one, &listing, err);
}
