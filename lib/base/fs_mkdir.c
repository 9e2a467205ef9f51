/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fs.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Most often all of it is there, or only the last: that is tried first. */
int fs_mkdir_p(const char *path, mode_t mode, struct err *err)
{
        _cleanup_free_ char *copy = NULL;

        if (mkdir(path, mode) == 0 || (errno == EEXIST && fs_is_folder(path)))
                return 0;
        if (errno != ENOENT)
                return err_errno(err, "make folder %s", path);
        copy = xstrdup(path);
        for (char *slash = copy + 1; copy[0] && (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                if (mkdir(copy, mode) < 0 && errno != EEXIST) {
                        const int why = errno;

                        /* of what is there already it may be said as well */
                        if ((why != EROFS && why != EACCES) || !fs_is_folder(copy)) {
                                errno = why;
                                return err_errno(err, "make folder %s", copy);
                        }
                }
                *slash = '/';
        }
        if (mkdir(path, mode) == 0 || (errno == EEXIST && fs_is_folder(path)))
                return 0;
        return err_errno(err, "make folder %s", path);
}

int fs_mkdir_spread(const char *path, mode_t mode, struct err *err)
{
        _cleanup_fd_ int fd = -1;
        int flags;

        if (fs_is_folder(path))
                return 0;
        if (fs_mkdir_p(path, mode, err) < 0)
                return -1;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* other file systems know no such wish */
        if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_TOPDIR_FL)) {
                flags |= FS_TOPDIR_FL;
                (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
        }
        return 0;
}

int fs_mkdir_open_at(int dirfd, const char *name, mode_t mode, struct err *err)
{
        int fd;

        if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
                return err_errno(err, "make folder %s", name);
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "open folder %s", name);
        return fd;
}

/* One by one, each beneath the last: mkdirat(2) of a longer path would follow links in it. */
static int make_each(int dirfd, char *path, mode_t mode, struct err *err)
{
        _cleanup_fd_ int at = fs_open_beneath(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

        for (char *name = path, *slash; at >= 0 && name; name = slash) {
                int below = -1;

                slash = strchr(name, '/');
                if (slash)
                        *slash = '\0';
                if (mkdirat(at, name, mode) == 0 || errno == EEXIST)
                        below = fs_open_beneath(at, name, O_RDONLY | O_DIRECTORY, 0);
                if (below < 0)
                        return err_errno(err, "make folder %s", path);
                close(at);
                at = below;
                if (slash)
                        *slash++ = '/';
        }
        return at < 0 ? err_errno(err, "make folder %s", path) : steal_fd(&at);
}

int fs_mkdir_parents_at(int dirfd, const char *path, mode_t mode, const char **ret_name, struct err *err)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = slash ? xmemdup(path, (size_t)(slash - path)) : xstrdup(".");
        int fd = fs_open_beneath(dirfd, parent, O_RDONLY | O_DIRECTORY, 0);

        if (fd < 0 && errno != ENOENT)
                return err_errno(err, "open folder %s", parent);
        if (fd < 0 && (fd = make_each(dirfd, parent, mode, err)) < 0)
                return -1;
        *ret_name = slash ? slash + 1 : path;
        return fd;
}
