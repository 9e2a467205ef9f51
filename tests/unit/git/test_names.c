/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/git/names.h"

#include <criterion/criterion.h>
#include <string.h>

static bool refused(const char *name)
{
        return name_refusal(name, strlen(name), 0100644) != NULL;
}

Test(names, disguises_of_dot_git_are_refused)
{
        const char *bad[] = {".git",
                             ".GIT",
                             ".gIt",
                             ".git ",
                             ".git.",
                             ".git . .",
                             "git~1",
                             "GIT~1",
                             ".g\xe2\x80\x8cit",
                             ".git\xef\xbb\xbf",
                             ".git::$INDEX_ALLOCATION",
                             "a\\.git",
                             ".git\\x",
                             "git~1:x",
                             "\xe2\x80\x8e.git"};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                cr_expect(refused(bad[i]), "%s", bad[i]);
}

Test(names, names_that_only_look_alike_are_allowed)
{
        const char *good[] = {".gitignore", ".github", "git",      "git~2", ".git-x", "a.git", "...",
                              "x\\y",       "a\nb",    "\xff\xfe", ".gi",   "gitt~1", " .git"};

        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                cr_expect(!refused(good[i]), "%s", good[i]);
}

Test(names, what_is_no_name_is_refused)
{
        char longest[257];

        memset(longest, 'x', sizeof(longest));
        cr_expect_null(name_refusal(longest, 255, 0100644));
        cr_expect_not_null(name_refusal(longest, 256, 0100644));
        cr_expect(refused(""));
        cr_expect(refused("."));
        cr_expect(refused(".."));
        cr_expect(refused("a/b"));
        cr_expect_not_null(name_refusal("a\0b", 3, 0100644));
        cr_expect_not_null(name_refusal(".gitmodules", 11, 0120000));
        cr_expect_null(name_refusal(".gitmodules", 11, 0100644));
}
