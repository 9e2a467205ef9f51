/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder on the walk's stack: its names, the base's tree at that path, and the rules that hold from there on. Nothing of
 * the result is judged here (readback.c does that); what fails is reading, and the cap on entries stops the walk.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/overlay.h"
#include "lib/git/readback_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void readback_frame_release(struct readback_frame *frame)
{
        if (frame->opened && frame->fd >= 0)
                (void)fchmod(frame->fd, frame->mode);
        if (frame->fd >= 0)
                close(frame->fd);
        for (size_t i = 0; i < frame->names_len; i++)
                free(frame->names[i]);
        free(frame->names);
        tree_base_release(&frame->base);
        tree_build_release(&frame->build);
}

static int by_bytes(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names of the folder, sorted, so that what a person is told does not depend on the file system. */
int readback_list(struct readback_walk *walk, struct readback_frame *frame)
{
        _cleanup_dir_ DIR *dir = fs_list(fcntl(frame->fd, F_DUPFD_CLOEXEC, 3));
        const struct dirent *entry;
        size_t cap = 0;

        if (!dir)
                return err_errno(walk->err, "cannot list a folder of the result");
        rewinddir(dir); /* a duplicate shares its offset with the descriptor it was made from */
        while ((entry = fs_list_next(dir)) && !walk->stop) {
                if (++walk->result->entries > walk->options.max_entries)
                        readback_stop(walk, "more entries were changed than the limit of %" PRIu64,
                                      walk->options.max_entries);
                if (frame->names_len == cap) {
                        cap = cap ? cap * 2 : 16;
                        frame->names = xrealloc(frame->names, cap * sizeof(*frame->names));
                }
                frame->names[frame->names_len++] = xstrdup(entry->d_name);
        }
        if (!entry && errno)
                return err_errno(walk->err, "cannot list a folder of the result");
        if (frame->names_len)
                qsort(frame->names, frame->names_len, sizeof(*frame->names), by_bytes);
        return 0;
}

int readback_add_info_exclude(struct readback_walk *walk)
{
        _cleanup_free_ char *path = xasprintf("%s/info/exclude", repo_commondir(walk->q->repo));
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_str_ struct str bytes = {0};

        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(walk->err, "cannot open %s", path);
        if (fs_read_fd(fd, (size_t)walk->options.max_ignore_bytes, &bytes, walk->err) < 0)
                return err_wrap(walk->err, "%s", path);
        ignore_add_file(&walk->rules, "", str_text(&bytes), bytes.len);
        return 0;
}

/* The folder's .gitignore as the merged worktree shows it: the upper's, else the base's where that shines through. */
static int add_ignore_rules(struct readback_walk *walk, struct readback_frame *frame)
{
        const struct tree_entry *entry = tree_base_find(&frame->base, ".gitignore");
        _cleanup_odb_object_ git_odb_object *object = NULL;
        _cleanup_str_ struct str bytes = {0};
        _cleanup_fd_ int fd = -1;
        struct stat st;

        if (fstatat(frame->fd, ".gitignore", &st, AT_SYMLINK_NOFOLLOW) == 0) {
                if (!S_ISREG(st.st_mode))
                        return 0;
                if ((uint64_t)st.st_size > walk->options.max_ignore_bytes)
                        return readback_stop(walk, "the .gitignore there is larger than the limit");
                fd = readback_open(walk, frame->fd, ".gitignore", 0, st.st_mode);
                if (fd < 0)
                        return err_errno(walk->err, "cannot open a .gitignore");
                if (fs_read_fd(fd, (size_t)walk->options.max_ignore_bytes, &bytes, walk->err) < 0)
                        return -1;
                ignore_add_file(&walk->rules, str_text(&walk->path), str_text(&bytes), bytes.len);
                return 0;
        }
        if (!frame->inherit || !entry || (entry->mode != 0100644 && entry->mode != 0100755))
                return 0;
        if (git_odb_read(&object, walk->q->odb, &entry->id) < 0)
                return git_fail(walk->err, "cannot read a .gitignore of the base");
        ignore_add_file(&walk->rules, str_text(&walk->path), git_odb_object_data(object), git_odb_object_size(object));
        return 0;
}

static int add_attributes(struct readback_walk *walk, const struct readback_frame *frame)
{
        const struct tree_entry *entry = tree_base_find(&frame->base, ".gitattributes");
        _cleanup_free_ char *path = NULL;

        if (!entry || (entry->mode != 0100644 && entry->mode != 0100755))
                return 0;
        if (readback_need_attributes(walk) < 0)
                return -1;
        path = xasprintf("%s.gitattributes", str_text(&walk->path));
        return attributes_add(walk->attributes, path, &entry->id, walk->err);
}

int readback_push(struct readback_walk *walk, int fd, const git_oid *base, bool inherit, bool ignored)
{
        struct readback_frame *frame = &walk->frames[walk->depth++];

        *frame = (struct readback_frame){.fd = fd,
                                         .inherit = base && inherit && !overlay_is_opaque(fd),
                                         .ignored = ignored,
                                         .path_len = walk->path.len,
                                         .rules_len = walk->rules.len};
        if (walk->late)
                readback_late_push(walk, frame, base);
        if (base && tree_base_load(&frame->base, walk->q->odb, base, walk->err) < 0)
                return -1;
        if (readback_list(walk, frame) < 0 || walk->stop)
                return walk->stop ? 0 : -1;
        if (walk->options.raw)
                return 0;
        if (!ignored && add_ignore_rules(walk, frame) < 0)
                return -1;
        return add_attributes(walk, frame);
}

bool readback_has_name(const struct readback_frame *frame, const char *name)
{
        return frame->names_len && bsearch(&name, frame->names, frame->names_len, sizeof(char *), by_bytes);
}
