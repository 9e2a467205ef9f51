/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of every candidate is `git add -A && git write-tree` after the same script (scratch.h). */
#include "tests/unit/git/scratch.h"

#include <sys/stat.h>

static const char files[] =
        "mkdir -p d/e src; echo a > a; echo b > d/b; echo c > d/e/c; echo '*.o' > .gitignore; : > empty\n"
        "ln -s a link; echo x > src/x; echo t > t.o; git add -A; git add -f t.o; git commit -qm one";

static void judged(const char *base, const char *script)
{
        struct scratch s;
        char tree[GIT_HEX];

        scratch_init(&s, base);
        scratch_candidate(&s, script, tree);
        scratch_release(&s);
}

Test(readback, edits_additions_and_deletions)
{
        judged(files, "echo more >> a; rm d/b; echo n > new; mkdir -p x/y; echo z > x/y/z; : > x/none; rm -r src");
}

Test(readback, nothing_changed_is_the_base_tree)
{
        struct scratch s;
        char tree[GIT_HEX];

        scratch_init(&s, files);
        scratch_candidate(&s, "touch a d/b; mkdir nothing; chmod 600 d/e/c", tree);
        cr_assert_str_eq(tree, s.base_tree);
        scratch_release(&s);
}

Test(readback, everything_deleted_is_the_empty_tree)
{
        judged(files, "rm -rf a d src .gitignore empty link t.o");
}

Test(readback, kinds_change_both_ways)
{
        judged(files,
               "rm a; mkdir a; echo 1 > a/1; rm -r d; echo file > d; rm link; echo l > link; rm -r src; ln -s d src");
        judged(files, "mv d d2; mkdir d; echo only > d/only; chmod +x empty; rm empty; ln -s /etc/shadow empty");
}

Test(readback, a_folder_made_anew_hides_the_old_one)
{
        judged(files, "rm -r d; mkdir -p d/e; echo c2 > d/e/c2");
}

Test(readback, names_keep_their_bytes)
{
        judged(files,
               "echo 1 > $'new\\nline'; echo 2 > $'\\xff\\xfe'; echo 3 > ' blank '; echo 4 > 'q\"uote'; mkdir $'d\\t'; "
               "echo 5 > $'d\\t/x'");
}

Test(readback, tracked_wins_over_ignored_and_untracked_ignored_stays_out)
{
        judged(files, "echo 2 >> t.o; echo o > new.o; mkdir build; echo 1 > build/a; echo build/ >> .gitignore");
        judged("mkdir -p out; echo k > out/keep; echo out > .gitignore; git add -f -A; git commit -qm one",
               "echo 2 > out/keep; echo n > out/new; mkdir out/sub; echo n > out/sub/new");
        judged(files, "rm .gitignore; echo o > new.o; mkdir s; echo '*.x' > s/.gitignore; echo '!k.x' >> s/.gitignore; "
                      "echo 1 > s/k.x; echo 1 > s/l.x; echo 1 > l.x");
        judged(files, "echo log >> ../repo/.git/info/exclude; echo 1 > a.txt");
}

Test(readback, info_exclude_of_the_repository_counts)
{
        judged("echo a > a; git add -A; git commit -qm one; echo '*.log' >> .git/info/exclude",
               "echo 1 > x.log; echo 2 > y");
}

Test(readback, line_ends_follow_the_attributes_of_the_base)
{
        judged("printf '* text=auto\\n*.bin -text\\n*.id ident\\n' > .gitattributes; printf 'a\\r\\nb\\r\\n' > dos; "
               "echo '$Id$' > x.id; git add -A; git commit -qm one",
               "printf 'a\\r\\nb\\r\\nc\\r\\n' > dos; printf 'n\\r\\n' > new; printf 'n\\r\\n' > raw.bin; "
               "printf '\\0\\r\\n' > nul; printf '$Id: abc $\\n' > y.id");
        judged("printf 'a\\r\\n' > mixed; echo b > b; git add -A; git commit -qm one; git config core.autocrlf input",
               "printf 'a\\r\\nb\\r\\n' > mixed; printf 'b\\r\\n' > b");
}

Test(readback, a_base_that_git_takes_for_binary_does_not_keep_line_ends_of_dos)
{
        judged("printf '\\1\\2\\3\\4 x\\r\\n' > a; printf 'only\\rcr\\r' > b; printf 'x\\032\\r\\n' > c; git add -A; "
               "git commit -qm one; git config core.autocrlf input",
               "printf 'one\\r\\ntwo\\r\\n' | tee b c > a");
        judged("printf '\\1\\2\\3\\4 %0999d\\r\\n' 0 > a; printf 'end\\r\\n\\032' > b; git add -A; git commit -qm one; "
               "git config core.autocrlf true",
               "printf 'one\\r\\ntwo\\r\\n' | tee b > a");
}

Test(readback, every_ident_of_a_file_is_taken_back)
{
        judged("echo '* ident' > .gitattributes; printf '$Id$ $Id$\\n$Id$' > a; git add -A; git commit -qm one",
               "printf '$Id: no end\\n$Id: two $ $Id$ $Id:$\\n$Id: x y $ $Id $Id: z$' > b; printf 'x $Id$ $Id: 1 $' > "
               "a; "
               "printf '$Id: only\\n' > c; printf '$$Id: a $Id$' > d");
}

