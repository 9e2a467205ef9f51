/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From two trees to the list of changes: the pruned walk collects paths and ids, then each changed blob is read once for
 * its size, and diffed by lines where it is text on both sides and small enough.
 */
#include "lib/git/diff.h"
#include "lib/base/cleanup.h"
#include "lib/git/diff_text.h"

#include <stdio.h>
#include <string.h>

#define BINARY_LOOK 8000 /* git looks no further for a zero byte */

int side_load(struct side *side, git_odb *odb, const char *hex, uint32_t mode, struct err *err)
{
        git_oid id;

        *side = (struct side){.data = ""};
        if (!mode)
                return 0;
        if (mode == 0160000) {
                snprintf(side->link, sizeof(side->link), "Subproject commit %s\n", hex);
                side->data = side->link;
                side->len = strlen(side->link);
                return 0;
        }
        if (oid_parse(hex, &id, err) < 0)
                return -1;
        if (git_odb_read(&side->object, odb, &id) < 0)
                return git_fail(err, "cannot read blob %s", hex);
        side->data = git_odb_object_data(side->object);
        side->len = git_odb_object_size(side->object);
        return 0;
}

void side_release(struct side *side)
{
        git_odb_object_free(side->object);
        side->object = NULL;
}

bool side_is_binary(const struct side *side)
{
        size_t look = side->len < BINARY_LOOK ? side->len : BINARY_LOOK;

        return side->len > DIFF_TEXT_MAX || memchr(side->data, '\0', look);
}

static void set_side(uint32_t *mode, char hex[GIT_HEX], const struct tree_entry *entry)
{
        if (!entry || tree_entry_is_tree(entry))
                return;
        *mode = entry->mode;
        oid_hex(&entry->id, hex);
}

static enum change_kind kind_of(uint32_t old_mode, uint32_t new_mode)
{
        if (!old_mode)
                return CHANGE_ADDED;
        if (!new_mode)
                return CHANGE_DELETED;
        return (old_mode & 0170000) == (new_mode & 0170000) ? CHANGE_MODIFIED : CHANGE_TYPE;
}

static enum tree_step collect(void *data, const char *path, size_t path_len, const struct tree_entry *old_entry,
                              const struct tree_entry *new_entry, struct err *err)
{
        struct change_list *list = data;
        struct change *change;

        (void)path_len;
        (void)err;
        if ((!old_entry || tree_entry_is_tree(old_entry)) && (!new_entry || tree_entry_is_tree(new_entry)))
                return TREE_GO;
        change = change_list_add(list, path);
        set_side(&change->old_mode, change->old_id, old_entry);
        set_side(&change->new_mode, change->new_id, new_entry);
        change->kind = kind_of(change->old_mode, change->new_mode);
        return TREE_GO;
}

int tree_changed_paths(git_odb *odb, const git_oid *old_tree, const git_oid *new_tree, struct change_list *ret,
                       struct err *err)
{
        return tree_walk_pair(odb, old_tree, new_tree, collect, ret, err);
}

struct counter {
        struct change *change;
        struct diff_text *text; /* NULL: lines are counted, not kept */
        uint32_t divider;       /* first added "=======" */
        bool angle;             /* one of the other two was added */
};

static bool starts(const char *line, size_t len, const char *wanted)
{
        return len >= strlen(wanted) && memcmp(line, wanted, strlen(wanted)) == 0;
}

static void look_for_marker(struct counter *counter, const git_diff_line *line)
{
        size_t len = line->content_len;

        while (len && (line->content[len - 1] == '\n' || line->content[len - 1] == '\r'))
                len--;
        if (len == 7 && starts(line->content, len, "=======")) {
                if (!counter->divider)
                        counter->divider = (uint32_t)line->new_lineno;
        } else if (starts(line->content, len, "<<<<<<< ") || starts(line->content, len, ">>>>>>> ")) {
                if (!counter->angle)
                        counter->change->conflict_marker = (uint32_t)line->new_lineno;
                counter->angle = true;
        }
}

