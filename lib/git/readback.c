/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over an overlay's upper directory. One frame per open folder (readback_frame.c), at most max_depth of them:
 * the folder's names, the base's tree at that path, and what becomes of it. An entry of the upper is
 *
 *   a whiteout (character device 0/0)  the base's entry is gone
 *   a file or symlink                  a blob (readback_file.c), unless it is untracked and ignored
 *   a folder                           a new frame; opaque or new: nothing of the base survives in it
 *   anything else                      refused
 *
 * When a frame ends its tree is written and handed to the frame above; a folder where nothing is left is a deletion.
 * "Tracked" is asked of the base even where a folder is opaque: that is what the index holds.
 */
#include "lib/git/readback.h"
#include "lib/base/cleanup.h"
#include "lib/base/overlay.h"
#include "lib/git/names.h"
#include "lib/git/readback_internal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct readback_options defaults = {.max_entries = 200000,
                                                 .max_file_bytes = (uint64_t)1 << 30,
                                                 .max_total_bytes = (uint64_t)4 << 30,
                                                 .max_ignore_bytes = (uint64_t)1 << 20,
                                                 .max_depth = 200,
                                                 .max_path_bytes = 4095};

static void __attribute__((format(printf, 2, 0)))
add_refusal(struct readback_walk *walk, const char *format, va_list args)
{
        _cleanup_str_ struct str text = {0};
        char reason[256];
        const char *path = str_text(&walk->path);

        vsnprintf(reason, sizeof(reason), format, args);
        if (walk->result->refusals.len >= READBACK_REFUSALS_MAX)
                return;
        str_put_quoted(&text, path, walk->path.len);
        strv_add_printf(&walk->result->refusals, "%s: %s", walk->path.len ? str_text(&text) : "the result", reason);
}

int readback_refuse(struct readback_walk *walk, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        add_refusal(walk, format, args);
        va_end(args);
        return 0;
}

int readback_stop(struct readback_walk *walk, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        add_refusal(walk, format, args);
        va_end(args);
        walk->stop = true;
        return 0;
}

/* A bare repository in the tree is a trap for whoever runs git in it later; one that the base has is the user's own. */
static bool is_new_bare_repository(const struct readback_frame *frame)
{
        return readback_has_name(frame, "HEAD") && readback_has_name(frame, "objects") &&
               readback_has_name(frame, "refs") && !tree_base_find(&frame->base, "HEAD");
}

/* The base's entry does not survive. */
static void drop(struct readback_walk *walk, struct readback_frame *frame, const struct tree_entry *base,
                 const char *name)
{
        if (!base || !frame->inherit)
                return;
        tree_build_delete(&frame->build, name);
        walk->result->deleted++;
}

static void leave_out(struct readback_walk *walk, struct readback_frame *frame, const struct tree_entry *base,
                      const char *name)
{
        walk->result->ignored++;
        drop(walk, frame, base, name);
}

/* A submodule's folder: empty as the checkout shows it, or it is none of ours to judge. */
static int submodule_entry(struct readback_walk *walk, struct readback_frame *frame, const char *name,
                           const struct stat *st, const struct tree_entry *base)
{
        struct readback_frame inside = {.fd = readback_open(walk, frame->fd, name, O_DIRECTORY, st->st_mode),
                                        .opened = walk->options.untouched && readback_is_closed(st->st_mode),
                                        .mode = st->st_mode & 07777};
        int result;

        if (inside.fd < 0)
                return err_errno(walk->err, "cannot open \"%.200s\"", str_text(&walk->path));
        result = readback_list(walk, &inside);
        if (result == 0 && inside.names_len)
                result = readback_refuse(walk, "a submodule's content or commit cannot be changed by a run");
        else if (result == 0 && !frame->inherit)
                tree_build_set(&frame->build, name, base->mode, &base->id);
        readback_frame_release(&inside);
        return result;
}

