/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sockets.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs_list.h"
#include "sandbox/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#define DEPTH_MAX 128
#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static int walk(int fd, const char *nothing, unsigned depth, struct err *err);

static int look_at(int folder, const struct dirent *entry, const char *nothing, unsigned depth, struct err *err)
{
        _cleanup_fd_ int fd = -1;
        char path[FD_PATH_MAX];
        struct stat status;

        if (entry->d_name[0] == '.' && (!entry->d_name[1] || (entry->d_name[1] == '.' && !entry->d_name[2])))
                return 0;
        if (entry->d_type != DT_DIR && entry->d_type != DT_SOCK && entry->d_type != DT_UNKNOWN)
                return 0;
        fd = openat(folder, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) < 0)
                return 0; /* it is gone, or out of reach for the step as well */
        if (S_ISSOCK(status.st_mode))
                return mount_bind(nothing, fd_path(fd, path), READ_ONLY, err);
        if (!S_ISDIR(status.st_mode))
                return 0;
        return walk(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), nothing, depth + 1, err);
}

/* Takes `fd`; a folder that cannot be listed is -1. */
static int walk(int fd, const char *nothing, unsigned depth, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(fd);
        const struct dirent *entry;

        if (!dir)
                return 0;
        if (depth > DEPTH_MAX)
                return err_set(err, ERR_INPUT, "deeper than %d folders", DEPTH_MAX);
        while ((entry = fs_list_next(dir)))
                if (look_at(dirfd(dir), entry, nothing, depth, err) < 0)
                        return -1;
        return errno ? err_errno(err, "the list of a folder broke off") : 0;
}

int sockets_cover(const char *folder, const char *nothing, struct err *err)
{
        int status = walk(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), nothing, 0, err);

        return status < 0 ? err_wrap(err, "sockets in %s", folder) : 0;
}
