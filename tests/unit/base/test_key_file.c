/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/key_file.h"
#include "lib/base/p256.h"
#include "lib/base/sshsig.h"

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
        cr_assert_eq(err.code, ERR_BLOCKED);
        cr_assert(strstr(err.message, "too long"), "%s", err.message);
}

Test(key_file, what_is_empty_is_no_key)
{
        _cleanup_secret_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(read_it(0600, 0, &text, &err), -1);
        cr_assert_eq(err.code, ERR_BLOCKED);
        cr_assert(strstr(err.message, "is empty") && strstr(err.message, "secret.pub"), "%s", err.message);
}

/* Halves that do not belong together are seen where the curve is asked, and only there. */
Test(key_file, a_look_goes_as_far_as_it_was_asked_to)
{
        static const struct {
                const char *name;
                int (*look)(int dirfd, const char *name, enum key_look look, struct err *err);
        } kinds[] = {{"ssh", sshkey_look}, {"p256", p256_look}};
        const int dirfd = make("none", 0600, 1);
        _cleanup_sshkey_ struct sshkey *ssh = NULL;
        _cleanup_p256_ struct p256_key *p256 = NULL;
        struct err err = ERR_INIT;

        for (size_t i = 0; i < 2; i++)
                cr_assert_eq(kinds[i].look(dirfd, kinds[i].name, KEY_HALVES, &err), 0, "there is none");
        cr_assert_eq(sshkey_ensure(dirfd, "ssh", "x@y", &ssh, &err), 0, "%s", err.message);
        cr_assert_eq(p256_ensure(dirfd, "p256", &p256, &err), 0, "%s", err.message);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_fd_ int fd = openat(dirfd, kinds[i].name, O_RDWR | O_CLOEXEC);
                const off_t at = lseek(fd, 0, SEEK_END) / 2 + (i == 0 ? 60 : 20);
                char byte;

                cr_assert_eq(kinds[i].look(dirfd, kinds[i].name, KEY_HALVES, &err), 0, "%s", err.message);
                cr_assert_eq(pread(fd, &byte, 1, at), 1);
                byte = byte == 'A' ? 'B' : 'A';
                cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
                cr_expect_eq(kinds[i].look(dirfd, kinds[i].name, KEY_FORM, &err), 0, "%s", err.message);
                cr_expect_eq(kinds[i].look(dirfd, kinds[i].name, KEY_HALVES, &err), -1, "%s", kinds[i].name);
                cr_expect_eq(err.code, ERR_BLOCKED);
        }
        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *public = xasprintf("%s.pub", kinds[i].name);

                unlinkat(dirfd, kinds[i].name, 0);
                unlinkat(dirfd, public, 0);
        }
        unlinkat(dirfd, "allowed_signers", 0);
        drop(dirfd, "none");
}
