/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static int root = -1;
static struct err err;
static const char *name;

static void make(void)
{
        err = ERR_INIT;
        name = NULL;
        snprintf(folder, sizeof(folder), "/tmp/cupel-mkdir-XXXXXX");
        cr_assert(mkdtemp(folder));
        root = fs_open_dir(folder, &err);
        cr_assert(root >= 0);
}

static void unmake(void)
{
        close(root);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static bool is_folder(const char *path)
{
        struct stat st;

        return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* The descriptor is of that folder. */
static void check_made(const char *path, const char *parent, const char *last)
{
        _cleanup_fd_ int fd = fs_mkdir_parents_at(root, path, 0700, &name, &err);
        struct stat made, there;

        cr_assert(fd >= 0, "%s: %s", path, err.message);
        cr_assert_str_eq(name, last);
        cr_assert(fstat(fd, &made) == 0 && fstatat(root, parent, &there, AT_SYMLINK_NOFOLLOW) == 0);
        cr_assert_eq(made.st_ino, there.st_ino);
}

static void check_refused(const char *path, int why)
{
        struct err said = ERR_INIT;
        int fd = fs_mkdir_parents_at(root, path, 0700, &name, &said);

        cr_assert_eq(fd, -1, "%s", path);
        cr_assert_eq(said.errnum, why, "%s: %s", path, said.message);
        cr_assert_null(name);
}

Test(fs_mkdir, makes_what_is_above_a_name_and_no_more, .init = make, .fini = unmake)
{
        check_made("a/b/c", "a/b", "c");
        cr_assert_not(is_folder("a/b/c"));
        check_made("a/b/d", "a/b", "d");
        check_made("a/e/f/g", "a/e/f", "g");
        check_made("alone", ".", "alone");
        cr_assert_not(is_folder("alone"));
}

Test(fs_mkdir, a_link_above_a_name_is_not_followed, .init = make, .fini = unmake)
{
        cr_assert(mkdirat(root, "inside", 0700) == 0 && mkdirat(root, "below", 0700) == 0);
        cr_assert(symlinkat("..", root, "inside/up") == 0 && symlinkat("/tmp", root, "away") == 0);
        check_refused("inside/up/new/x", ELOOP);
        check_refused("inside/up/x", ELOOP);
        check_refused("away/x", ELOOP);
        check_refused("below/new/../../../x", EXDEV);
        cr_assert_not(is_folder("new"));
}

Test(fs_mkdir, neither_a_file_nor_what_is_above_takes_the_place_of_a_folder, .init = make, .fini = unmake)
{
        cr_assert(fs_write_at(root, "file", "", 0, 0600, &err) == 0);
        check_refused("file/x", ENOTDIR);
        check_refused("file/new/x", ENOTDIR);
        check_refused("../x", EXDEV);
        check_refused("/tmp/x", EXDEV);
        check_refused("new//x/y", ENOENT);
}
