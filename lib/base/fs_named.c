/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a person named. Opening a FIFO waits for who writes it, and reading a device may never end: neither is done. A descriptor
 * that was handed over, as a shell does for <(…), is what a person wanted to be read, pipe or not.
 */
#include "lib/base/fs.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NULL_DEVICE makedev(1, 3) /* Documentation/admin-guide/devices.txt of the kernel */

static const struct {
        mode_t type;
        const char *said;
} unfit[] = {
        {S_IFDIR, "it is a folder; name a file"},
        {S_IFIFO,
         "it is a FIFO, and nothing is waited for; name a file, or hand over what a program writes: <(PROGRAM)"},
        {S_IFCHR, "it is a device; name a file"},
        {S_IFBLK, "it is a device; name a file"},
};

static bool is_handed_over(const char *path)
{
        return path_is_in(path, "/dev/fd") || path_is_in(path, "/proc/self/fd") || strcmp(path, "/dev/stdin") == 0;
}

int fs_expect_file(int fd, struct err *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "it cannot be looked at");
        if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == NULL_DEVICE))
                return 0;
        for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
                if (unfit[i].type == (st.st_mode & S_IFMT))
                        return err_set(err, ERR_INPUT, "%s", unfit[i].said);
        return err_set(err, ERR_INPUT, "it is no file; name one");
}

/* The descriptor was opened anew: whose it was before keeps its flags. */
static int wait_for_more(int fd, struct err *err)
{
        struct stat st;
        const int flags = fcntl(fd, F_GETFL);

        if (fstat(fd, &st) < 0 || flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
                return err_errno(err, "it cannot be looked at");
        return S_ISDIR(st.st_mode) ? fs_expect_file(fd, err) : 0;
}

int fs_open_named(const char *path, struct err *err)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return err_set(err, ERR_NOT_FOUND, "there is no such file");
        if (fd < 0 && errno == ENXIO)
                return err_set(err, ERR_INPUT, "it is no file; name one");
        if (fd < 0) {
                err_errno(err, "it cannot be opened");
                return err_place(err);
        }
        if ((is_handed_over(path) ? wait_for_more(fd, err) : fs_expect_file(fd, err)) < 0)
                return -1;
        return steal_fd(&fd);
}

int fs_read_named(const char *path, size_t max, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_named(path, err);

        return fd < 0 ? -1 : fs_read_fd(fd, max, ret, err);
}
