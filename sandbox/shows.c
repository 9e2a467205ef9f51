/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders and files of the host that a step sees: `read` through a read-only overlay, `write` through an overlay with an
 * upper of the step's own. Nothing is ever written to the host: a bind that can be written would have no disk limit, would
 * let the step connect to sockets below it, and would carry what an agent wrote into the director's clean room.
 *
 * Parents are mounted before what lies in them, whatever the order of the plan.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)

struct shown {
        const struct sandbox_show *show;
        size_t index; /* in its list */
        bool write;
};

struct shown_list {
        struct shown *items;
        size_t len;
};

static void shown_release(struct shown_list *list)
{
        free(list->items);
}

static void add_all(struct shown_list *list, const struct sandbox_shows *shows, bool write)
{
        list->items = xrealloc(list->items, (list->len + shows->len + 1) * sizeof(*list->items));
        for (size_t i = 0; i < shows->len; i++)
                list->items[list->len++] = (struct shown){&shows->items[i], i, write};
}

static int compare(const void *left, const void *right)
{
        const struct shown *a = left, *b = right;
        int order = strcmp(a->show->inside, b->show->inside);

        return order ? order : (int)a->write - (int)b->write; /* what is in both lists is writable */
}

bool shows_is_below(const char *path, const char *folder)
{
        size_t len = strlen(folder);

        return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* Copied into a folder of the step's own, so that programs can replace it by renaming another one over it. */
static int place_file(const struct site *site, int rootfd, const struct sandbox_show *show, int from, struct err *err)
{
        _cleanup_fd_ int at = -1, to = -1, source = -1;
        _cleanup_str_ struct str bytes = {0};
        char path[FD_PATH_MAX];

        if (!shows_is_below(show->inside, site->home))
                return err_set(err, ERR_INPUT, "%s: a single file is writable only below the home; name its folder",
                               show->inside);
        source = open(fd_path(from, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (source < 0)
                return err_errno(err, "open %s", show->host);
        if (fs_read_fd(source, FILE_MAX, &bytes, err) < 0)
                return err_wrap(err, "%s", show->host);
        at = mount_point_beneath(rootfd, show->inside + 1, false, err);
        if (at < 0)
                return -1;
        to = open(fd_path(at, path), O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (to < 0 || fs_write_all(to, str_text(&bytes), bytes.len) < 0)
                return err_errno(err, "%s", show->inside);
        return 0;
}

static int place_folder(const struct site *site, int rootfd, const struct shown *shown, mode_t mode, struct err *err)
{
        _cleanup_free_ char *upper = xasprintf("%s/write%zu", site->step, shown->index);
        _cleanup_free_ char *work = xasprintf("%s/write%zu.work", site->step, shown->index);
        _cleanup_fd_ int at = mount_point_beneath(rootfd, shown->show->inside + 1, true, err);
        char path[FD_PATH_MAX];

        if (at < 0)
                return -1;
        if (site->copied) {
                _cleanup_free_ char *copy = xasprintf("%s/write%zu", site->plan->scratch, shown->index);

                return mount_bind(copy, fd_path(at, path), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
        }
        /* the merged folder has its upper's mode */
        if (mkdir(upper, 0700) < 0 || chmod(upper, (mode & 0777) | 0700) < 0 || mkdir(work, 0755) < 0)
                return err_errno(err, "mkdir %s", upper);
        return mount_overlay(&(struct overlay){(const char *const[]){shown->show->host}, 1, upper, work, NULL},
                             fd_path(at, path), err);
}

static int place_writable(const struct site *site, int rootfd, const struct shown *shown, struct err *err)
{
        _cleanup_fd_ int from = open(shown->show->host, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;

        if (from < 0 || fstat(from, &status) < 0)
                return err_errno(err, "show %s", shown->show->host);
        if (S_ISREG(status.st_mode))
                return place_file(site, rootfd, shown->show, from, err);
        if (!S_ISDIR(status.st_mode))
                return err_set(err, ERR_INPUT, "show %s: neither a file nor a folder", shown->show->host);
        return place_folder(site, rootfd, shown, status.st_mode, err);
}

/* A file with a token in a folder that is shown for what else is in it. A link there leads to what is shown itself. */
static int hide_file(const struct site *site, int rootfd, const char *inside, struct err *err)
{
        struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                               .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
        _cleanup_fd_ int fd = (int)syscall(SYS_openat2, rootfd, inside + 1, &how, sizeof(how));
        _cleanup_free_ char *nothing = xasprintf("%s/cupel/nothing", site->root);
        char path[FD_PATH_MAX];
        struct stat status;

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
                return 0;
        if (fd < 0 || fstat(fd, &status) < 0)
                return err_errno(err, "hide %s", inside);
        if (!S_ISREG(status.st_mode))
                return 0;
        return mount_bind(nothing, fd_path(fd, path), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
}

int shows_mount(const struct site *site, const struct sandbox_step *step, int rootfd, bool below, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        __attribute__((cleanup(shown_release))) struct shown_list list = {0};

        add_all(&list, &plan->read, false);
        add_all(&list, &step->read, false);
        add_all(&list, &plan->write, true);
        qsort(list.items, list.len, sizeof(*list.items), compare);
        for (size_t i = 0; i < list.len; i++) {
                const struct shown *shown = &list.items[i];

                if (shows_is_below(shown->show->inside, plan->worktree) != below)
                        continue;
                if (shown->write && place_writable(site, rootfd, shown, err) < 0)
                        return err_wrap(err, "sandbox.write");
                if (!shown->write && root_show(site, rootfd, shown->show, err) < 0)
                        return err_wrap(err, "sandbox.read");
        }
        for (size_t i = 0; !below && i < plan->hide.len; i++)
                if (hide_file(site, rootfd, plan->hide.items[i], err) < 0)
                        return -1;
        return 0;
}
