/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/key_file.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX ((size_t)4096)

bool key_file_exists(int dirfd, const char *name)
{
        return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_mode(const struct stat *st, const char *name, const char *what, struct err *err)
{
        if (S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 077))
                return 0;
        return err_set(err, ERR_BLOCKED, "the %s %s is open to others: it must be yours alone (chmod 600)", what, name);
}

int key_file_check(int dirfd, const char *name, const char *what, struct err *err)
{
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : err_errno(err, "look at the %s %s", what, name);
        return check_mode(&st, name, what, err);
}

int key_file_read(int dirfd, const char *name, const char *what, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        struct stat st;

        if (fd < 0)
                return err_errno(err, "cannot open the %s %s", what, name);
        if (fstat(fd, &st) < 0)
                return err_errno(err, "look at the %s %s", what, name);
        if (check_mode(&st, name, what, err) < 0)
                return -1;
        return fs_read_fd(fd, KEY_FILE_MAX, ret, err) < 0 ? err_wrap(err, "%s %s", what, name) : 0;
}

void secret_release(struct str *str)
{
        if (str->data)
                explicit_bzero(str->data, str->cap);
        str_release(str);
}
