/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fs_list.h"

#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void begin(void)
{
        snprintf(folder, sizeof(folder), "/tmp/cupel-list-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
}

static void end(void)
{
        rmdir(folder);
}

TestSuite(fs_list, .init = begin, .fini = end);

static int next_descriptor(void)
{
        const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        close(fd);
        return fd;
}

Test(fs_list, tells_names_and_that_there_are_no_more)
{
        const char *const names[] = {"..a", ".b", "c"};
        _cleanup_strv_ struct strv seen = {0};
        const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), before = next_descriptor();
        const struct dirent *entry;

        for (size_t i = 0; i < 3; i++)
                close(openat(fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        {
                _cleanup_dir_ DIR *dir = fs_list(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

                errno = EIO;
                while ((entry = fs_list_next(dir)))
                        strv_add(&seen, entry->d_name);
                cr_expect_eq(errno, 0);
        }
        strv_sort_unique(&seen);
        cr_assert_eq(seen.len, 3);
        for (size_t i = 0; i < 3; i++) {
                cr_expect_str_eq(seen.items[i], names[i]);
                unlinkat(fd, names[i], 0);
        }
        cr_expect_eq(next_descriptor(), before, "closed with the scope");
        close(fd);
}

Test(fs_list, what_is_no_folder_is_closed_and_says_why)
{
        const int before = next_descriptor();
        DIR *dir = fs_list(open("/dev/null", O_RDONLY | O_CLOEXEC));

        cr_expect_null(dir);
        cr_expect_eq(errno, ENOTDIR);
        cr_expect_null(fs_list_next(dir));
        cr_expect_eq(errno, ENOTDIR, "the reason stays");
        cr_expect_eq(next_descriptor(), before);
        cr_expect_null(fs_list(open("/nonexistent", O_RDONLY | O_CLOEXEC)));
        cr_expect_eq(errno, ENOENT);
}
