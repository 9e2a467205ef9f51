/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landing on real repositories: what git sees afterwards, what is refused before anything moves, and a kill at every
 * step followed by recovery.
 */
#include "tests/unit/git/landing_fixture.h"

static const char base[] =
        "mkdir -p d/e; echo a > a; echo b > d/e/b; echo gone > gone; ln -s a link; echo u > user; seq 50 > kind\n"
        "git add -A; git commit -qm one";
static const char edit[] =
        "echo more >> a; rm -r d; echo file > d; rm gone; rm link; mkdir link; echo l > link/l; echo n > n; "
        "chmod +x n; rm kind; ln -s a kind";
/* More objects than are installed one by one. */
static const char many[] = "mkdir m; for i in $(seq 150); do echo $i > m/$i; done; echo more >> a";

/* All bytes of repository and worktree, the index among them. */
static char *fingerprint(struct run *run)
{
        return scratch_out(&run->s, "cd repo; find . -printf '%p %y %m %l\\n' | sort; find . -type f "
                                    "-print0 | sort -z | xargs -0 sha256sum; git ls-files -s | sha256sum");
}

Test(landing, the_checkout_follows_and_the_users_own_files_stay)
{
        struct run run = {0};

        scratch_init(&run.s, base);
        make_commit(&run, edit);
        scratch_sh(&run.s, "cd repo; echo mine >> user; echo untracked > mine; echo staged > staged; git add staged");
        land(&run, "refs/heads/main");
        expect_landed(&run, "main");
        expect(&run, "git -C repo status --porcelain", "A  staged\n M user\n?? mine");
        expect(&run, "cd repo; cat a link/l d; readlink kind; test -x n && echo x", "a\nmore\nl\nfile\na\nx");
        expect(&run, "cd repo; git reflog -1 --format=%gs; git reflog -1 --format=%gs main",
               "cupel: run run-1\ncupel: run run-1");
        expect(&run, "cd repo; git rev-parse main@{1}", run.s.base);
        cr_expect_eq(landing_left(run.landing)->len, 0);
        run_release(&run);
}

/* The command knows its run's id: it may have made a file of the name that is used while another is written. */
Test(landing, the_checkout_has_a_file_of_the_temporary_name_too)
{
        struct run run = {0};

        scratch_init(&run.s, base);
        make_commit(&run, "echo 1 > .cupel-run-1; echo 2 > .cupel-run-1.1; echo 3 > z");
        land(&run, "refs/heads/main");
        expect(&run, "git -C repo status --porcelain --untracked-files=no", "");
        expect(&run, "cd repo; cat .cupel-run-1 .cupel-run-1.1 z; ls -A | grep -c cupel-run", "1\n2\n3\n2");
        run_release(&run);
}

Test(landing, other_branches_bare_and_packed_refs)
{
        static const char *const setups[] = {
                "git branch topic/x", "git branch topic/x; git pack-refs --all",
                "git branch topic/x; git config core.bare true",
                "git branch topic/x; git config core.logallrefupdates false; rm -r .git/logs"};

        for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
                struct run run = {0};
                _cleanup_free_ char *script = xasprintf("%s; ", base), *setup = xasprintf("cd repo; %s", setups[i]);

                scratch_init(&run.s, script);
                scratch_candidate(&run.s, edit, run.tree);
                scratch_sh(&run.s, setup);
                check_and_commit(&run);
                land(&run, "refs/heads/topic/x");
                expect_landed(&run, "topic/x");
                expect(&run, "git -C repo rev-parse main", run.s.base);
                run_release(&run);
        }
}

static void held(const char *setup, enum err_code code, const char *why)
{
        struct run run = {0};
        _cleanup_free_ char *script = xasprintf("cd repo; %s", setup);

        scratch_init(&run.s, base);
        make_commit(&run, edit);
        scratch_sh(&run.s, script);
        _cleanup_free_ char *before = fingerprint(&run);
        int result = prepare(&run, "refs/heads/main");

        if (result == 0)
                result = landing_execute(run.landing, &run.s.err);
        cr_expect_eq(result, -1, "%s", setup);
        cr_expect_eq(run.s.err.code, code, "%s: %s", setup, run.s.err.message);
        cr_expect_not_null(strstr(run.s.err.message, why), "%s: %s", setup, run.s.err.message);
        _cleanup_free_ char *after = fingerprint(&run);

        cr_expect_str_eq(before, after, "%s", setup);
        run_release(&run);
}

