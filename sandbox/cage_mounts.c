/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cage shows. Every operation has a path; they are done from the shortest to the longest, masks before shows, so
 * that a repository which is the home folder itself is shown, and the state folder inside it is hidden again. An operation
 * that changes nothing (a show of what no mask hides, a mask in a mask) is left out: every mount is copied for every step.
 *
 * Order: copies of what stays writable, then the whole tree read-only, then copies of what is shown (they are read-only by
 * now), then masks and copies are put in place. Copies are detached, so no mask hides them.
 */
#include "sandbox/cage_mounts.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

#define MASK_BYTES ((uint64_t)1 << 20)
#define MASK_INODES 4096

enum operation_kind { MASK, SHOW, SHOW_WRITABLE };

struct operation {
        enum operation_kind kind;
        char *path; /* without symlinks */
        int source; /* O_PATH, then the detached copy; -1: a mask */
        bool folder;
};

struct operations {
        struct operation *items;
        size_t len;
};

static void operation_release(struct operation *operation)
{
        free(operation->path);
        if (operation->source >= 0)
                close(operation->source);
}

static void operations_release(struct operations *list)
{
        for (size_t i = 0; i < list->len; i++)
                operation_release(&list->items[i]);
        free(list->items);
}

/* What does not exist on the host is neither masked nor shown. A folder to mask may be a link: what it leads to counts. */
static int plan_one(struct operations *list, enum operation_kind kind, const char *path, struct err *err)
{
        _cleanup_fd_ int fd = path ? open(path, O_PATH | O_CLOEXEC | (kind == MASK ? 0 : O_NOFOLLOW)) : -1;
        struct operation operation = {kind, NULL, -1, true};
        struct stat status;

        if (!path || (fd < 0 && (errno == ENOENT || errno == EACCES)))
                return 0;
        if (fd < 0 || fstat(fd, &status) < 0 || !(operation.path = fs_real_path(fd)))
                return err_errno(err, "%s", path);
        if (!S_ISDIR(status.st_mode) && (kind == MASK || !S_ISREG(status.st_mode))) {
                free(operation.path);
                return err_set(err, ERR_INPUT, "%s is neither a file nor a folder", path);
        }
        operation.folder = S_ISDIR(status.st_mode);
        operation.source = kind == MASK ? -1 : steal_fd(&fd);
        list->items = xrealloc(list->items, (list->len + 1) * sizeof(*list->items));
        list->items[list->len++] = operation;
        return 0;
}

static int compare(const void *left, const void *right)
{
        const struct operation *a = left, *b = right;
        size_t a_len = strlen(a->path), b_len = strlen(b->path);

        if (a_len != b_len)
                return a_len < b_len ? -1 : 1;
        return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static int plan_list(struct operations *list, enum operation_kind kind, const struct strv *paths, struct err *err)
{
        for (size_t i = 0; i < paths->len; i++)
                if (plan_one(list, kind, paths->items[i], err) < 0)
                        return -1;
        return 0;
}

static bool is_in(const char *path, const char *folder)
{
        size_t len = strlen(folder);

        return strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]);
}

/* What is at that path before the operation: of the earlier ones the last that it lies in, else the host, read-only. */
static bool changes_nothing(const struct operations *list, const struct operation *operation)
{
        enum operation_kind there = SHOW;

        for (size_t i = 0; i < list->len; i++)
                if (is_in(operation->path, list->items[i].path))
                        there = list->items[i].kind;
        return there == operation->kind;
}

static void leave_out(struct operations *list)
{
        struct operations kept = {list->items, 0};

        for (size_t i = 0; i < list->len; i++) {
                struct operation operation = list->items[i];

                if (changes_nothing(&kept, &operation))
                        operation_release(&operation);
                else
                        kept.items[kept.len++] = operation;
        }
        list->len = kept.len;
}

static int plan_all(const struct cage_plan *plan, struct operations *list, struct err *err)
{
        if (plan_one(list, MASK, plan->home, err) < 0 || plan_one(list, MASK, "/run", err) < 0 ||
            plan_one(list, MASK, "/var/run", err) < 0 || plan_one(list, MASK, "/dev/pts", err) < 0 ||
            plan_one(list, MASK, plan->state_root, err) < 0 || plan_one(list, SHOW, plan->run_dir, err) < 0 ||
            plan_list(list, SHOW_WRITABLE, &plan->write, err) < 0 || plan_list(list, SHOW, &plan->read, err) < 0 ||
            plan_list(list, SHOW, &plan->show, err) < 0)
                return -1;
        if (list->len)
                qsort(list->items, list->len, sizeof(*list->items), compare);
        leave_out(list);
        return 0;
}

static int copy_sources(struct operations *list, enum operation_kind kind, struct err *err)
{
        for (size_t i = 0; i < list->len; i++) {
                struct operation *operation = &list->items[i];
                int copy;

                if (operation->kind != kind)
                        continue;
                copy = mount_copy_fd(operation->source, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
                if (copy < 0)
                        return err_wrap(err, "%s", operation->path);
                close(operation->source);
                operation->source = copy;
        }
        return 0;
}

/* Descriptors opened before a mount show what was under it: each operation starts at "/" again. */
static int apply_one(const struct operation *operation, struct err *err)
{
        _cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int at = -1;
        char path[FD_PATH_MAX];

        if (root < 0)
                return err_errno(err, "open /");
        at = mount_point_beneath(root, operation->path + 1, operation->folder, err);
        if (at < 0)
                return -1;
        if (operation->kind == MASK)
                return mount_tmpfs(fd_path(at, path), MASK_BYTES, MASK_INODES, "0755", 0, err);
        return mount_place(operation->source, fd_path(at, path), err);
}

static int apply_all(const struct operations *list, struct err *err)
{
        for (size_t i = 0; i < list->len; i++)
                if (apply_one(&list->items[i], err) < 0)
                        return err_wrap(err, "cage: %s", list->items[i].path);
        return 0;
}

/* A mask that something else covers by now (a repository at the home folder) is no longer reached by its path. */
static int seal_masks(const struct operations *list, struct err *err)
{
        for (size_t i = 0; i < list->len; i++) {
                bool covered = i + 1 < list->len && strcmp(list->items[i].path, list->items[i + 1].path) == 0;

                if (list->items[i].kind == MASK && !covered &&
                    mount_attributes(list->items[i].path, MOUNT_ATTR_RDONLY, 0, false, err) < 0)
                        return -1;
        }
        return 0;
}

int cage_mount_all(const struct cage_plan *plan, bool *ret_fresh_proc, struct err *err)
{
        __attribute__((cleanup(operations_release))) struct operations list = {0};

        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return err_errno(err, "cage: mount namespace");
        if (plan_all(plan, &list, err) < 0 || copy_sources(&list, SHOW_WRITABLE, err) < 0)
                return err_wrap(err, "cage");
        if (mount_attributes("/", MOUNT_ATTR_RDONLY, 0, true, err) < 0)
                return err_wrap(err, "cage: the host's mounts cannot be made read-only");
        if (copy_sources(&list, SHOW, err) < 0)
                return err_wrap(err, "cage");
        *ret_fresh_proc = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
        if (!*ret_fresh_proc && mount_attributes("/proc", 0, MOUNT_ATTR_RDONLY, false, err) < 0)
                return err_wrap(err, "cage: /proc");
        return apply_all(&list, err) < 0 ? -1 : seal_masks(&list, err);
}
