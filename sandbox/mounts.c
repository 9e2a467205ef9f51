/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: open_tree(2), move_mount(2), mount_setattr(2) (5.12), and overlayfs with userxattr (5.11). */
#include "sandbox/kernel.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> of Debian 12 cannot be included together */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);
#define MNT_DETACH 2

const char *fd_path(int fd, char buffer[FD_PATH_MAX])
{
        snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%d", fd);
        return buffer;
}

int mount_tmpfs(const char *at, uint64_t bytes, uint64_t inodes, const char *mode, unsigned long flags, struct err *err)
{
        char options[128];

        snprintf(options, sizeof(options), "size=%llu,nr_inodes=%llu,mode=%s", (unsigned long long)bytes,
                 (unsigned long long)inodes, mode);
        if (mount("tmpfs", at, "tmpfs", flags | MS_NOSUID | MS_NODEV, options) < 0)
                return err_errno(err, "tmpfs at %s", at);
        return 0;
}

int mount_attributes(const char *at, uint64_t set, uint64_t clear, bool recursive, struct err *err)
{
        struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

        if (syscall(SYS_mount_setattr, AT_FDCWD, at, recursive ? AT_RECURSIVE : 0, &attributes, sizeof(attributes)) < 0)
                return err_errno(err, "mount attributes of %s", at);
        return 0;
}

static int copy_tree(int dirfd, const char *path, uint64_t attributes, struct err *err)
{
        struct mount_attr add = {.attr_set = attributes};
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
        _cleanup_fd_ int fd = (int)syscall(SYS_open_tree, dirfd, path, flags);

        if (fd < 0)
                return err_errno(err, "open_tree %s", path);
        if (attributes && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &add, sizeof(add)) < 0)
                return err_errno(err, "mount attributes of %s", path);
        return steal_fd(&fd);
}

int mount_copy(const char *path, uint64_t attributes, struct err *err)
{
        return copy_tree(AT_FDCWD, path, attributes, err);
}

int mount_copy_fd(int fd, uint64_t attributes, struct err *err)
{
        return copy_tree(fd, "", attributes, err);
}

int mount_detach(const char *at)
{
        return umount2(at, MNT_DETACH);
}

int mount_place(int mount_fd, const char *at, struct err *err)
{
        unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS; /* `at` may be /proc/self/fd/N */

        if (syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, at, flags) < 0)
                return err_errno(err, "mount at %s", at);
        return 0;
}

int mount_bind(const char *from, const char *at, uint64_t attributes, struct err *err)
{
        _cleanup_fd_ int fd = mount_copy(from, attributes, err);

        return fd < 0 ? -1 : mount_place(fd, at, err);
}

int mount_bind_in(int from, int folder, const char *name, uint64_t attributes, struct err *err)
{
        _cleanup_fd_ int fd = copy_tree(from, name, attributes, err);

        if (fd < 0)
                return -1;
        if (syscall(SYS_move_mount, fd, "", folder, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return err_errno(err, "mount at %s", name);
        return 0;
}

int mount_seal_below(int fd, uint64_t attributes, struct err *err)
{
        struct mount_attr all = {.attr_set = attributes}, top = {.attr_clr = attributes & MOUNT_ATTR_RDONLY};

        if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof(all)) < 0 ||
            syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &top, sizeof(top)) < 0)
                return err_errno(err, "mount attributes");
        return 0;
}

#define OVERLAY_LOWERS_MAX 80

struct opened {
        int fds[OVERLAY_LOWERS_MAX];
        size_t len;
};

static void opened_release(struct opened *opened)
{
        while (opened->len)
                close(opened->fds[--opened->len]);
}

static int put_lower(struct opened *opened, const char *path, struct str *options, struct err *err)
{
        char name[FD_PATH_MAX];
        int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return err_errno(err, "open %s", path);
        if (opened->len == OVERLAY_LOWERS_MAX) {
                close(fd);
                return err_set(err, ERR_SANDBOX, "overlay: more than %d lower folders", OVERLAY_LOWERS_MAX);
        }
        opened->fds[opened->len++] = fd;
        str_printf(options, "%s%s", opened->len > 1 ? ":" : "lowerdir=", fd_path(fd, name));
        return 0;
}

int mount_overlay(const struct overlay *overlay, const char *at, struct err *err)
{
        __attribute__((cleanup(opened_release))) struct opened opened = {0};
        _cleanup_str_ struct str options = {0};
        unsigned long flags = MS_NOSUID | MS_NODEV | (overlay->upper ? 0 : MS_RDONLY);

        for (size_t i = 0; i < overlay->lowers_len; i++)
                if (put_lower(&opened, overlay->lowers[i], &options, err) < 0)
                        return -1;
        if (!overlay->upper && overlay->lowers_len == 1 && put_lower(&opened, overlay->empty, &options, err) < 0)
                return -1;
        if (overlay->upper)
                str_printf(&options, ",upperdir=%s,workdir=%s", overlay->upper, overlay->work);
        str_puts(&options, ",userxattr");
        if (mount("overlay", at, "overlay", flags, options.data) < 0)
                return err_errno(err, "overlay at %s", at);
        return 0;
}

static int open_here(int dirfd, const char *name, int flags)
{
        struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_PATH | O_NOFOLLOW | O_CLOEXEC),
                               .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

        return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
}

static int make_here(int dirfd, const char *name, bool folder)
{
        int fd;

        if (folder)
                return mkdirat(dirfd, name, 0755);
        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd >= 0)
                close(fd);
        return fd < 0 ? -1 : 0;
}

static int step_into(int dirfd, const char *name, bool folder, struct err *err)
{
        struct stat status;
        int fd = open_here(dirfd, name, 0);

        if (fd < 0 && errno == ENOENT && make_here(dirfd, name, folder) == 0)
                fd = open_here(dirfd, name, 0);
        if (fd < 0 && errno == EROFS)
                return err_set(err, ERR_SANDBOX, "%s does not exist and cannot be made there", name);
        if (fd < 0)
                return err_errno(err, "mount point %s", name);
        if (fstat(fd, &status) < 0 || (folder ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode))) {
                close(fd);
                return err_set(err, ERR_INPUT, "%s is no %s", name, folder ? "folder" : "file");
        }
        return fd;
}

int mount_point_beneath(int dirfd, const char *path, bool folder, struct err *err)
{
        _cleanup_free_ char *copy = xstrdup(path);
        _cleanup_fd_ int at = dup(dirfd);
        char *rest = NULL;
        char *name = strtok_r(copy, "/", &rest);

        if (at < 0)
                return err_errno(err, "dup");
        while (name) {
                char *next = strtok_r(NULL, "/", &rest);
                int fd = step_into(at, name, next ? true : folder, err);

                if (fd < 0)
                        return err_wrap(err, "%s", path);
                close(at);
                at = fd;
                name = next;
        }
        fcntl(at, F_SETFD, FD_CLOEXEC);
        return steal_fd(&at);
}
