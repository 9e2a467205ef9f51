/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read-back in two parts. The walk judges every entry while the upper is still; what it would hash goes to the spool, with a
 * number, and the trees that would be written when a folder ends are kept as they were built. Afterwards, bytes → blobs in the
 * order in which they were seen, then folders → trees, the last one first: so each comes before the one that it lies in.
 */
#include "lib/git/readback_internal.h"

#include <stdlib.h>
#include <string.h>

#define NO_FOLDER SIZE_MAX

struct readback_folder {
        char *path;   /* with its '/'; "": the root */
        char *name;   /* in the one above */
        size_t above; /* NO_FOLDER: it is the root */
        git_oid base;
        bool inherit;  /* of the base, what was not changed is still there */
        bool replaces; /* the base has something of its name, which goes where nothing is left in it */
        struct tree_build build;
};

struct readback_pending {
        size_t folder, change; /* whose id and mode it is */
        struct spool_piece piece;
        uint32_t mode, tracked_mode; /* 0: the base does not have it */
        git_oid tracked;
};

struct readback_taken {
        struct readback_walk walk;
        struct readback_late late;
        struct readback result;
};

/* ---- While the walk is under way ---- */

void readback_late_push(struct readback_walk *walk, struct readback_frame *frame, const git_oid *base)
{
        struct readback_late *late = walk->late;
        const size_t len = walk->path.len;
        struct readback_folder *folder;
        const char *path = str_text(&walk->path), *slash;

        late->folders = xgrow(late->folders, late->folders_len, sizeof(*late->folders));
        frame->folder = late->folders_len++;
        folder = &late->folders[frame->folder];
        *folder = (struct readback_folder){.path = xstrdup(path),
                                           .above = walk->depth > 1 ? frame[-1].folder : NO_FOLDER,
                                           .inherit = frame->inherit};
        if (base)
                folder->base = *base;
        if (len > 1) {
                slash = memrchr(path, '/', len - 1);
                folder->name =
                        xasprintf("%.*s", (int)(path + len - 1 - (slash ? slash + 1 : path)), slash ? slash + 1 : path);
        }
}

void readback_late_pop(struct readback_walk *walk, struct readback_frame *frame, const struct readback_frame *above)
{
        struct readback_folder *folder = &walk->late->folders[frame->folder];

        folder->build = frame->build;
        frame->build = (struct tree_build){0};
        folder->replaces = above && above->inherit && tree_base_find(&above->base, folder->name);
}

static struct readback_pending *add_pending(struct readback_walk *walk, const struct readback_frame *frame,
                                            uint32_t mode)
{
        struct readback_late *late = walk->late;
        struct readback_pending *pending;

        late->pending = xgrow(late->pending, late->pending_len, sizeof(*late->pending));
        pending = &late->pending[late->pending_len++];
        *pending = (struct readback_pending){.folder = frame->folder, .change = frame->build.len, .mode = mode};
        return pending;
}

int readback_late_file(struct readback_walk *walk, const struct readback_frame *frame,
                       const struct readback_content *content, const struct tree_entry *tracked, uint32_t mode)
{
        struct readback_pending *pending = add_pending(walk, frame, mode);

        if (tracked) {
                pending->tracked_mode = tracked->mode;
                pending->tracked = tracked->id;
        }
        if (spool_take(walk->late->spool, content->fd, content->size, &pending->piece, walk->err) < 0)
                return err_wrap(walk->err, "\"%.200s\"", str_text(&walk->path));
        return 0;
}

int readback_late_link(struct readback_walk *walk, const struct readback_frame *frame, const char *text, size_t len)
{
        return spool_put(walk->late->spool, text, len, &add_pending(walk, frame, 0120000)->piece, walk->err);
}

void readback_taken_free(struct readback_taken *taken)
{
        if (!taken)
                return;
        for (size_t i = 0; i < taken->late.folders_len; i++) {
                free(taken->late.folders[i].path);
                free(taken->late.folders[i].name);
                tree_build_release(&taken->late.folders[i].build);
        }
        free(taken->late.folders);
        free(taken->late.pending);
        readback_walk_release(&taken->walk);
        readback_release(&taken->result);
        free(taken);
}

int readback_take(struct quarantine *q, int upper_fd, const struct readback_options *options, struct spool *spool,
                  struct readback_taken **ret, struct err *err)
{
        struct readback_taken *taken = xcalloc(1, sizeof(*taken));
        git_oid none;

        taken->late.spool = spool;
        taken->walk = (struct readback_walk){.q = q, .result = &taken->result, .late = &taken->late, .err = err};
        if (readback_walk_run(&taken->walk, upper_fd, options, &none) < 0) {
                readback_taken_free(taken);
                return -1;
        }
        readback_walk_leave(&taken->walk);
        taken->walk.options = (struct readback_options){0};
        *ret = taken;
        return 0;
}

/* ---- Afterwards ---- */

static int store_one(struct readback_walk *walk, const struct readback_pending *pending)
{
        struct readback_folder *folder = &walk->late->folders[pending->folder];
        struct tree_change *change = &folder->build.items[pending->change];
        const struct tree_entry tracked = {.name = change->name,
                                           .name_len = strlen(change->name),
                                           .mode = pending->tracked_mode,
                                           .id = pending->tracked};
        const struct readback_content content = {.fd = -1, .size = pending->piece.size, .piece = &pending->piece};

        str_clear(&walk->path);
        str_puts(&walk->path, folder->path);
        str_puts(&walk->path, change->name);
        change->mode = pending->mode;
        return readback_store_file(walk, &content, pending->tracked_mode ? &tracked : NULL, &change->id, &change->mode);
}

static int write_folder(struct readback_walk *walk, struct readback_folder *folder, git_oid *ret, bool *ret_empty)
{
        struct tree_base base = {0};
        int got = folder->inherit ? tree_base_load(&base, walk->q->odb, &folder->base, walk->err) : 0;

        if (got == 0)
                got = tree_build_write(&folder->build, folder->inherit ? &base : NULL, walk->q, ret, ret_empty,
                                       walk->err);
        tree_base_release(&base);
        return got;
}

static int write_folders(struct readback_walk *walk, git_oid *ret_root)
{
        struct readback_late *late = walk->late;

        for (size_t i = late->folders_len; i-- > 0;) {
                struct readback_folder *folder = &late->folders[i];
                struct readback_folder *above = folder->above == NO_FOLDER ? NULL : &late->folders[folder->above];
                bool empty = false;
                git_oid id;

                if (write_folder(walk, folder, &id, &empty) < 0)
                        return -1;
                if (!above) {
                        *ret_root = id;
                } else if (!empty) {
                        tree_build_set(&above->build, folder->name, 0040000, &id);
                } else if (folder->replaces) {
                        tree_build_delete(&above->build, folder->name);
                        walk->result->deleted++;
                }
        }
        return 0;
}

int readback_store(struct readback_taken *taken, struct readback *ret, struct err *err)
{
        struct readback_walk *walk = &taken->walk;
        const size_t refused = taken->result.refusals.len;
        git_oid root = {{0}};

        walk->err = err;
        for (size_t i = 0; i < taken->late.pending_len && !refused; i++)
                if (store_one(walk, &taken->late.pending[i]) < 0)
                        return -1;
        if (!taken->result.refusals.len) {
                if (write_folders(walk, &root) < 0)
                        return -1;
                oid_hex(&root, taken->result.tree);
        }
        *ret = taken->result;
        taken->result = (struct readback){0};
        return 0;
}
