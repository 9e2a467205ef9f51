/* SPDX-License-Identifier: Apache-2.0 */
/* What a copy of the worktree differs by, in the form of an overlay's upper; and what copying does to a file. */
#include "sandbox/difference.h"
#include "sandbox/merge.h"

#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cupel-difference-XXXXXX";
static int root;

static void setup(void)
{
        static const char *const folders[] = {"base", "base/old", "base/new", "tree", "tree/old", "tree/new", "upper"};

        cr_assert(mkdtemp(folder));
        root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                cr_assert(mkdirat(root, folders[i], 0755) == 0);
}

static void teardown(void)
{
        struct err err;

        close(root);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(const char *path, const char *text)
{
        int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        cr_assert(fd >= 0 && fs_write_all(fd, text, strlen(text)) == 0, "%s", path);
        close(fd);
}

static struct timespec changed(const char *path)
{
        struct stat status;

        cr_assert(fstatat(root, path, &status, 0) == 0);
        return status.st_ctim;
}

static bool is_before(struct timespec a, struct timespec b)
{
        return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* The time of a file that was made when the clock of the file system had moved on. */
static struct timespec stamp(struct timespec after)
{
        struct timespec at;

        do {
                put("stamp", "");
                at = changed("stamp");
        } while (!is_before(after, at));
        return at;
}

static void write_difference(struct timespec since)
{
        _cleanup_merge_stack_ struct merge_stack lowers = {0};
        char *base = xasprintf("%s/base", folder);
        int tree = openat(root, "tree", O_RDONLY | O_DIRECTORY), upper = openat(root, "upper", O_RDONLY | O_DIRECTORY);
        struct err err = ERR_INIT;

        cr_assert(merge_stack_open(&lowers, (const char *const[]){base}, 1, &err) == 0);
        cr_assert(difference_write(tree, &lowers, upper, since, &err) == 0, "%s", err.message);
        close(tree);
        close(upper);
        free(base);
}

static void expect(const char *path, const char *text)
{
        struct str got = {0};
        struct err err = ERR_INIT;

        cr_assert(fs_read_at(root, path, 4096, &got, &err) == 0, "%s", err.message);
        cr_assert(strcmp(str_text(&got), text) == 0, "%s: %s", path, str_text(&got));
        str_release(&got);
}

static bool exists(const char *path)
{
        return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TestSuite(difference, .init = setup, .fini = teardown, .timeout = 60);

/* A file that moved with its folder has the change time that it had: of the copy, before the stamp. */
Test(difference, a_file_that_comes_with_a_renamed_folder_is_a_change)
{
        struct timespec since;

        put("base/old/version", "1\n");
        put("base/new/version", "2\n");
        put("tree/old/version", "1\n");
        put("tree/new/version", "2\n");
        put("tree/old/same", "3\n");
        since = stamp(changed("tree/old/same"));
        stamp(since);
        cr_assert(unlinkat(root, "tree/old/version", 0) == 0 && unlinkat(root, "tree/old/same", 0) == 0 &&
                  unlinkat(root, "tree/old", AT_REMOVEDIR) == 0);
        cr_assert(renameat(root, "tree/new", root, "tree/old") == 0);
        write_difference(since);
        expect("upper/old/version", "2\n");
        cr_assert(exists("upper/new"), "the folder that is gone has no whiteout");
}

/* The same further down: what moved lies in a folder that nobody changed since. */
Test(difference, a_file_that_comes_with_a_renamed_parent_is_a_change)
{
        struct timespec since;

        for (unsigned i = 0; i < 4; i++) {
                static const char *const folders[] = {"base/old/in", "base/new/in", "tree/old/in", "tree/new/in"};
                char *file = xasprintf("%s/version", folders[i]);

                cr_assert(mkdirat(root, folders[i], 0755) == 0);
                put(file, i % 2 ? "2\n" : "1\n");
                free(file);
        }
        since = stamp(changed("tree/new/in/version"));
        stamp(since);
        cr_assert(renameat(root, "tree/old", root, "tree/kept") == 0);
        cr_assert(renameat(root, "tree/new", root, "tree/old") == 0);
        cr_assert(renameat(root, "tree/kept", root, "tree/new") == 0);
        write_difference(since);
        expect("upper/old/in/version", "2\n");
        expect("upper/new/in/version", "1\n");
}

/* What nobody touched is not even read: it is as it was copied. */
Test(difference, an_untouched_folder_leaves_nothing)
{
        struct timespec since;

        put("base/old/version", "1\n");
        put("tree/old/version", "1\n");
        since = stamp(changed("tree/old/version"));
        write_difference(since);
        cr_assert(!exists("upper/old") && !exists("upper/new"));
}

/* Holes are no bytes: a copy of them would fill the disk that the file itself leaves alone. */
Test(difference, a_sparse_file_is_copied_with_its_holes)
{
        const off_t size = (off_t)1 << 28;
        struct stat status;
        int fd;

        put("tree/old/sparse", "first");
        fd = openat(root, "tree/old/sparse", O_RDWR | O_CLOEXEC);
        cr_assert(pwrite(fd, "middle", 6, size / 2) == 6 && ftruncate(fd, size) == 0);
        close(fd);
        write_difference(changed("tree"));
        fd = openat(root, "upper/old/sparse", O_RDONLY | O_CLOEXEC);
        cr_assert(fd >= 0 && fstat(fd, &status) == 0);
        cr_assert(status.st_size == size);
        cr_assert(status.st_blocks * 512 < (1 << 20), "%lld bytes on disk", (long long)status.st_blocks * 512);
        char text[6];
        cr_assert(pread(fd, text, 5, 0) == 5 && memcmp(text, "first", 5) == 0);
        cr_assert(pread(fd, text, 6, size / 2) == 6 && memcmp(text, "middle", 6) == 0);
        close(fd);
}
