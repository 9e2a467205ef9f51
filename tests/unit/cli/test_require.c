/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/context.h"
#include "cli/launch_require.h"

#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64], other[80];
static struct context context;

static void setup(void)
{
        strcpy(folder, "/tmp/cupel-require-XXXXXX");
        cr_assert(mkdtemp(folder));
        snprintf(other, sizeof(other), "%s/other", folder);
        context = (struct context){.state_root = folder, .home = folder};
        setenv("REQUIRED", "value-1", 1);
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

TestSuite(require, .init = setup, .fini = teardown);

static void print_of(enum require_kind kind, const char *name, char ret[HASH_HEX])
{
        struct err err = ERR_INIT;

        cr_assert_eq(require_fingerprint(&context, kind, name, ret, &err), 0, "%s", err.message);
}

static bool changed(enum require_kind kind, const char *name, const char *print)
{
        static const char *const words[] = {"env", "command", "file"};
        struct err err = ERR_INIT;
        char detail[256];
        bool ret = false;

        snprintf(detail, sizeof(detail), "%s %s %s", print, words[kind], name);
        cr_assert_eq(require_changed(&context, detail, &ret, &err), 0, "%s", err.message);
        return ret;
}

Test(require, the_same_value_has_the_same_fingerprint_and_another_has_another)
{
        char print[HASH_HEX];

        print_of(REQUIRE_ENV, "REQUIRED", print);
        cr_assert(!changed(REQUIRE_ENV, "REQUIRED", print));
        setenv("REQUIRED", "value-2", 1);
        cr_assert(changed(REQUIRE_ENV, "REQUIRED", print));
        setenv("REQUIRED", "value-1", 1);
        cr_assert(!changed(REQUIRE_ENV, "REQUIRED", print));
        unsetenv("REQUIRED");
        cr_assert(changed(REQUIRE_ENV, "REQUIRED", print));
}

Test(require, another_state_has_another_key_and_so_another_fingerprint)
{
        char here[HASH_HEX], there[HASH_HEX];

        print_of(REQUIRE_ENV, "REQUIRED", here);
        context.state_root = other;
        print_of(REQUIRE_ENV, "REQUIRED", there);
        cr_assert_str_neq(here, there);
}

Test(require, a_file_and_a_command_are_known_by_what_they_are)
{
        char print[HASH_HEX], path[128];
        FILE *file;

        print_of(REQUIRE_FILE, "~/a.conf", print);
        cr_assert(!changed(REQUIRE_FILE, "~/a.conf", print));
        snprintf(path, sizeof(path), "%s/a.conf", folder);
        file = fopen(path, "w");
        fputs("x", file);
        fclose(file);
        cr_assert(changed(REQUIRE_FILE, "~/a.conf", print), "it has come");
        print_of(REQUIRE_FILE, "~/a.conf", print);
        file = fopen(path, "a");
        fputs("y", file);
        fclose(file);
        cr_assert(changed(REQUIRE_FILE, "~/a.conf", print), "it is another");
        print_of(REQUIRE_COMMAND, "no-such-command-here", print);
        cr_assert(!changed(REQUIRE_COMMAND, "no-such-command-here", print));
        setenv("PATH", "/nowhere", 1);
        print_of(REQUIRE_COMMAND, "sh", print);
        setenv("PATH", "/bin:/usr/bin", 1);
        cr_assert(changed(REQUIRE_COMMAND, "sh", print), "it is found now");
}

Test(require, a_detail_that_is_none_has_not_changed)
{
        static const char *const details[] = {"", "abc", "abc env", "abc weather REQUIRED"};
        struct err err = ERR_INIT;

        for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
                bool ret = true;

                cr_assert_eq(require_changed(&context, details[i], &ret, &err), 0);
                cr_assert(!ret, "%s", details[i]);
        }
}
