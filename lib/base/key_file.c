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

int key_file_unusable(const char *name, const char *what, const char *fault, struct err *err)
{
        return err_set(err, ERR_BLOCKED,
                       "the %s %s %s: put it back from a copy, or move it and %s.pub away, and a new one is made", what,
                       name, fault, name);
}

static int check_file(int fd, const char *name, const char *what, struct err *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "look at the %s %s", what, name);
        if (!S_ISREG(st.st_mode))
                return key_file_unusable(name, what, "is no regular file", err);
        if (st.st_uid != geteuid())
                return err_set(err, ERR_BLOCKED, "the %s %s belongs to another user: it must be yours alone (chown)",
                               what, name);
        if (st.st_mode & 077)
                return err_set(err, ERR_BLOCKED, "the %s %s is open to others: it must be yours alone (chmod 600)",
                               what, name);
        return st.st_size > 0 ? 0 : key_file_unusable(name, what, "is empty", err);
}

static int cannot_open(const char *name, const char *what, struct err *err)
{
        if (errno == ELOOP || errno == ENXIO)
                return key_file_unusable(name, what, "is no regular file", err);
        err_errno(err, "cannot open the %s %s (its mode must be 600)", what, name);
        if (err->errnum == EACCES || err->errnum == ENOENT)
                err->code = ERR_BLOCKED;
        return -1;
}

int key_file_read(int dirfd, const char *name, const char *what, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return cannot_open(name, what, err);
        if (check_file(fd, name, what, err) < 0)
                return -1;
        if (fs_read_fd(fd, KEY_FILE_MAX, ret, err) == 0)
                return 0;
        return err->code == ERR_INPUT ? key_file_unusable(name, what, "is too long to be one", err)
                                      : err_wrap(err, "%s %s", what, name);
}

void secret_release(struct str *str)
{
        if (str->data)
                explicit_bzero(str->data, str->cap);
        str_release(str);
}
