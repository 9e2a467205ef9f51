/* SPDX-License-Identifier: Apache-2.0 */
/* Some changes without the others, with git as the judge of the tree. */
#include "tests/unit/git/scratch.h"

#include "lib/git/diff.h"
#include "lib/git/tree_select.h"

/* Only the changes whose path begins so. */
static void only(const struct change_list *changes, const char *prefix, struct change_list *ret)
{
        for (size_t i = 0; i < changes->len; i++) {
                const struct change *from = &changes->items[i];
                struct change *to;

                if (strncmp(from->path, prefix, strlen(prefix)) != 0)
                        continue;
                to = change_list_add(ret, from->path);
                to->new_mode = from->new_mode;
                memcpy(to->new_id, from->new_id, sizeof(to->new_id));
        }
}

/* The tree of the base with what `all` does below t/, against what git makes of `tests_alone`. */
static void check(const char *base, const char *all, const char *tests_alone)
{
        struct scratch s;
        _cleanup_changes_ struct change_list changes = {0}, tests = {0};
        char tree[GIT_HEX];

        scratch_init(&s, base);
        _cleanup_free_ char *first = xasprintf("cd repo; %s\ngit add -A; git write-tree", all);
        _cleanup_free_ char *second = xasprintf(
                "cd repo; git reset -q --hard main; git clean -qfdx; %s\ngit add -A; git write-tree", tests_alone);
        _cleanup_free_ char *whole = scratch_out(&s, first), *expected = scratch_out(&s, second);

        scratch_open(&s);
        cr_assert_eq(tree_changes(s.repo, s.base_tree, whole, &changes, &s.err), 0, "%s", s.err.message);
        only(&changes, "t/", &tests);
        cr_assert_gt(tests.len, 0);
        cr_assert_eq(tree_select(s.q, s.base_tree, &tests, tree, &s.err), 0, "%s", s.err.message);
        cr_assert_str_eq(tree, expected);
        scratch_release(&s);
}

#define BASE                                                                                                           \
        "mkdir -p t/d src; echo a > t/a; echo b > t/d/b; echo c > src/c; echo e > t-e; git add -A; git commit -qm one"

Test(tree_select, what_is_chosen_is_taken_and_the_rest_stays)
{
        check(BASE,
              "echo new > t/n; mkdir -p t/x/y; echo z > t/x/y/z; echo 2 > t/a; chmod +x t/d/b; echo 2 > src/c; rm t-e",
              "echo new > t/n; mkdir -p t/x/y; echo z > t/x/y/z; echo 2 > t/a; chmod +x t/d/b");
}

Test(tree_select, a_deletion_that_empties_a_folder_removes_it)
{
        check(BASE, "rm -r t/d; echo 2 > src/c", "rm -r t/d");
        check(BASE, "rm -r t; echo 2 > src/c", "rm -r t");
}

Test(tree_select, a_file_becomes_a_folder_and_back)
{
        check(BASE, "rm t/a; mkdir t/a; echo x > t/a/x; echo 2 > src/c", "rm t/a; mkdir t/a; echo x > t/a/x");
        check(BASE, "rm -r t/d; echo d > t/d; echo 2 > src/c", "rm -r t/d; echo d > t/d");
}

Test(tree_select, nothing_is_left)
{
        check("mkdir t; echo a > t/a; echo b > t/b; git add -A; git commit -qm one", "rm -r t", "rm -r t");
}
