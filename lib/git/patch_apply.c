/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File by file: the old side from the base tree, the new one to the quarantine, then all of them put over the base's folders.
 * Not libgit2's reader: it takes neither empty files beside others nor all names, and applies to whole trees only.
 */
#include "lib/git/patch_apply.h"

#include "lib/base/change.h"
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"
#include "lib/git/patch_read.h"
#include "lib/git/quarantine_internal.h"
#include "lib/git/tree_select.h"

#include <string.h>

#define FILES_MOST 200000
#define SUBMODULE 0160000

struct applying {
        struct quarantine *q;
        git_oid base;
        struct patch_reader reader;
        struct change_list changes;
        bool halved; /* the last of them has had both of its halves */
};

static int load_old(struct applying *applying, const struct patch_file *file, struct tree_entry *ret_entry,
                    git_odb_object **ret, struct err *err)
{
        int got;

        *ret_entry = (struct tree_entry){.mode = 0};
        if (!file->old_mode)
                return 0;
        got = tree_lookup_path(applying->q->odb, &applying->base, file->path, ret_entry, err);
        if (got < 0)
                return -1;
        if (got == 0 || tree_entry_is_tree(ret_entry))
                return err_set(err, ERR_INPUT, "the patch changes a file that its base does not have");
        if (ret_entry->mode != SUBMODULE && git_odb_read(ret, applying->q->odb, &ret_entry->id) < 0)
                return git_fail(err, "a file of the base cannot be read");
        return 0;
}

static int keep_new(struct applying *applying, const struct patch_file *file, const struct str *content,
                    struct err *err)
{
        struct change *change = change_list_add(&applying->changes, file->path);
        git_oid id;

        if (!file->new_mode)
                return 0;
        change->new_mode = file->new_mode;
        if (file->new_mode == SUBMODULE) { /* its id is all there is of it */
                memcpy(change->new_id, file->new_id, GIT_HEX);
                return 0;
        }
        if (quarantine_write(applying->q, str_text(content), content->len, GIT_OBJECT_BLOB, &id, err) < 0)
                return -1;
        oid_hex(&id, change->new_id);
        return 0;
}

/*
 * Files are in the order of their paths, so that none comes twice and costs as often. Only a path that changed its type does, one half
 * after the other: the second one is what stands there.
 */
static int take_place(struct applying *applying, const struct patch_file *file, struct err *err)
{
        struct change_list *changes = &applying->changes;
        const int order = changes->len ? strcmp(changes->items[changes->len - 1].path, file->path) : -1;

        if (order > 0 || (order == 0 && (file->old_mode || applying->halved)))
                return err_set(err, ERR_INPUT, "the patch changes a file twice, or its files are out of order");
        applying->halved = order == 0;
        if (order == 0)
                free(changes->items[--changes->len].path);
        return 0;
}

static int apply_file(struct applying *applying, const struct patch_file *file, struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        _cleanup_str_ struct str content = {0};
        struct tree_entry entry;
        char submodule[64] = "";
        const char *old = submodule;
        size_t old_len = 0;

        if (take_place(applying, file, err) < 0 || load_old(applying, file, &entry, &object, err) < 0)
                return -1;
        if (object) {
                old = git_odb_object_data(object);
                old_len = git_odb_object_size(object);
        } else if (entry.mode == SUBMODULE) {
                char hex[GIT_HEX];

                oid_hex(&entry.id, hex);
                old_len = (size_t)snprintf(submodule, sizeof(submodule), "Subproject commit %s\n", hex);
        }
        if (patch_content(&applying->reader, file, old, old_len, &content, err) < 0)
                return -1;
        return keep_new(applying, file, &content, err);
}

static int apply_all(struct applying *applying, struct err *err)
{
        struct change_list *changes = &applying->changes;
        struct patch_file file;
        int got;

        while ((got = patch_next(&applying->reader, &file, err)) > 0) {
                got = apply_file(applying, &file, err);
                patch_file_release(&file);
                if (got < 0)
                        return -1;
                if (changes->len > FILES_MOST)
                        return err_set(err, ERR_INPUT, "the patch changes more than %d files", FILES_MOST);
        }
        if (got < 0)
                return -1;
        return 0;
}

/* Whether one of the folders above it became a file. */
static bool goes_with_folder(const struct change_list *changes, const struct change *change)
{
        _cleanup_free_ char *path = xstrdup(change->path);

        for (char *slash = strchr(path, '/'); slash && !change->new_mode; slash = strchr(slash + 1, '/')) {
                const struct change *above;

                *slash = '\0';
                above = change_list_find((struct change_list *)changes, path);
                *slash = '/';
                if (above && above->new_mode)
                        return true;
        }
        return false;
}

/* What stands in a folder's place needs no deletions below it. */
static void copy_standing(const struct change_list *changes, struct change_list *ret)
{
        for (size_t i = 0; i < changes->len; i++) {
                struct change *copy;

                if (goes_with_folder(changes, &changes->items[i]))
                        continue;
                copy = change_list_add(ret, changes->items[i].path);
                copy->new_mode = changes->items[i].new_mode;
                memcpy(copy->new_id, changes->items[i].new_id, GIT_HEX);
        }
}

int patch_apply(struct quarantine *q, const char *base_tree, const char *patch, size_t len, char ret_tree[GIT_HEX],
                struct err *err)
{
        struct applying applying = {.q = q, .reader = {.at = patch, .end = patch + len}};
        _cleanup_changes_ struct change_list standing = {0};
        int result;

        if (len == 0) {
                memcpy(ret_tree, base_tree, GIT_HEX);
                return 0;
        }
        if (oid_parse(base_tree, &applying.base, err) < 0)
                return -1;
        result = apply_all(&applying, err);
        copy_standing(&applying.changes, &standing);
        if (result == 0)
                result = tree_select(q, base_tree, &standing, ret_tree, err);
        change_list_release(&applying.changes);
        return result;
}
