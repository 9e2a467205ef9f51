/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host_paths.h"
#include "cli/place.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char home[] = "/tmp/cupel-paths-XXXXXX";

static void make(const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", home, name);
        struct err err = ERR_INIT;

        cr_assert(fs_mkdir_p(path, 0755, &err) == 0);
}

static void setup(void)
{
        _cleanup_free_ char *link = NULL, *file = NULL;

        cr_assert(mkdtemp(home));
        make("cache/pip-1");
        make("cache/pip-2/deep");
        make("cache/.hidden");
        make("real");
        link = xasprintf("%s/cache/pip-link", home);
        file = xasprintf("%s/cache/pip-file", home);
        cr_assert(symlink("../real", link) == 0);
        cr_assert(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) == 0);
}

static void teardown(void)
{
        struct err err;

        fs_remove_tree_at(AT_FDCWD, home, &err);
}

TestSuite(host_paths, .init = setup, .fini = teardown);

static void gives(const char *pattern, const char *expected)
{
        _cleanup_strv_ struct strv found = {0};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        cr_assert(host_path_expand(home, pattern, &found, &err) == 0, "%s: %s", pattern, err.message);
        for (size_t i = 0; i < found.len; i++)
                str_printf(&text, "%s%s", i ? " " : "", found.items[i]);
        cr_expect_str_eq(str_text(&text), expected, "%s: %s", pattern, str_text(&text));
}

static void refuses(const char *pattern, const char *why)
{
        _cleanup_strv_ struct strv found = {0};
        struct err err = ERR_INIT;

        cr_assert(host_path_expand(home, pattern, &found, &err) < 0, "%s", pattern);
        cr_expect_eq(err.code, ERR_INPUT);
        cr_expect(strstr(err.message, why), "%s: %s", pattern, err.message);
}

Test(host_paths, patterns_give_what_is_there_and_follow_no_link)
{
        gives("~/cache/pip-1", "~/cache/pip-1");
        gives("~/cache/pip-1/", "~/cache/pip-1");
        gives("~/cache/pip*", "~/cache/pip-1 ~/cache/pip-2 ~/cache/pip-file");
        gives("~/*/pip-[2]/d?ep", "~/cache/pip-2/deep");
        gives("~/cache/*", "~/cache/pip-1 ~/cache/pip-2 ~/cache/pip-file");
        gives("~/cache/.*", "~/cache/.hidden");
        gives("~/cache/pip-file/*", "");
        gives("~/nothing*", "");
        gives("~/nowhere/at/all", "~/nowhere/at/all");
}

Test(host_paths, links_sockets_and_too_much_are_refused)
{
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", home);
        cr_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        refuses("~/cache/pip-link", "through the symlink");
        refuses("~/cache/pip-link/x", "through the symlink");
        refuses("~/socket", "neither a file nor a folder");
        gives("~/so*", "");
        for (int i = 0; i <= HOST_PATHS_MAX; i++) {
                _cleanup_free_ char *name = xasprintf("many/%d", i);

                make(name);
        }
        refuses("~/many/*", "matches more than");
}

static enum place_relation compare(const char *shown, const char *guarded)
{
        _cleanup_free_ char *a = xasprintf("%s/%s", home, shown), *b = xasprintf("%s/%s", home, guarded);
        _cleanup_mounts_ struct mounts mounts = {0};
        _cleanup_place_ struct place left = PLACE_NONE, right = PLACE_NONE;
        struct err err = ERR_INIT;

        cr_assert(mounts_read(&mounts, &err) == 0 && place_find(&left, a, &mounts, &err) == 0 &&
                          place_find(&right, b, &mounts, &err) == 0,
                  "%s", err.message);
        return place_compare(&left, &right, &mounts);
}

Test(host_paths, places_are_known_by_what_they_are)
{
        cr_expect_eq(compare("cache", "cache"), PLACE_IN);
        cr_expect_eq(compare("cache/pip-2/deep", "cache"), PLACE_IN);
        cr_expect_eq(compare("cache/pip-file", "cache"), PLACE_IN);
        cr_expect_eq(compare("cache", "cache/pip-2/deep"), PLACE_CONTAINS);
        cr_expect_eq(compare("cache", "cache/not/yet/there"), PLACE_CONTAINS);
        cr_expect_eq(compare("cache/pip-1", "cache/not/yet/there"), PLACE_APART);
        cr_expect_eq(compare("cache/pip-1", "cache/pip-2"), PLACE_APART);
        cr_expect_eq(compare("cache/pip-link", "real"), PLACE_IN);
        cr_expect_eq(compare("real", "cache/pip-link"), PLACE_IN);
}
