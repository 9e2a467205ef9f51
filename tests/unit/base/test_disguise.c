/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/disguise.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void expect(const char *path, const char *expected)
{
        char *lifted = disguise_lift(path);

        cr_expect_str_eq(lifted, expected);
        free(lifted);
}

Test(disguise, a_path_is_what_any_file_system_takes_it_for)
{
        expect("src/a.c", "src/a.c");
        expect(".GitHub/Workflows/X.yml", ".github/workflows/x.yml");
        expect(".git\xe2\x80\x8c"
               "attributes",
               ".gitattributes");
        expect("\xef\xbb\xbf.cupel/policy.yaml", ".cupel/policy.yaml");
        expect(".cupel. ./policy.yaml ", ".cupel/policy.yaml");
        expect(".gitmodules::$DATA", ".gitmodules");
        expect("a\\.claude\\settings.json", "a/.claude/settings.json");
        expect("gr\xc3\xbcn/\xc3\x84", "gr\xc3\xbcn/\xc3\x84");
        expect("", "");
}
