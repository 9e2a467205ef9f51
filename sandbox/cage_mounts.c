/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cage shows. Every operation has a path; they are done from the shortest to the longest, masks before shows, so
 * that a repository which is the home folder itself is shown, and the state folder inside it is hidden again. Sources are
 * copied (detached) before the first mask hides them.
 */
#include "sandbox/cage_mounts.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

#define MASK_BYTES ((uint64_t)1 << 20)
#define MASK_INODES 4096
#define QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

enum operation_kind { MASK, SHOW, SHOW_WRITABLE };

struct operation {
        enum operation_kind kind;
        const char *path;
        int source; /* detached mount; -1: a mask */
        bool folder;
};

struct operations {
        struct operation *items;
        size_t len;
};

static void operations_release(struct operations *list)
{
        for (size_t i = 0; i < list->len; i++)
                if (list->items[i].source >= 0)
                        close(list->items[i].source);
        free(list->items);
}

/* What does not exist on the host is neither masked nor shown. */
static int plan_one(struct operations *list, enum operation_kind kind, const char *path, struct err *err)
{
        struct operation operation = {kind, path, -1, true};
        struct stat status;

        if (!path)
                return 0;
        if (lstat(path, &status) < 0)
                return errno == ENOENT || errno == EACCES ? 0 : err_errno(err, "%s", path);
        if (S_ISLNK(status.st_mode) && kind == MASK)
                return 0; /* /run may be one: what it leads to has its own mask */
        if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
                return err_set(err, ERR_INPUT, "%s is neither a file nor a folder", path);
        operation.folder = S_ISDIR(status.st_mode);
        if (kind != MASK) {
                operation.source = mount_copy(path, kind == SHOW ? MOUNT_ATTR_RDONLY | QUIET : QUIET, err);
                if (operation.source < 0)
                        return -1;
        }
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

static int plan_all(const struct cage_plan *plan, struct operations *list, struct err *err)
{
        if (plan_one(list, MASK, plan->home, err) < 0 || plan_one(list, MASK, "/run", err) < 0 ||
            plan_one(list, MASK, "/var/run", err) < 0 || plan_one(list, MASK, plan->state_root, err) < 0 ||
            plan_one(list, SHOW_WRITABLE, plan->run_dir, err) < 0 || plan_one(list, SHOW, plan->snapshot, err) < 0)
                return -1;
        for (size_t i = 0; i < plan->read.len; i++)
                if (plan_one(list, SHOW, plan->read.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->show.len; i++)
                if (plan_one(list, SHOW, plan->show.items[i], err) < 0)
                        return -1;
        qsort(list->items, list->len, sizeof(*list->items), compare);
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
        if (plan_all(plan, &list, err) < 0)
                return err_wrap(err, "cage");
        if (mount_attributes("/", MOUNT_ATTR_RDONLY, 0, true, err) < 0)
                return err_wrap(err, "cage: the host's mounts cannot be made read-only");
        *ret_fresh_proc = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
        if (!*ret_fresh_proc && mount_attributes("/proc", 0, MOUNT_ATTR_RDONLY, false, err) < 0)
                return err_wrap(err, "cage: /proc");
        return apply_all(&list, err) < 0 ? -1 : seal_masks(&list, err);
}
