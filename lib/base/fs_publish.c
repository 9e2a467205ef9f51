/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file gets its name when it is whole, and has none before (open(2), O_TMPFILE): who is killed on the way leaves nothing. Where the
 * file system has no such files, or /proc is not there to name one by, it is written under a name that nobody reads, and linked.
 */
#include "lib/base/fs.h"

#include "lib/base/cleanup.h"
#include "lib/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct content {
        const void *data;
        size_t len;
        mode_t mode;
        bool synced;
};

static int fill(int fd, const struct content *content)
{
        return fchmod(fd, content->mode) < 0 || fs_write_all(fd, content->data, content->len) < 0 ||
                               (content->synced && fsync(fd) < 0)
                       ? -1
                       : 0;
}

/* 1: it is there; 0: this file system cannot; -1 and errno. */
static int put_unnamed(int dirfd, const char *name, const struct content *content)
{
        _cleanup_fd_ int fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, content->mode);
        char path[64];

        if (fd < 0)
                return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? 0 : -1;
        if (fill(fd, content) < 0)
                return -1;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST)
                return 1;
        return errno == ENOENT || errno == EXDEV ? 0 : -1;
}

static int put_renamed(int dirfd, const char *name, const struct content *content)
{
        char random[17], temporary[64];
        _cleanup_fd_ int fd = -1;
        int result, why;

        if (random_hex(random, 16) < 0)
                return -1;
        snprintf(temporary, sizeof(temporary), ".new-%s", random);
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, content->mode);
        if (fd < 0)
                return -1;
        result = fill(fd, content) < 0 || (linkat(dirfd, temporary, dirfd, name, 0) < 0 && errno != EEXIST) ? -1 : 0;
        why = errno;
        unlinkat(dirfd, temporary, 0);
        errno = why;
        return result;
}

static int put(int dirfd, const char *name, const struct content *content, struct err *err)
{
        const int unnamed = put_unnamed(dirfd, name, content);

        if (unnamed < 0 || (unnamed == 0 && put_renamed(dirfd, name, content) < 0))
                return err_errno(err, "cannot write %s", name);
        return 0;
}

int fs_publish_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err)
{
        if (put(dirfd, name, &(struct content){data, len, mode, .synced = true}, err) < 0)
                return -1;
        return fs_fsync_dir(dirfd) < 0 ? err_errno(err, "cannot sync %s", name) : 0;
}

int fs_put_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err)
{
        return put(dirfd, name, &(struct content){data, len, mode, .synced = false}, err);
}
