/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a packet's patch back: what each kind of file becomes, and that what does not fit is refused. */
#include "lib/git/patch_read.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

#define ID_A "1111111111111111111111111111111111111111"
#define ID_B "2222222222222222222222222222222222222222"
#define HEAD "diff --git a/f b/f\nindex " ID_A ".." ID_B " 100644\n--- a/f\n+++ b/f\n"

/* The new side of a patch of one file; NULL where it is refused, with why in `err`. */
static char *apply(const char *patch, const char *old, struct err *err)
{
        struct patch_reader reader = {.at = patch, .end = patch + strlen(patch)};
        _cleanup_str_ struct str content = {0};
        struct patch_file file;
        int got;

        if (patch_next(&reader, &file, err) <= 0)
                return NULL;
        got = patch_content(&reader, &file, old, strlen(old), &content, err);
        patch_file_release(&file);
        return got < 0 || reader.at != reader.end ? NULL : str_steal(&content);
}

static void expect(const char *patch, const char *old, const char *wanted)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *got = apply(patch, old, &err);

        cr_assert_not_null(got, "refused: %s", err.message);
        cr_expect_str_eq(got, wanted);
}

static void refused(const char *patch, const char *old, const char *why)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *got = apply(patch, old, &err);

        cr_assert_null(got, "taken: %s", patch);
        cr_expect(strstr(err.message, why), "\"%s\" says nothing of \"%s\"", err.message, why);
}

Test(patch_read, hunks_are_put_where_they_belong)
{
        expect(HEAD "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n", "one\ntwo\nthree\nfour\n",
               "one\nTWO\nthree\nfour\n");
        expect(HEAD "@@ -2,0 +3 @@ some function\n+new\n", "one\ntwo\nthree\n", "one\ntwo\nnew\nthree\n");
        expect(HEAD "@@ -1 +0,0 @@\n-one\n@@ -3 +2 @@\n-three\n+3\n", "one\ntwo\nthree\n", "two\n3\n");
        expect(HEAD "@@ -0,0 +1,2 @@\n+a\n+b\n", "", "a\nb\n");
}

Test(patch_read, ends_without_a_newline_are_kept)
{
        expect(HEAD "@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n", "one", "one\n");
        expect(HEAD "@@ -1 +1 @@\n-one\n+one\n\\ No newline at end of file\n", "one\n", "one");
        refused(HEAD "@@ -1 +1 @@\n-one\n+two\n", "one", "does not fit its base");
}

Test(patch_read, what_does_not_fit_is_refused)
{
        refused(HEAD "@@ -1 +1 @@\n-uno\n+dos\n", "one\n", "does not fit its base");
        refused(HEAD "@@ -9 +9 @@\n-one\n+two\n", "one\n", "beyond the end");
        refused(HEAD "@@ -1,2 +1,2 @@\n one\n", "one\ntwo\n", "ends early");
        refused(HEAD "@@ -2 +2 @@\n-two\n+2\n@@ -1 +1 @@\n-one\n+1\n", "one\ntwo\n", "out of order");
        refused(HEAD "@@ -1,99999999999999999999 +1 @@\n one\n", "one\n", "line");
        refused("diff --git a/f b/g\nindex " ID_A ".." ID_B " 100644\n", "", "no file begins here");
        refused("diff --git a/f b/f\nnew file mode 104755\n", "", "a header that no packet's patch has");
        refused("rm -rf /\n", "", "no file begins here");
}

Test(patch_read, a_literal_is_inflated_to_what_it_says)
{
        static const char head[] =
                "diff --git a/f b/f\nnew file mode 100644\nindex " ID_A ".." ID_B "\nGIT binary patch\n";
        _cleanup_free_ char *whole = xasprintf("%sliteral 0\nHc$@<O00001\n\nliteral 0\nHc$@<O00001\n\n", head);
        _cleanup_free_ char *liar = xasprintf("%sliteral 9\nHc$@<O00001\n\nliteral 0\nHc$@<O00001\n\n", head);
        _cleanup_free_ char *bomb = xasprintf("%sliteral 999999999999\nHc$@<O00001\n\n", head);

        expect(whole, "", "");
        expect("diff --git a/f b/f\nindex " ID_A ".." ID_B " 100644\nBinary files differ\n", "old",
               ""); /* hidden: one NUL */
        refused(liar, "", "another size");
        refused(bomb, "", "far more than any patch");
}

Test(patch_read, names_are_read_as_git_writes_them)
{
        static const char patch[] =
                "diff --git \"a/q\\\"\\t\\303\\274\" \"b/q\\\"\\t\\303\\274\"\nnew file mode 120000\n"
                "diff --git a/b b/c b/b b/c\nold mode 100644\nnew mode 100755\n";
        struct patch_reader reader = {.at = patch, .end = patch + strlen(patch)};
        struct err err = ERR_INIT;
        struct patch_file file;

        cr_assert_eq(patch_next(&reader, &file, &err), 1, "%s", err.message);
        cr_expect_str_eq(file.path, "q\"\t\303\274");
        cr_expect(file.old_mode == 0 && file.new_mode == 0120000);
        patch_file_release(&file);
        cr_assert_eq(patch_next(&reader, &file, &err), 1, "%s", err.message);
        cr_expect_str_eq(file.path, "b b/c");
        cr_expect(file.old_mode == 0100644 && file.new_mode == 0100755 && !file.new_id[0]);
        patch_file_release(&file);
        cr_assert_eq(patch_next(&reader, &file, &err), 0);
}
