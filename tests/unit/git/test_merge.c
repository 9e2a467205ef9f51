/* SPDX-License-Identifier: Apache-2.0 */
/* Three-way merges of trees that git made, one kind of conflict each; random histories: tests/e2e/test_merge.sh. */
#include "tests/unit/git/scratch.h"

#include "lib/git/merge.h"

struct sides {
        char *base, *ours, *theirs;
};

/* Each script runs on a checkout of the base; the trees of all three. */
static struct sides make_sides(struct scratch *s, const char *ours, const char *theirs)
{
        _cleanup_free_ char *left = xasprintf("cd repo; git checkout -q -b ours; %s\ngit add -A; git write-tree", ours);
        _cleanup_free_ char *right =
                xasprintf("cd repo; git reset -q --hard main; git clean -qfdx; %s\ngit add -A; git write-tree", theirs);

        return (struct sides){xstrdup(s->base_tree), scratch_out(s, left), scratch_out(s, right)};
}

static void sides_release(struct sides *sides)
{
        free(sides->base);
        free(sides->ours);
        free(sides->theirs);
}

static void merge(struct scratch *s, const char *base, const char *ours, const char *theirs, struct merge_result *ret)
{
        struct sides sides;

        scratch_init(s, base);
        sides = make_sides(s, ours, theirs);
        scratch_open(s);
        cr_assert_eq(tree_merge(s->q, sides.base, sides.ours, sides.theirs, ret, &s->err), 0, "%s", s->err.message);
        sides_release(&sides);
}

#define BASE                                                                                                           \
        "mkdir -p d/e; seq 20 > d/e/lines; seq 20 > t; printf 'a\\0b' > bin; echo x > gone; ln -s one link; git add "  \
        "-A; "                                                                                                         \
        "git commit -qm one"

static char *git_show(struct scratch *s, const char *tree, const char *path)
{
        _cleanup_free_ char *script =
                xasprintf("GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/q git -C repo cat-file blob %s:%s", tree, path);

        return scratch_out(s, script);
}

Test(merge, disjoint_changes_and_lines_of_one_file_are_merged)
{
        struct scratch s;
        struct merge_result merged = {0};

        merge(&s, BASE, "sed -i 's/^3$/three/' d/e/lines; echo n > new; rm gone; chmod +x t",
              "sed -i 's/^17$/seventeen/' d/e/lines; mkdir f; echo n > f/new; sed -i 's/^1$/one/' t", &merged);
        cr_assert_eq(merged.len, 0);
        _cleanup_free_ char *lines = git_show(&s, merged.tree, "d/e/lines"), *text = git_show(&s, merged.tree, "t");
        _cleanup_free_ char *script = xasprintf(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/q git -C repo ls-tree -r --format='%%(objectmode) %%(path)' %s",
                merged.tree);
        _cleanup_free_ char *list = scratch_out(&s, script);

        cr_assert(strstr(lines, "\nthree\n") && strstr(lines, "\nseventeen\n"), "%s", lines);
        cr_assert(strncmp(text, "one\n", 4) == 0);
        cr_assert_str_eq(list, "100644 bin\n100644 d/e/lines\n100644 f/new\n120000 link\n100644 new\n100755 t");
        merge_result_release(&merged);
        scratch_release(&s);
}

