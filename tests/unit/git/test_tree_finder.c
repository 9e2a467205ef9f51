/* SPDX-License-Identifier: Apache-2.0 */
/* Paths asked for in any order, with git as the judge: names that sort differently as a file and as a folder, and what is not there. */
#include "tests/unit/git/scratch.h"

#include "lib/git/tree_finder.h"

#define BASE                                                                                                           \
        "mkdir -p a/b/c 'a b' x; echo 1 > a/b/c/f; echo 2 > a/b/f; echo 3 > a/f; echo 4 > a.b; echo 5 > a-b; echo 6 "  \
        "> 'a b/f';"                                                                                                   \
        "echo 7 > a/b.c; echo 8 > x/a; ln -s a x/link; for i in $(seq 300); do echo $i > x/n$i; done; git add -A; "    \
        "git commit -qm one"

static const char *const paths[] = {"a/b/c/f", "a/b/f", "a/f",    "a.b",   "a-b", "a b/f", "a/b.c", "x/a", "x/link",
                                    "x/n1",    "x/n30", "x/n300", "a/b/c", "a",   "a b",   "a/b",   "x",   "a/b/c/f"};
static const char *const absent[] = {"b",      "a/c", "a/b/c/f/g", "a.b/c", "x/n0",   "x/n",
                                     "x/n301", "a/",  "",          "/a",    "a//b/f", "x/link/a"};

static void check(struct scratch *s, struct tree_finder *finder, const char *path)
{
        _cleanup_free_ char *script = xasprintf("git -C repo rev-parse 'HEAD:%s'", path),
                            *expected = scratch_out(s, script);
        struct tree_entry entry;
        char hex[GIT_HEX];

        cr_assert_eq(tree_finder_find(finder, path, &entry, &s->err), 1, "\"%s\": %s", path, s->err.message);
        oid_hex(&entry.id, hex);
        cr_assert_str_eq(hex, expected, "\"%s\"", path);
}

Test(tree_finder, finds_what_git_finds_in_any_order)
{
        const size_t count = sizeof(paths) / sizeof(paths[0]);
        struct scratch s;
        struct tree_finder *finder;
        git_oid root;

        scratch_init(&s, BASE);
        scratch_open(&s);
        cr_assert_eq(oid_parse(s.base_tree, &root, &s.err), 0);
        finder = tree_finder_new(s.repo->odb, &root);
        for (size_t step = 1; step <= 5; step += 2)
                for (size_t i = 0; i < count; i++)
                        check(&s, finder, paths[i * step % count]);
        for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
                struct tree_entry entry;

                cr_assert_eq(tree_finder_find(finder, absent[i], &entry, &s.err), 0, "\"%s\"", absent[i]);
                check(&s, finder, paths[i % count]);
        }
        tree_finder_free(finder);
        scratch_release(&s);
}

Test(tree_finder, a_tree_that_no_checkout_may_have_is_an_error_each_time)
{
        struct scratch s;
        struct tree_finder *finder;
        struct tree_entry entry;
        git_oid root;

        scratch_init(&s, "echo 1 > a; git add -A; git commit -qm one");
        scratch_open(&s);
        _cleanup_free_ char *bad = scratch_out(
                &s, "cd repo; b=$(git rev-parse HEAD:a); i=$(printf \"100644 blob $b\\t.git\\n\" | git mktree); "
                    "printf \"100644 blob $b\\ta\\n040000 tree $i\\td\\n\" | git mktree");

        cr_assert_eq(oid_parse(bad, &root, &s.err), 0);
        finder = tree_finder_new(s.repo->odb, &root);
        for (size_t i = 0; i < 2; i++) {
                cr_assert_eq(tree_finder_find(finder, "d/.git", &entry, &s.err), -1);
                cr_assert_eq(s.err.code, ERR_INPUT);
                s.err = ERR_INIT;
                cr_assert_eq(tree_finder_find(finder, "a", &entry, &s.err), 1);
        }
        tree_finder_free(finder);
        scratch_release(&s);
}

static enum tree_step go(void *data, const char *path, size_t path_len, const struct tree_entry *old_entry,
                         const struct tree_entry *new_entry, struct err *err)
{
        (void)data, (void)path, (void)path_len, (void)old_entry, (void)new_entry, (void)err;
        return TREE_GO;
}

/* A file and a folder of one name, which git's order puts apart: no reader is to choose one of them. */
Test(tree_finder, what_names_something_twice_is_an_error_to_every_reader)
{
        struct scratch s;
        struct tree_finder *finder;
        struct tree_entry entry;
        git_oid root;

        scratch_init(&s, "echo 1 > a; git add -A; git commit -qm one");
        scratch_open(&s);
        _cleanup_free_ char *bad = scratch_out(
                &s, "cd repo; b=$(git rev-parse HEAD:a); t=$(git rev-parse 'HEAD^{tree}'); printf \"100644 blob "
                    "$b\\ta\\n100644 blob $b\\ta.b\\n040000 tree $t\\ta\\n\" | git mktree");

        cr_assert_eq(oid_parse(bad, &root, &s.err), 0);
        finder = tree_finder_new(s.repo->odb, &root);
        cr_expect_eq(tree_finder_find(finder, "a.b", &entry, &s.err), -1);
        cr_expect(s.err.code == ERR_INPUT && strstr(s.err.message, "twice"), "%s", s.err.message);
        tree_finder_free(finder);
        s.err = ERR_INIT;
        cr_expect_eq(tree_walk_pair(s.repo->odb, NULL, &root, go, NULL, &s.err), -1);
        cr_expect(s.err.code == ERR_INPUT && strstr(s.err.message, "twice"), "%s", s.err.message);
        scratch_release(&s);
}