static int count_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *data)
{
        struct counter *counter = data;

        (void)delta;
        if (line->origin == GIT_DIFF_LINE_DELETION || line->origin == GIT_DIFF_LINE_ADDITION)
                counter->change->text_bytes += line->content_len;
        if (counter->text)
                diff_text_add(counter->text, hunk, line);
        if (line->origin == GIT_DIFF_LINE_DELETION)
                counter->change->lines_removed++;
        if (line->origin != GIT_DIFF_LINE_ADDITION)
                return 0;
        counter->change->lines_added++;
        look_for_marker(counter, line);
        return 0;
}

static int count_lines(struct change *change, const struct side *old_side, const struct side *new_side,
                       struct diff_text *text, struct err *err)
{
        git_diff_options options;
        struct counter counter = {.change = change, .text = text};

        git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
        options.context_lines = 0;
        options.flags = GIT_DIFF_FORCE_TEXT;
        if (git_diff_buffers(old_side->data, old_side->len, NULL, new_side->data, new_side->len, NULL, &options, NULL,
                             NULL, NULL, count_line, &counter) < 0)
                return git_fail(err, "cannot compare \"%.200s\"", change->path);
        if (counter.angle && counter.divider && counter.divider < change->conflict_marker)
                change->conflict_marker = counter.divider;
        return 0;
}

/* Sizes first: a blob over the limit is not even inflated. */
static int side_size(git_odb *odb, const char *hex, uint32_t mode, uint64_t *ret, struct err *err)
{
        git_object_t type;
        git_oid id;
        size_t size = 0;

        if (!mode || mode == 0160000)
                return 0;
        if (oid_parse(hex, &id, err) < 0)
                return -1;
        if (git_odb_read_header(&size, &type, odb, &id) < 0)
                return git_fail(err, "cannot read blob %s", hex);
        *ret = size;
        return 0;
}

static int measure(git_odb *odb, struct change *change, struct diff_text *text, struct err *err)
{
        struct side old_side = {0}, new_side = {0};
        int result;

        if (side_size(odb, change->old_id, change->old_mode, &change->old_size, err) < 0 ||
            side_size(odb, change->new_id, change->new_mode, &change->new_size, err) < 0)
                return -1;
        if (change->old_size > DIFF_TEXT_MAX || change->new_size > DIFF_TEXT_MAX) {
                change->binary = true;
                return 0;
        }
        result = side_load(&old_side, odb, change->old_id, change->old_mode, err);
        if (result == 0)
                result = side_load(&new_side, odb, change->new_id, change->new_mode, err);
        if (result == 0) {
                change->binary = side_is_binary(&old_side) || side_is_binary(&new_side);
                if (!change->binary)
                        result = count_lines(change, &old_side, &new_side, text, err);
        }
        side_release(&old_side);
        side_release(&new_side);
        return result;
}

static int find_changes(struct repo *repo, const char *old_tree, const char *new_tree, bool with_text,
                        struct change_list *ret, struct err *err)
{
        _cleanup_changes_ struct change_list list = {0};
        git_oid old_id, new_id;

        if (oid_parse(old_tree, &old_id, err) < 0 || oid_parse(new_tree, &new_id, err) < 0)
                return -1;
        if (tree_changed_paths(repo->odb, &old_id, &new_id, &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.len; i++) {
                struct diff_text text = {.room = DIFF_LINES_MAX - list.kept_bytes};
                int rc = measure(repo->odb, &list.items[i], with_text ? &text : NULL, err);

                list.kept_bytes += diff_text_keep(&text, &list.items[i]);
                if (rc < 0)
                        return -1;
                list.lines_added += list.items[i].lines_added;
                list.lines_removed += list.items[i].lines_removed;
                list.text_bytes += list.items[i].text_bytes;
        }
        change_list_sort(&list);
        *ret = list;
        list = (struct change_list){0};
        return 0;
}

int tree_changes(struct repo *repo, const char *old_tree, const char *new_tree, struct change_list *ret,
                 struct err *err)
{
        return find_changes(repo, old_tree, new_tree, false, ret, err);
}

int tree_changes_text(struct repo *repo, const char *old_tree, const char *new_tree, struct change_list *ret,
                      struct err *err)
{
        return find_changes(repo, old_tree, new_tree, true, ret, err);
}
