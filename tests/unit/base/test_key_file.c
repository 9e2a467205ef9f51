/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/key_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *name, mode_t mode, size_t len)
{
        static char folder[] = "/tmp/cupel-key-XXXXXX";
        _cleanup_free_ char *bytes = xcalloc(1, len + 1);
        int dirfd, fd;

        cr_assert_not_null(mkdtemp(folder));
        dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
        memset(bytes, 'k', len);
        cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
        fchmod(fd, mode);
        close(fd);
        return dirfd;
}

static void drop(int dirfd, const char *name)
{
        _cleanup_free_ char *path = xasprintf("/proc/self/fd/%d", dirfd);
        char folder[256] = "";

        cr_assert_gt(readlink(path, folder, sizeof(folder) - 1), 0);
        unlinkat(dirfd, name, 0);
        rmdir(folder);
        close(dirfd);
}

static int read_it(mode_t mode, size_t len, struct str *ret, struct err *err)
{
        const int dirfd = make("secret", mode, len);
        int got;

        cr_assert(key_file_exists(dirfd, "secret"));
        cr_assert_not(key_file_exists(dirfd, "another"));
        got = key_file_read(dirfd, "secret", "signing key", ret, err);
        drop(dirfd, "secret");
        return got;
}

Test(key_file, the_owners_own_is_read)
{
        _cleanup_secret_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(read_it(0600, 40, &text, &err), 0, "%s", err.message);
        cr_assert_eq(text.len, 40);
}

Test(key_file, one_that_others_may_read_is_refused_with_the_remedy)
{
        _cleanup_secret_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(read_it(0640, 40, &text, &err), -1);
        cr_assert_eq(err.code, ERR_BLOCKED);
        cr_assert(strstr(err.message, "the signing key secret") && strstr(err.message, "chmod 600"), "%s", err.message);
        cr_assert_eq(text.len, 0);
}

Test(key_file, what_is_too_long_is_no_key)
{
        _cleanup_secret_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(read_it(0600, 5000, &text, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
}