Test(landing, what_is_in_the_way_is_named_and_nothing_moves)
{
        held("echo x >> a", ERR_HELD, "a has local changes");
        held("chmod +x a", ERR_HELD, "a has local changes");
        held("echo x >> a; git add a", ERR_HELD, "a has staged changes");
        held("rm gone", ERR_HELD, "gone was deleted locally");
        held("echo x > n", ERR_HELD, "n is untracked");
        held("echo x > d/e/extra", ERR_HELD, "d/e/extra is untracked");
        held("mv d elsewhere; ln -s elsewhere d", ERR_HELD, "d is untracked");
        held("git update-index --split-index", ERR_HELD, "split");
        held("git checkout -q -b other; git worktree add -q ../wt main", ERR_HELD, "another worktree");
        held("echo $(git rev-parse HEAD) > .git/MERGE_HEAD", ERR_HELD, "finish or abort it, then approve the run");
        held("git commit -q --allow-empty -m moved", ERR_CONFLICT, "moved");
        held("touch .git/refs/heads/main.lock", ERR_BUSY, "main.lock");
        held("touch .git/index.lock", ERR_BUSY, "index.lock");
}

Test(landing, a_ref_that_moves_after_prepare_is_a_conflict_without_residue)
{
        struct run run = {0};

        scratch_init(&run.s, base);
        make_commit(&run, edit);
        cr_assert_eq(prepare(&run, "refs/heads/main"), 0, "%s", run.s.err.message);
        scratch_sh(&run.s, "cd repo; git commit -q --allow-empty -m moved");
        _cleanup_free_ char *before = fingerprint(&run);

        cr_assert_eq(landing_execute(run.landing, &run.s.err), -1);
        cr_assert_eq(run.s.err.code, ERR_CONFLICT);
        _cleanup_free_ char *after = fingerprint(&run);

        cr_assert_str_eq(before, after);
        run_release(&run);
}

Test(landing, index_versions_and_many_entries)
{
        for (int version = 2; version <= 4; version++) {
                struct run run = {0};
                _cleanup_free_ char *setup =
                        xasprintf("cd repo; git update-index --index-version %d; git ls-files -s > ../before", version);

                scratch_init(&run.s, "for i in $(seq 300); do echo $i > f$i; done; mkdir -p s/t; for i in $(seq 300); "
                                     "do echo $i > s/t/g$i; "
                                     "done; git add -A; git commit -qm one; git update-index --skip-worktree f1");
                make_commit(&run, "rm f2 s/t/g5; echo x > f3; echo y > s/t/g9; mkdir z; echo z > z/z; echo 0 > 0");
                scratch_sh(&run.s, setup);
                land(&run, "refs/heads/main");
                expect_landed(&run, "main");
                expect(&run, "git -C repo status --porcelain; cd repo; git write-tree", run.tree);
                expect(&run, "cd repo; git ls-files -v f1; git fsck --strict 2>&1 | head -3", "S f1");
                run_release(&run);
        }
}

static void do_recover(struct run *run)
{
        _cleanup_strv_ struct strv left = {0};
        enum landing_found found;

        landing_recover(run->s.repo, run->intent, &found, &left, &run->s.err);
}

/* Killed at step n, recovery killed at step m, recovered for good. Returns whether the first kill happened at all. */
static bool crash_and_recover(const char *ref, const char *setup, const char *script, int n, int m)
{
        struct run run = {0};
        _cleanup_strv_ struct strv left = {0};
        enum landing_found found;
        _cleanup_free_ char *show = xasprintf("git -C repo rev-parse %s", ref);

        scratch_init(&run.s, base);
        make_commit(&run, script);
        scratch_sh(&run.s, setup);
        _cleanup_free_ char *before = fingerprint(&run);

        cr_assert_eq(prepare(&run, ref), 0, "%s", run.s.err.message);
        bool died = dies_at(n, do_execute, &run);

        if (m)
                dies_at(m, do_recover, &run);
        cr_assert_eq(landing_recover(run.s.repo, run.intent, &found, &left, &run.s.err), 0, "%d: %s", n,
                     run.s.err.message);
        _cleanup_free_ char *value = scratch_out(&run.s, show), *after = fingerprint(&run);

        cr_expect_eq(found, strcmp(value, run.commit) == 0 ? LANDING_FINISHED : LANDING_CLEANED, "step %d", n);
        if (found == LANDING_FINISHED) {
                expect_landed(&run, ref);
                expect(&run, "git -C repo status --porcelain", "");
        } else {
                cr_expect_str_eq(value, run.s.base, "step %d", n);
                cr_expect_str_eq(before, after, "step %d left something", n);
        }
        run_release(&run);
        return died;
}

