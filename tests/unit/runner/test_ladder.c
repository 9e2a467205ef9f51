/* SPDX-License-Identifier: Apache-2.0 */
/*
 * However the worktree is made (overlay with its upper in memory or on disk, or a copy), the same script in it reads back
 * as the same tree: the one that git makes of it.
 */
#include "tests/unit/git/scratch.h"
#include "tests/unit/sandbox/site.h"

static const char files[] =
        "mkdir -p d/e src lib; echo a > a; echo b > d/b; echo c > d/e/c; echo '*.o' > .gitignore; : > empty\n"
        "ln -s a link; echo x > src/x; echo t > t.o; printf '#!/bin/sh\\n' > lib/tool; chmod +x lib/tool\n"
        "git add -A; git add -f t.o; git commit -qm one";

static const char *const scripts[] = {
        "echo more >> a; rm d/b; echo n > new; mkdir -p x/y; echo z > x/y/z; rm -r src",
        "rm a; mkdir a; echo 1 > a/1; rm -r d; echo file > d; rm link; echo l > link; rm -r src; ln -s d src",
        "rm -r d; mkdir -p d/e; echo c2 > d/e/c2; chmod +x empty; chmod -x lib/tool",
        "mv d moved; mv lib/tool lib/other; cp -a moved again; echo o > new.o; echo 2 >> t.o",
        "rm -rf a d src lib .gitignore empty link t.o",
        "touch a d/b; mkdir nothing; cp a a2; mv a2 a",
};

static void read_back(const struct scratch *s, const char *script, enum sandbox_upper upper, bool copy, char *ret)
{
        _cleanup_readback_ struct readback result = {0};
        struct readback_options options = {.base_tree = s->base_tree};
        struct bench bench;
        int fd;

        bench_make(&bench);
        bench.plan.upper = upper;
        bench.plan.force_copy = copy;
        free(bench.plan.lower.items[0]);
        bench.plan.lower.items[0] = xasprintf("%s/lower", s->folder);
        bench_start(&bench, copy ? SANDBOX_TIER_B : SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, script);
        cr_assert_eq(bench.result.exit_code, 0, "%s: %s", script, bench.log);
        fd = freeze_upper(&bench);
        cr_assert_eq(readback_run(s->q, fd, &options, &result, &bench.err), 0, "%s", bench.err.message);
        cr_assert_eq(result.refusals.len, 0, "%s", result.refusals.len ? result.refusals.items[0] : "");
        strcpy(ret, result.tree);
        close(fd);
        bench_end(&bench);
}

static void same_as_git(enum sandbox_upper upper, bool copy)
{
        for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
                _cleanup_free_ char *expected = NULL, *judge = NULL;
                struct scratch s;
                char tree[GIT_HEX];

                scratch_init(&s, files);
                scratch_sh(&s, "git clone -q repo lower; rm -rf lower/.git; git clone -q repo by-git");
                judge = xasprintf("cd by-git; %s; git add -A", scripts[i]);
                scratch_sh(&s, judge);
                expected = scratch_out(&s, "git -C by-git write-tree");
                read_back(&s, scripts[i], upper, copy, tree);
                cr_assert_str_eq(tree, expected, "%s", scripts[i]);
                scratch_release(&s);
        }
}

TestSuite(ladder, .timeout = 120);

Test(ladder, overlay_in_memory)
{
        same_as_git(SANDBOX_UPPER_TMPFS, false);
}

Test(ladder, overlay_on_disk)
{
        same_as_git(SANDBOX_UPPER_DISK, false);
}

Test(ladder, a_copy)
{
        same_as_git(SANDBOX_UPPER_AUTO, true);
        same_as_git(SANDBOX_UPPER_DISK, true);
}