static int folder_entry(struct readback_walk *walk, struct readback_frame *frame, const char *name,
                        const struct stat *st, const struct tree_entry *base, bool ignored)
{
        bool has_base = base && tree_entry_is_tree(base);
        int fd, pushed;

        if (base && base->mode == 0160000)
                return submodule_entry(walk, frame, name, st, base);
        if (ignored && !has_base) {
                leave_out(walk, frame, base, name);
                return 0;
        }
        if (walk->depth > walk->options.max_depth)
                return readback_refuse(walk, "folders are nested deeper than the limit of %u", walk->options.max_depth);
        fd = readback_open(walk, frame->fd, name, O_DIRECTORY, st->st_mode);
        if (fd < 0)
                return err_errno(walk->err, "cannot open \"%.200s\"", str_text(&walk->path));
        str_putc(&walk->path, '/');
        pushed = readback_push(walk, fd, has_base ? &base->id : NULL, frame->inherit, ignored);
        walk->frames[walk->depth - 1].opened = walk->options.untouched && readback_is_closed(st->st_mode);
        walk->frames[walk->depth - 1].mode = st->st_mode & 07777;
        if (pushed < 0)
                return -1;
        if (!ignored && is_new_bare_repository(&walk->frames[walk->depth - 1]))
                readback_refuse(walk, "it is a bare git repository");
        return 0;
}

static int file_entry(struct readback_walk *walk, struct readback_frame *frame, const char *name, const struct stat *st,
                      const struct tree_entry *base, bool ignored)
{
        const struct tree_entry *tracked = base && !tree_entry_is_tree(base) ? base : NULL;
        uint32_t mode = 0;
        git_oid id = {{0}};

        if (ignored && !tracked) {
                leave_out(walk, frame, base, name);
                return 0;
        }
        if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode))
                return readback_refuse(walk, "it is a FIFO, a socket or a device");
        if (readback_file(walk, frame, name, st, tracked, &id, &mode) < 0)
                return -1;
        if (mode)
                tree_build_set(&frame->build, name, mode, &id);
        return 0;
}

static int refuse_name(struct readback_walk *walk, const char *name, const struct stat *st)
{
        const char *why = name_refusal(name, strlen(name), S_ISLNK(st->st_mode) ? 0120000u : 0100644u);

        if (!why && walk->path.len > walk->options.max_path_bytes)
                why = "its path is longer than the limit";
        if (!why)
                return 0;
        if (strcmp(name, ".git") == 0)
                why = "a nested git repository (or a new submodule)";
        readback_refuse(walk, "%s", why);
        return 1;
}

/* What the base has of it stays, as if nobody had written to it; that it is gone is a change like any other. */
static int output_entry(struct readback_walk *walk, struct readback_frame *frame, const struct tree_entry *base,
                        const char *name)
{
        walk->result->outputs++;
        if (!base)
                return 0;
        if (tree_entry_is_tree(base))
                drop(walk, frame, base, name);
        else if (!frame->inherit)
                tree_build_set(&frame->build, name, base->mode, &base->id);
        return 0;
}

static bool is_output(const struct readback_walk *walk, bool is_folder)
{
        return !is_folder && walk->options.outputs &&
               ignore_covers(walk->options.outputs, str_text(&walk->path), false);
}