Test(landing, a_kill_at_any_step_of_a_checked_out_landing_is_recovered, .timeout = 300)
{
        int n = 1;

        while (crash_and_recover("refs/heads/main", "true", edit, n, 0))
                n++;
        cr_assert_gt(n, 15);
        for (n = 2; crash_and_recover("refs/heads/main", "true", edit, n, 3); n += 3)
                ;
}

Test(landing, a_kill_at_any_step_of_a_packed_ref_landing_is_recovered, .timeout = 300)
{
        const char *setup = "cd repo; git branch topic/deep/x; git pack-refs --all; rm -rf .git/refs/heads/topic "
                            ".git/logs/refs/heads/topic";
        int n = 1;

        while (crash_and_recover("refs/heads/topic/deep/x", setup, edit, n, n % 3))
                n++;
        cr_assert_gt(n, 8);
}

Test(landing, a_kill_at_any_step_of_a_landing_of_many_objects_is_recovered, .timeout = 300)
{
        int n = 1;

        while (crash_and_recover("refs/heads/side", "git -C repo branch side", many, n, n % 2 ? 0 : 2))
                n++;
        cr_assert_gt(n, 6);
}

/* Between crash and recovery a person commits the same content where it is there: git touches the object that it finds. */
static bool crash_and_share(int n, int *shared)
{
        struct run run = {0};
        _cleanup_strv_ struct strv left = {0};
        enum landing_found found;

        scratch_init(&run.s, base);
        scratch_sh(&run.s, "git -C repo branch side");
        make_commit(&run, edit);
        cr_assert_eq(prepare(&run, "refs/heads/side"), 0, "%s", run.s.err.message);
        bool died = dies_at(n, do_execute, &run);
        _cleanup_free_ char *there = scratch_out(
                &run.s, "cd repo; git cat-file -e $(echo n | git hash-object --stdin) 2>/dev/null && echo yes || true");

        scratch_sh(&run.s, "cd repo; echo n > mine; git add mine; git commit -qm mine");
        *shared += died && strcmp(there, "yes") == 0;
        cr_assert_eq(landing_recover(run.s.repo, run.intent, &found, &left, &run.s.err), 0, "%s", run.s.err.message);
        expect(&run, "cd repo; git show HEAD:mine; git fsck --strict 2>&1 | grep -v dangling || true", "n");
        run_release(&run);
        return died;
}

Test(landing, what_somebody_else_needs_by_now_is_not_taken_back, .timeout = 300)
{
        int n = 1, shared = 0;

        while (crash_and_share(n, &shared))
                n++;
        cr_assert_gt(shared, 1);
}

static const struct run *editing;

static void edit_when_the_ref_has_moved(const char *step)
{
        if (strcmp(step, "ref moved") == 0)
                scratch_sh(&editing->s, "echo mine > repo/a");
}

Test(landing, a_file_edited_at_the_last_moment_is_left_alone_and_named)
{
        struct run run = {0};

        scratch_init(&run.s, base);
        make_commit(&run, edit);
        cr_assert_eq(prepare(&run, "refs/heads/main"), 0, "%s", run.s.err.message);
        editing = &run;
        landing_step_hook = edit_when_the_ref_has_moved;
        cr_assert_eq(landing_execute(run.landing, &run.s.err), 0, "%s", run.s.err.message);
        landing_step_hook = NULL;
        cr_assert_eq(landing_left(run.landing)->len, 1);
        cr_assert_str_eq(landing_left(run.landing)->items[0], "a");
        expect_landed(&run, "main");
        expect(&run, "cat repo/a; git -C repo status --porcelain", "mine\n M a");
        run_release(&run);
}
