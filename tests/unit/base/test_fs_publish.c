/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static int dirfd_ = -1;
static struct err err;

static void make(void)
{
        err = ERR_INIT;
        snprintf(folder, sizeof(folder), "/tmp/cupel-publish-XXXXXX");
        cr_assert(mkdtemp(folder));
        dirfd_ = fs_open_dir(folder, &err);
        cr_assert(dirfd_ >= 0);
}

static void unmake(void)
{
        close(dirfd_);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static size_t entries(void)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        size_t count = 0;

        while ((entry = readdir(dir)))
                count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(dir);
        return count;
}

/* Killed by the kernel in the middle of writing, as by anybody. */
static void killed_at(size_t bytes, bool synced)
{
        static const char text[64];
        const struct rlimit limit = {bytes, bytes}, none = {0, 0};
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                setrlimit(RLIMIT_CORE, &none);
                setrlimit(RLIMIT_FSIZE, &limit);
                _exit((synced ? fs_publish_at : fs_put_at)(dirfd_, "key", text, sizeof(text), 0600, &err) < 0);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert(WIFSIGNALED(status), "it was not killed: %d", status);
        cr_assert_eq(entries(), 0);
}

TestSuite(fs_publish, .init = make, .fini = unmake);

Test(fs_publish, who_is_killed_in_the_middle_leaves_nothing)
{
        killed_at(0, true);
        killed_at(0, false);
}

Test(fs_publish, a_file_is_whole_with_its_mode_and_who_came_first_stays)
{
        _cleanup_str_ struct str text = {0};
        struct stat st;

        cr_assert_eq(fs_publish_at(dirfd_, "key", "first", 5, 0640, &err), 0, "%s", err.message);
        cr_assert_eq(fs_publish_at(dirfd_, "key", "later", 5, 0600, &err), 0, "%s", err.message);
        cr_assert_eq(fs_put_at(dirfd_, "key", "later", 5, 0600, &err), 0, "%s", err.message);
        cr_assert_eq(fs_read_at(dirfd_, "key", 100, &text, &err), 0);
        cr_assert_str_eq(str_text(&text), "first");
        cr_assert_eq(fstatat(dirfd_, "key", &st, 0), 0);
        cr_assert_eq(st.st_mode & 07777, 0640);
        cr_assert_eq(entries(), 1);
}

Test(fs_publish, a_folder_that_is_gone_is_named)
{
        cr_assert_eq(rmdir(folder), 0);
        cr_assert_eq(fs_publish_at(dirfd_, "key", "x", 1, 0600, &err), -1);
        cr_assert(strstr(err.message, "key"), "%s", err.message);
        cr_assert_eq(mkdir(folder, 0700), 0);
}