Test(readback, file_mode_may_be_distrusted)
{
        judged("echo a > a; echo b > b; chmod +x b; git add -A; git commit -qm one; git config core.filemode false",
               "chmod +x a; echo 2 >> b; chmod -x b; echo n > n; chmod +x n");
}

Test(readback, large_and_many)
{
        judged(files, "seq 4000000 > big; for i in $(seq 600); do echo $i > m$i; done");
}

static void refused(const char *base, const char *script, const char *expected)
{
        struct scratch s;
        struct readback result;

        scratch_init(&s, base);
        scratch_upper(&s, script);
        scratch_readback(&s, &result);
        cr_assert_gt(result.refusals.len, 0, "%s", script);
        cr_assert_not_null(strstr(result.refusals.items[0], expected), "%s", result.refusals.items[0]);
        cr_assert_str_eq(result.tree, "");
        readback_release(&result);
        scratch_release(&s);
}

Test(readback, what_no_commit_may_hold_is_refused_by_name)
{
        refused(files, "mkfifo pipe", "pipe: it is a FIFO");
        refused(files, "git init -q sub", "sub/.git: a nested git repository");
        refused(files, "mkdir .GIT; echo x > .GIT/config", ".GIT: a name is");
        refused(files, "mkdir -p n; echo x > $'n/.g\\xe2\\x80\\x8cit'; true", "disguise");
        refused("echo '*.bin filter=lfs' > .gitattributes; echo pointer > a.bin; git add -A; git commit -qm one",
                "echo other > a.bin", "a.bin: its content goes through the filter \"lfs\"");
        refused(files, "git init -q --bare trap.git", "trap.git/: it is a bare git repository");
}

Test(readback, a_touched_pointer_and_an_ignored_fifo_are_no_matter)
{
        judged("echo '*.bin filter=lfs' > .gitattributes; echo pointer > a.bin; git add -A; git commit -qm one",
               "touch a.bin; echo b > b");
        judged(files, "mkfifo x.o");
}

Test(readback, submodules_stay_or_go)
{
        const char base[] =
                "git init -q ../other; git -C ../other commit -q --allow-empty -m x\n"
                "git -c protocol.file.allow=always submodule -q add ../other sub >/dev/null 2>&1; git commit -qm one";

        judged(base, "echo n > n; mkdir -p sub");
        judged(base, "rm -rf sub .gitmodules");
        refused(base, "mkdir -p sub; echo x > sub/x", "sub: a submodule");
}

Test(readback, forbidden_modes_are_read_anyway)
{
        struct scratch s;
        struct readback result;

        scratch_init(&s, files);
        scratch_upper(&s, "mkdir p; echo 1 > p/1");
        scratch_sh(&s, "chmod 4755 upper/p/1; echo 0 > upper/p/0; chmod 0 upper/p/0; chmod 0 upper/p");
        scratch_readback(&s, &result);
        cr_assert_eq(result.refusals.len, 0);
        _cleanup_free_ char *judge =
                scratch_out(&s, "cd judge; echo 0 > p/0; chmod 755 p/1; git add -A; git write-tree");

        cr_assert_str_eq(result.tree, judge);
        readback_release(&result);
        scratch_release(&s);
}

Test(readback, caps_end_the_walk_with_a_reason)
{
        struct scratch s;
        struct readback result = {0};
        struct err err = ERR_INIT;

        scratch_init(&s, files);
        scratch_sh(&s, "mkdir upper; cd upper; for i in $(seq 100); do echo $i > $i; done; mkdir deep; cd deep\n"
                       "for i in $(seq 900); do mkdir d; cd d; done; echo x > x");
        _cleanup_free_ char *path = xasprintf("%s/upper", s.folder);
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct readback_options options = {.base_tree = s.base_tree, .max_entries = 50};

        cr_assert_eq(readback_run(s.q, fd, &options, &result, &err), 0, "%s", err.message);
        cr_assert_not_null(strstr(result.refusals.items[0], "limit of 50"), "%s", result.refusals.items[0]);
        readback_release(&result);
        options.max_entries = 0;
        cr_assert_eq(readback_run(s.q, fd, &options, &result, &err), 0, "%s", err.message);
        cr_assert_not_null(strstr(result.refusals.items[0], "nested deeper"), "%s", result.refusals.items[0]);
        readback_release(&result);
        options.max_file_bytes = 1;
        cr_assert_eq(readback_run(s.q, fd, &options, &result, &err), 0, "%s", err.message);
        cr_assert_not_null(strstr(result.refusals.items[0], "larger than the limit"), "%s", result.refusals.items[0]);
        readback_release(&result);
        scratch_release(&s);
}

Test(readback, the_real_store_is_not_touched)
{
        struct scratch s;
        char tree[GIT_HEX];

        scratch_init(&s, files);
        _cleanup_free_ char *before = scratch_out(&s, "find repo/.git -printf '%p %T@ %C@ %s\\n' | sort");

        scratch_candidate(&s, "echo n > n; cp a copy", tree);
        _cleanup_free_ char *after = scratch_out(&s, "find repo/.git -printf '%p %T@ %C@ %s\\n' | sort");

        cr_assert_str_eq(before, after);
        scratch_release(&s);
}
