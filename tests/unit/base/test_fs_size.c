/* SPDX-License-Identifier: Apache-2.0 */
/* What a tree takes on disk, whatever whoever made it did to hide it. */
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define MANY ((size_t)1 << 20)

static char folder[] = "/tmp/cupel-size-XXXXXX";
static int root;

static void setup(void)
{
        cr_assert(mkdtemp(folder));
        root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(mkdirat(root, "tree", 0755) == 0);
}

static void teardown(void)
{
        struct err err;

        close(root);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(int dirfd, const char *name, size_t len)
{
        int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        char *bytes = malloc(len);

        memset(bytes, 'x', len);
        cr_assert(fd >= 0 && fs_write_all(fd, bytes, len) == 0);
        free(bytes);
        close(fd);
}

/* Folders in folders; the innermost, opened. */
static int nest(const char *name, unsigned depth)
{
        int at = openat(root, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < depth; i++) {
                int next;

                cr_assert(mkdirat(at, name, 0755) == 0);
                next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                cr_assert(next >= 0);
                close(at);
                at = next;
        }
        return at;
}

static uint64_t size(uint64_t *ret_entries)
{
        return fs_tree_size(root, "tree", MANY, ret_entries);
}

TestSuite(fs_size, .init = setup, .fini = teardown, .timeout = 60);

Test(fs_size, files_and_folders_are_counted)
{
        uint64_t bytes, entries;

        cr_assert(mkdirat(root, "tree/in", 0755) == 0);
        put(root, "tree/one", MIB);
        put(root, "tree/in/two", MIB);
        bytes = size(&entries);
        cr_assert(entries == 3 && bytes >= 2 * MIB && bytes < 2 * MIB + 65536, "%llu in %llu",
                  (unsigned long long)bytes, (unsigned long long)entries);
        cr_assert(fs_tree_size(root, "tree", 2, &entries) <= bytes && entries == 2);
        cr_assert(fs_tree_bytes(root, "nothing", MANY) == 0);
}

/* cargo and `git clone` of a neighbour link instead of copying. */
Test(fs_size, a_file_with_several_names_is_there_once)
{
        uint64_t bytes, entries;

        put(root, "tree/one", 4 * MIB);
        cr_assert(linkat(root, "tree/one", root, "tree/two", 0) == 0 &&
                  linkat(root, "tree/one", root, "tree/three", 0) == 0);
        bytes = size(&entries);
        cr_assert(entries == 3 && bytes >= 4 * MIB - 4096 && bytes < 4 * MIB + 65536, "%llu",
                  (unsigned long long)bytes);
}

Test(fs_size, what_no_path_is_long_enough_for_is_counted)
{
        char name[201] = "";
        uint64_t bytes, entries;
        int deep;

        memset(name, 'n', sizeof(name) - 1);
        deep = nest(name, 30);
        put(deep, "file", MIB);
        close(deep);
        bytes = size(&entries);
        cr_assert(entries == 31 && bytes >= MIB, "%llu bytes in %llu", (unsigned long long)bytes,
                  (unsigned long long)entries);
}

Test(fs_size, what_lies_too_deep_is_as_much_as_there_may_be)
{
        uint64_t entries;

        close(nest("n", 500));
        size(&entries);
        cr_assert(entries == MANY, "%llu", (unsigned long long)entries);
}

Test(fs_size, a_folder_without_rights_is_counted_and_left_as_it_was)
{
        uint64_t bytes, entries;
        struct stat status;

        cr_assert(mkdirat(root, "tree/in", 0755) == 0);
        put(root, "tree/in/file", MIB);
        cr_assert(fchmodat(root, "tree/in", 0, 0) == 0);
        bytes = size(&entries);
        cr_assert(bytes >= MIB && entries == 2);
        cr_assert(fstatat(root, "tree/in", &status, 0) == 0 && (status.st_mode & 07777) == 0, "mode %o",
                  (unsigned)status.st_mode);
        cr_assert(fchmodat(root, "tree/in", 0755, 0) == 0);
}

Test(fs_size, no_link_is_followed)
{
        uint64_t bytes, entries;

        cr_assert(mkdirat(root, "beside", 0) == 0);
        put(root, "large", MIB);
        cr_assert(symlinkat("../beside", root, "tree/link") == 0 && symlinkat("../large", root, "tree/file") == 0);
        bytes = size(&entries);
        cr_assert(entries == 2 && bytes < MIB);
        cr_assert(symlinkat("tree", root, "other") == 0 && fs_tree_bytes(root, "other", MANY) == 0);
        cr_assert(unlinkat(root, "beside", AT_REMOVEDIR) == 0);
}