Test(merge, conflicts_are_named_by_path_and_kind)
{
        static const struct {
                const char *ours, *theirs, *path;
                enum merge_conflict_kind kind;
        } cases[] = {
                {"sed -i 's/^3$/x/' t", "sed -i 's/^3$/y/' t", "t", MERGE_CONTENT},
                {"printf 'a\\0c' > bin", "printf 'a\\0d' > bin", "bin", MERGE_BINARY},
                {"rm gone", "echo y > gone", "gone", MERGE_DELETED},
                {"echo y > d/e/lines", "rm -r d", "d/e/lines", MERGE_DELETED},
                {"echo 1 > new", "echo 2 > new", "new", MERGE_ADDED},
                {"echo 1 > new", "echo 1 > new; chmod +x new", "new", MERGE_MODE},
                {"echo 1 > new", "ln -s 1 new", "new", MERGE_TYPE},
                {"rm t; ln -s 1 t", "echo 1 > t", "t", MERGE_TYPE},
                {"ln -sf two link", "ln -sf three link", "link", MERGE_LINK},
                {"echo 1 > new", "mkdir new; echo 2 > new/in", "new", MERGE_FOLDER},
                {"echo 't merge=union' > .gitattributes; echo 1 >> t", "echo 2 > .x; sed -i 1d t", "t", MERGE_DRIVER},
                {"echo 1 >> t", "echo 't -text' > .gitattributes; sed -i 1d t", "t", MERGE_DRIVER},
                {"echo 1 >> d/e/lines", "echo '* merge=ours' > d/.gitattributes; sed -i 1d d/e/lines", "d/e/lines",
                 MERGE_DRIVER},
                {"echo 1 >> t", "echo 't binary' > .gitattributes; sed -i 1d t", "t", MERGE_DRIVER},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scratch s;
                struct merge_result merged = {0};
                _cleanup_strv_ struct strv reasons = {0};

                merge(&s, BASE, cases[i].ours, cases[i].theirs, &merged);
                cr_assert_eq(merged.len, 1, "case %zu: %zu conflicts", i, merged.len);
                cr_assert_str_eq(merged.conflicts[0].path, cases[i].path);
                cr_assert_eq(merged.conflicts[0].kind, cases[i].kind, "case %zu: kind %d", i, merged.conflicts[0].kind);
                cr_assert_str_empty(merged.tree);
                merge_reasons(&merged, &reasons);
                cr_assert(reasons.len == 1 && strstr(reasons.items[0], cases[i].path));
                merge_result_release(&merged);
                scratch_release(&s);
        }
}

Test(merge, a_driver_of_the_configuration_never_runs)
{
        struct scratch s;
        struct merge_result merged = {0};

        merge(&s,
              "seq 20 > t; echo 't merge=mine' > .gitattributes; git add -A; git commit -qm one; "
              "git config merge.mine.driver 'touch ../ran'",
              "echo 1 >> t", "sed -i 1d t", &merged);
        cr_assert_eq(merged.len, 1);
        cr_assert_eq(merged.conflicts[0].kind, MERGE_DRIVER);
        scratch_sh(&s, "test ! -e ran");
        merge_result_release(&merged);
        scratch_release(&s);
}

Test(merge, files_and_folders_that_change_places_merge_where_one_side_kept_still)
{
        struct scratch s;
        struct merge_result merged = {0};

        merge(&s, BASE, "rm -r d; echo f > d; rm t; mkdir t; echo in > t/in", "echo y > gone", &merged);
        cr_assert_eq(merged.len, 0);
        _cleanup_free_ char *d = git_show(&s, merged.tree, "d"), *in = git_show(&s, merged.tree, "t/in");

        cr_assert_str_eq(d, "f");
        cr_assert_str_eq(in, "in");
        merge_result_release(&merged);
        scratch_release(&s);
}

Test(merge, nothing_left_is_the_empty_tree)
{
        struct scratch s;
        struct merge_result merged = {0};

        merge(&s, "echo a > a; echo b > b; git add -A; git commit -qm one", "rm a", "rm b", &merged);
        cr_assert_eq(merged.len, 0);
        cr_assert_str_eq(merged.tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        merge_result_release(&merged);
        scratch_release(&s);
}

/* The objects of a folder that neither side touched are taken away: who opened it would fail. */
Test(merge, equal_folders_are_never_opened)
{
        struct scratch s;
        struct merge_result merged = {0};
        struct sides sides;

        scratch_init(
                &s,
                "mkdir -p same/deep f; echo 1 > same/deep/x; seq 9 > f/a; seq 9 > f/b; git add -A; git commit -qm one");
        sides = make_sides(&s, "echo 1 > f/a", "echo 1 > f/b");
        scratch_sh(&s, "cd repo; for id in $(git rev-parse main:same main:same/deep main:same/deep/x); do "
                       "rm -f .git/objects/${id:0:2}/${id:2}; done");
        scratch_open(&s);
        cr_assert_eq(tree_merge(s.q, sides.base, sides.ours, sides.theirs, &merged, &s.err), 0, "%s", s.err.message);
        cr_assert_eq(merged.len, 0);
        sides_release(&sides);
        merge_result_release(&merged);
        scratch_release(&s);
}
