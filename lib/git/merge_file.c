/* SPDX-License-Identifier: Apache-2.0 */
/* One file that both sides changed: what kind of conflict it is, or the merge of its mode and its lines. */
#include "lib/base/cleanup.h"
#include "lib/git/diff_text.h"
#include "lib/git/merge_internal.h"

#include <string.h>
#include <sys/stat.h>

static bool same_type(const struct merge_sides *sides)
{
        return (sides->base->mode & S_IFMT) == (sides->ours->mode & S_IFMT) &&
               (sides->base->mode & S_IFMT) == (sides->theirs->mode & S_IFMT);
}

static enum merge_conflict_kind kind_of_added(const struct merge_sides *sides)
{
        if ((sides->ours->mode & S_IFMT) != (sides->theirs->mode & S_IFMT))
                return MERGE_TYPE;
        return git_oid_equal(&sides->ours->id, &sides->theirs->id) ? MERGE_MODE : MERGE_ADDED;
}

/* True: it cannot be merged, whatever it holds. */
static bool clashes(const struct merge_sides *sides, enum merge_conflict_kind *ret)
{
        if (!sides->ours || !sides->theirs)
                *ret = MERGE_DELETED;
        else if (!sides->base)
                *ret = kind_of_added(sides);
        else if (!same_type(sides))
                *ret = MERGE_TYPE;
        else if (sides->base->mode == 0120000)
                *ret = MERGE_LINK;
        else if (sides->base->mode == 0160000)
                *ret = MERGE_SUBMODULE;
        else
                return false;
        return true;
}

/* ---- Attributes ---- */

static bool forbids(git_repository *handle, const char *path, struct err *err, int *ret)
{
        const char *merge = NULL, *text = NULL;
        const uint32_t flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM;
        git_attr_value_t kind;

        if (git_attr_get(&merge, handle, flags, path, "merge") < 0 ||
            git_attr_get(&text, handle, flags, path, "text") < 0) {
                *ret = git_fail(err, "cannot read the attributes of \"%.200s\"", path);
                return true;
        }
        kind = git_attr_value(merge);
        *ret = kind == GIT_ATTR_VALUE_FALSE || (kind == GIT_ATTR_VALUE_STRING && strcmp(merge, "text") != 0) ||
               git_attr_value(text) == GIT_ATTR_VALUE_FALSE;
        return *ret != 0;
}

/* 1: the lines of this path are not to be merged, as either side's attributes say; 0; -1 */
static int has_driver(struct merge *merge, struct err *err)
{
        const char *path = str_text(&merge->path);
        int result = 0;

        for (size_t i = 0; i < sizeof(merge->attributes) / sizeof(merge->attributes[0]); i++) {
                struct tree_attributes *attributes = &merge->attributes[i];

                if (tree_attributes_for(attributes, merge->q->repo, merge->q->odb, &merge->roots[i], path, err) < 0)
                        return -1;
                if (forbids(attributes->handle, path, err, &result))
                        return result;
        }
        return 0;
}

/* ---- Lines ---- */

struct text_sides {
        struct side base, ours, theirs;
};

static void text_sides_release(struct text_sides *text)
{
        side_release(&text->base);
        side_release(&text->ours);
        side_release(&text->theirs);
}

static int load(struct merge *merge, const struct tree_entry *entry, struct side *ret, struct err *err)
{
        char hex[GIT_HEX];

        oid_hex(&entry->id, hex);
        return side_load(ret, merge->q->odb, hex, entry->mode, err);
}

static git_merge_file_input input(const struct side *side)
{
        return (git_merge_file_input){
                .version = GIT_MERGE_FILE_INPUT_VERSION, .ptr = side->data, .size = side->len, .mode = 0100644};
}

static int merge_lines(struct merge *merge, const struct text_sides *text, git_oid *ret, bool *ret_clean,
                       struct err *err)
{
        git_merge_file_input base = input(&text->base), ours = input(&text->ours), theirs = input(&text->theirs);
        git_merge_file_options options = {.version = GIT_MERGE_FILE_OPTIONS_VERSION};
        git_merge_file_result merged = {0};
        int result = 0;

        if (git_merge_file(&merged, &base, &ours, &theirs, &options) < 0)
                return git_fail(err, "cannot merge \"%.200s\"", str_text(&merge->path));
        *ret_clean = merged.automergeable;
        if (merged.automergeable)
                result =
                        quarantine_write(merge->q, merged.ptr ? merged.ptr : "", merged.len, GIT_OBJECT_BLOB, ret, err);
        git_merge_file_result_free(&merged);
        return result;
}

static int merge_content(struct merge *merge, const struct merge_sides *sides, git_oid *ret, struct err *err)
{
        __attribute__((cleanup(text_sides_release))) struct text_sides text = {0};
        bool clean = false;
        int driver = has_driver(merge, err);

        if (driver != 0) {
                if (driver > 0)
                        merge_note(merge, MERGE_DRIVER);
                return driver < 0 ? -1 : 0;
        }
        if (load(merge, sides->base, &text.base, err) < 0 || load(merge, sides->ours, &text.ours, err) < 0 ||
            load(merge, sides->theirs, &text.theirs, err) < 0)
                return -1;
        if (side_is_binary(&text.base) || side_is_binary(&text.ours) || side_is_binary(&text.theirs)) {
                merge_note(merge, MERGE_BINARY);
                return 0;
        }
        if (merge_lines(merge, &text, ret, &clean, err) < 0)
                return -1;
        if (!clean)
                merge_note(merge, MERGE_CONTENT);
        return 0;
}

int merge_file(struct merge *merge, const struct merge_sides *sides, struct tree_entry *ret, struct err *err)
{
        const size_t conflicts = merge->result.len;
        enum merge_conflict_kind kind;

        *ret = (struct tree_entry){.mode = 0};
        if (clashes(sides, &kind)) {
                merge_note(merge, kind);
                return 0;
        }
        if (git_oid_equal(&sides->base->id, &sides->ours->id))
                ret->id = sides->theirs->id;
        else if (git_oid_equal(&sides->base->id, &sides->theirs->id) ||
                 git_oid_equal(&sides->ours->id, &sides->theirs->id))
                ret->id = sides->ours->id;
        else if (merge_content(merge, sides, &ret->id, err) < 0)
                return -1;
        /* of two modes, each side kept one: who changed it says */
        if (merge->result.len == conflicts)
                ret->mode = sides->base->mode == sides->ours->mode ? sides->theirs->mode : sides->ours->mode;
        return 0;
}
