/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/outputs.h"

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char upper[] = "/tmp/cupel-upper-XXXXXX", quarantine[] = "/tmp/cupel-quarantine-XXXXXX";
static int upper_fd = -1, quarantine_fd = -1;

static void setup(void)
{
        cr_assert(mkdtemp(upper) && mkdtemp(quarantine));
        upper_fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        quarantine_fd = open(quarantine, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        fs_remove_tree_at(AT_FDCWD, upper, &err);
        fs_remove_tree_at(AT_FDCWD, quarantine, &err);
        close(upper_fd);
        close(quarantine_fd);
}

TestSuite(outputs, .init = setup, .fini = teardown);

static void put(const char *name, const char *bytes)
{
        const int fd = openat(upper_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        cr_assert_geq(fd, 0, "%s", name);
        cr_assert_eq(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
        close(fd);
}

/* The list, by one glob, two files and ten bytes at most. */
static struct json_t *copy(const char *glob)
{
        const struct budget budget = {.artifact_files = 2, .artifact_bytes = 10};
        _cleanup_ignore_ struct ignore rules = {0};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct json_t *list;

        ignore_add(&rules, "", glob);
        cr_assert_eq(outputs_copy(&rules, &budget, upper_fd, quarantine, &err), 0, "%s", err.message);
        cr_assert_eq(fs_read_at(quarantine_fd, "outputs/list.json", 1 << 20, &text, &err), 0, "%s", err.message);
        list = json_parse(str_text(&text), text.len, "list", &err);
        cr_assert_not_null(list, "%s", err.message);
        return list;
}

static const struct json_t *entry(const struct json_t *list, const char *path)
{
        struct json_t *item;
        size_t i;

        json_array_foreach(json_object_get(list, "items"), i, item)
        {
                if (strcmp(json_text_of(item, "path"), path) == 0)
                        return item;
        }
        return NULL;
}

Test(outputs, copies_what_the_glob_covers_and_nothing_else)
{
        _cleanup_json_ struct json_t *list = NULL;
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;

        mkdirat(upper_fd, "out", 0700);
        put("out/a.png", "png");
        put("out/b.txt", "txt");
        put("a.png", "top");
        list = copy("out/*.png");
        cr_assert_eq(json_array_size(json_object_get(list, "items")), 1);
        cr_assert_not_null(entry(list, "out/a.png"));
        cr_assert_eq(fs_read_at(quarantine_fd, "outputs/0", 100, &bytes, &err), 0);
        cr_assert_str_eq(str_text(&bytes), "png");
}

Test(outputs, follows_no_link_and_opens_nothing_odd)
{
        _cleanup_json_ struct json_t *list = NULL;

        mkdirat(upper_fd, "real", 0700);
        put("real/secret", "no");
        cr_assert_eq(symlinkat("real", upper_fd, "out"), 0);
        cr_assert_eq(symlinkat("/etc/passwd", upper_fd, "link"), 0);
        cr_assert_eq(mkfifoat(upper_fd, "fifo", 0600), 0);
        list = copy("**");
        cr_assert(*json_text_of(entry(list, "link"), "odd"));
        cr_assert(*json_text_of(entry(list, "fifo"), "odd"));
        cr_assert(*json_text_of(entry(list, "out"), "odd"));
        cr_assert_null(entry(list, "out/secret"));
        cr_assert_not_null(entry(list, "real/secret"));
}

Test(outputs, bounds_hold_and_what_is_beyond_is_counted)
{
        _cleanup_json_ struct json_t *list = NULL;

        put("1", "12345678901");
        put("2", "x");
        put("3", "y");
        list = copy("*");
        cr_assert_eq(json_array_size(json_object_get(list, "items")), 2);
        cr_assert_eq(json_integer_value(json_object_get(list, "left_out")), 1);
}
