/* SPDX-License-Identifier: Apache-2.0 */
/* Tier D's folders, where nothing but what is done here stands between the step's files and the host's. */
#include "sandbox/weak.h"

#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cupel-weak-XXXXXX";
static struct sandbox_plan plan;
static struct site site;
static int root;

static void setup(void)
{
        static const char *const folders[] = {"tree", "home", "tmp"};

        cr_assert(mkdtemp(folder));
        root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                cr_assert(mkdirat(root, folders[i], 0755) == 0);
        plan = (struct sandbox_plan){.scratch = folder, .upper_bytes = 1 << 20, .upper_inodes = 1 << 20};
        site = (struct site){.plan = &plan, .weak = true};
}

static void teardown(void)
{
        struct err err;

        close(root);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void put(const char *path, mode_t mode)
{
        int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        cr_assert(fd >= 0 && fchmod(fd, mode) == 0);
        close(fd);
}

static mode_t mode_of(const char *path)
{
        struct stat status;

        cr_assert(fstatat(root, path, &status, 0) == 0);
        return status.st_mode & 07777;
}

TestSuite(weak_site, .init = setup, .fini = teardown, .timeout = 120);

Test(weak_site, what_its_owner_may_not_read_is_opened_up)
{
        struct err err = ERR_INIT;

        cr_assert(mkdirat(root, "tree/in", 0755) == 0);
        put("tree/in/file", 0);
        put("tree/in/other", 0640);
        cr_assert(fchmodat(root, "tree/in", 0, 0) == 0);
        cr_assert(weak_before_freeze(&site, &err) == 0, "%s", err.message);
        cr_assert(mode_of("tree/in") == 0700 && mode_of("tree/in/file") == 0400 && mode_of("tree/in/other") == 0640);
}

static bool over;

/* A process that woke up while its worktree is read for a checkpoint. */
static void *swap(void *arg)
{
        (void)arg;
        while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
                renameat2(root, "tree/a", root, "tree/b", RENAME_EXCHANGE);
        return NULL;
}

Test(weak_site, a_link_that_takes_the_place_of_a_file_meanwhile_leads_nowhere)
{
        pthread_t thread;

        put("victim", 0600);
        cr_assert(symlinkat("../victim", root, "tree/b") == 0);
        put("tree/a", 0377);
        cr_assert(pthread_create(&thread, NULL, swap, NULL) == 0);
        for (unsigned i = 0; i < 20000 && mode_of("victim") == 0600; i++) {
                struct err ignored = ERR_INIT;

                (void)weak_before_freeze(&site, &ignored);
                (void)fchmodat(root, i % 2 ? "tree/a" : "tree/b", 0377, AT_SYMLINK_NOFOLLOW);
        }
        __atomic_store_n(&over, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        cr_assert(mode_of("victim") == 0600, "a file of the host has mode %o", mode_of("victim"));
}

/* Whoever makes many small files is not looked away from: the large one may come after them. */
Test(weak_site, all_of_home_and_tmp_is_counted)
{
        struct site_disk disk = {0};
        char name[32];

        for (unsigned i = 0; i < 200100; i++) {
                char from[32];

                snprintf(name, sizeof(name), "tmp/%u", i);
                snprintf(from, sizeof(from), "tmp/%u", i / 50000 * 50000);
                if (i % 50000 == 0)
                        put(name, 0600);
                else
                        cr_assert(linkat(root, from, root, name, 0) == 0);
        }
        weak_disk_used(&site, &disk);
        cr_assert(disk.inodes == 200100, "%llu", (unsigned long long)disk.inodes);
}