static int visit(struct readback_walk *walk, struct readback_frame *frame, const char *name)
{
        const struct tree_entry *base = tree_base_find(&frame->base, name);
        bool ignored = frame->ignored, is_folder;
        struct stat st;

        if (fstatat(frame->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(walk->err, "cannot look at \"%.200s\"", name);
        str_cut(&walk->path, frame->path_len);
        str_puts(&walk->path, name);
        if (walk->options.skip && strcmp(str_text(&walk->path), walk->options.skip) == 0) {
                walk->result->ignored++;
                return 0;
        }
        if (overlay_is_whiteout(&st)) {
                drop(walk, frame, base, name);
                return 0;
        }
        is_folder = S_ISDIR(st.st_mode);
        if (is_output(walk, is_folder))
                return output_entry(walk, frame, base, name);
        if (!ignored)
                ignored = ignore_match(&walk->rules, str_text(&walk->path), is_folder) == IGNORE_YES;
        if (ignored && !base) {
                leave_out(walk, frame, NULL, name);
                return 0;
        }
        if (refuse_name(walk, name, &st))
                return 0;
        return is_folder ? folder_entry(walk, frame, name, &st, base, ignored)
                         : file_entry(walk, frame, name, &st, base, ignored);
}

/* Writes the finished folder's tree and lays it over the one above. */
static int pop(struct readback_walk *walk, git_oid *ret_root)
{
        struct readback_frame *frame = &walk->frames[walk->depth - 1], *above;
        bool empty = false;
        git_oid id;
        const char *name;

        if (walk->late) {
                readback_late_pop(walk, frame, walk->depth > 1 ? frame - 1 : NULL);
                ignore_truncate(&walk->rules, frame->rules_len);
                readback_frame_release(frame);
                walk->depth--;
                return 0;
        }
        if (tree_build_write(&frame->build, frame->inherit ? &frame->base : NULL, walk->q, &id, &empty, walk->err) < 0)
                return -1;
        ignore_truncate(&walk->rules, frame->rules_len);
        readback_frame_release(frame);
        if (--walk->depth == 0) {
                *ret_root = id;
                return 0;
        }
        above = &walk->frames[walk->depth - 1];
        name = above->names[above->at - 1];
        if (!empty)
                tree_build_set(&above->build, name, 0040000, &id);
        else
                drop(walk, above, tree_base_find(&above->base, name), name);
        return 0;
}

static int walk_all(struct readback_walk *walk, git_oid *ret_root)
{
        while (walk->depth && !walk->stop) {
                struct readback_frame *frame = &walk->frames[walk->depth - 1];

                if (frame->at == frame->names_len) {
                        if (pop(walk, ret_root) < 0)
                                return -1;
                        continue;
                }
                const char *name = frame->names[frame->at++];

                if (!walk->options.raw && walk->depth == 1 && strcmp(name, ".git") == 0)
                        continue;
                if (visit(walk, frame, name) < 0)
                        return -1;
        }
        return 0;
}

static int walk_start(struct readback_walk *walk, int upper_fd, const git_oid *base)
{
        int root = fcntl(upper_fd, F_DUPFD_CLOEXEC, 3);

        if (root < 0)
                return err_errno(walk->err, "cannot read the result");
        walk->frames = xcalloc(walk->options.max_depth + 2, sizeof(*walk->frames));
        walk->trust_mode = repo_config_bool(walk->q->repo, "core.filemode", true);
        walk->symlinks = repo_config_bool(walk->q->repo, "core.symlinks", true);
        if (!walk->options.raw && ((attributes_configured(walk->q->repo) && readback_need_attributes(walk) < 0) ||
                                   readback_add_info_exclude(walk) < 0)) {
                close(root);
                return -1;
        }
        return readback_push(walk, root, base, true, false);
}

static void set_options(struct readback_walk *walk, const struct readback_options *options)
{
        walk->options = *options;
#define DEFAULT(field)                                                                                                 \
        if (!walk->options.field)                                                                                      \
        walk->options.field = defaults.field
        DEFAULT(max_entries);
        DEFAULT(max_file_bytes);
        DEFAULT(max_total_bytes);
        DEFAULT(max_ignore_bytes);
        DEFAULT(max_depth);
        DEFAULT(max_path_bytes);
#undef DEFAULT
}

int readback_walk_run(struct readback_walk *walk, int upper_fd, const struct readback_options *options,
                      git_oid *ret_root)
{
        git_oid base;

        if (oid_parse(options->base_tree, &base, walk->err) < 0)
                return -1;
        set_options(walk, options);
        return walk_start(walk, upper_fd, &base) < 0 ? -1 : walk_all(walk, ret_root);
}

void readback_walk_leave(struct readback_walk *walk)
{
        while (walk->depth)
                readback_frame_release(&walk->frames[--walk->depth]);
        free(walk->frames);
        walk->frames = NULL;
        ignore_release(&walk->rules);
}

void readback_walk_release(struct readback_walk *walk)
{
        readback_walk_leave(walk);
        str_release(&walk->path);
        git_repository_free(walk->attributes);
        walk->attributes = NULL;
}

int readback_run(struct quarantine *q, int upper_fd, const struct readback_options *options, struct readback *ret,
                 struct err *err)
{
        struct readback result = {0};
        struct readback_walk walk = {.q = q, .result = &result, .err = err};
        git_oid root = {{0}};
        const int failed = readback_walk_run(&walk, upper_fd, options, &root);

        readback_walk_release(&walk);
        if (failed) {
                readback_release(&result);
                return -1;
        }
        if (result.refusals.len == 0)
                oid_hex(&root, result.tree);
        *ret = result;
        return 0;
}

void readback_release(struct readback *result)
{
        strv_release(&result->refusals);
}
