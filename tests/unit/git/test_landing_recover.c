/* SPDX-License-Identifier: Apache-2.0 */
/* What people and git do between a crash and its recovery: worktrees, gc, locks removed by hand, edits. */
#include "tests/unit/git/landing_fixture.h"

static const char base[] = "echo a > a; echo b > b; git add -A; git commit -qm one";
static const char edit[] = "echo more >> a; echo more >> b; echo n > n";

static void start(struct run *run)
{
        *run = (struct run){0};
        scratch_init(&run->s, base);
        make_commit(run, edit);
}

/* Dead at `step`, with the handle that is open: then `meanwhile`, then recovery in a handle of its own on `gitdir`. */
static enum landing_found die_and_recover(struct run *run, const char *ref, const char *step, const char *meanwhile,
                                          struct strv *left)
{
        _cleanup_repo_ struct repo *fresh = NULL;
        enum landing_found found = LANDING_CLEANED;

        cr_assert_eq(prepare(run, ref), 0, "%s", run->s.err.message);
        cr_assert(dies_when(step, do_execute, run));
        scratch_sh(&run->s, meanwhile);
        cr_assert_eq(repo_open(run->s.gitdir, &fresh, &run->s.err), 0, "%s", run->s.err.message);
        cr_assert_eq(landing_recover(fresh, run->intent, &found, left, &run->s.err), 0, "%s: %s", meanwhile,
                     run->s.err.message);
        return found;
}

static void use_handle(struct run *run, const char *gitdir)
{
        repo_free(run->s.repo);
        run->s.repo = NULL;
        cr_assert_eq(repo_open(gitdir, &run->s.repo, &run->s.err), 0, "%s", run->s.err.message);
}

/* `elsewhere`: it lands from the linked worktree, and is recovered from the main one; else the other way round. */
static void across(bool elsewhere, const char *step, enum landing_found expected)
{
        struct run run = {0};
        _cleanup_strv_ struct strv left = {0};
        const char *status = elsewhere ? "git -C w status --porcelain" : "git -C repo status --porcelain";
        const char *log = elsewhere ? "git -C w reflog -1 --format=%gs" : "git -C repo reflog -1 --format=%gs";

        scratch_init(&run.s, base);
        scratch_candidate(&run.s, edit, run.tree);
        scratch_sh(&run.s, "cd repo; git branch side; git worktree add -q ../w side");
        _cleanup_free_ char *linked = xasprintf("%s/repo/.git/worktrees/w", run.s.folder), *before = NULL;

        before = scratch_out(&run.s, log);
        if (elsewhere) {
                free(run.s.gitdir);
                run.s.gitdir = xstrdup(linked);
        }
        check_and_commit(&run);
        cr_assert_eq(prepare(&run, elsewhere ? "refs/heads/side" : "refs/heads/main"), 0, "%s", run.s.err.message);
        cr_assert(dies_when(step, do_execute, &run));
        _cleanup_free_ char *other = elsewhere ? xasprintf("%s/repo/.git", run.s.folder) : xstrdup(linked);
        enum landing_found found;

        use_handle(&run, other);
        cr_assert_eq(landing_recover(run.s.repo, run.intent, &found, &left, &run.s.err), 0, "%s", run.s.err.message);
        cr_expect_eq(found, expected, "%s", step);
        cr_expect_eq(left.len, 0);
        expect(&run, status, "");
        expect(&run, "find repo/.git -name '*.lock' -o -name '*cupel*'", "");
        expect(&run, log, expected == LANDING_FINISHED ? "cupel: run run-1" : before);
        run_release(&run);
}

Test(landing_recover, another_worktree_finishes_and_undoes_a_landing_of_this_one)
{
        for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
                across(elsewhere, "ref moved", LANDING_FINISHED);
                across(elsewhere, "index written", LANDING_FINISHED);
                across(elsewhere, "HEAD logged", LANDING_CLEANED);
                across(elsewhere, "index locked", LANDING_CLEANED);
        }
}

static void from_a_worktree_that_went(const char *how)
{
        struct run run = {0};
        _cleanup_strv_ struct strv left = {0};
        enum landing_found found;

        scratch_init(&run.s, base);
        scratch_candidate(&run.s, edit, run.tree);
        scratch_sh(&run.s, "cd repo; git branch side; git worktree add -q ../w side");
        _cleanup_free_ char *linked = xasprintf("%s/repo/.git/worktrees/w", run.s.folder), *main_one = run.s.gitdir;

        run.s.gitdir = xstrdup(linked);
        check_and_commit(&run);
        cr_assert_eq(prepare(&run, "refs/heads/side"), 0, "%s", run.s.err.message);
        cr_assert(dies_when("ref moved", do_execute, &run));
        scratch_sh(&run.s, how);
        use_handle(&run, main_one);
        cr_assert_eq(landing_recover(run.s.repo, run.intent, &found, &left, &run.s.err), 0, "%s", run.s.err.message);
        cr_expect_eq(found, LANDING_FINISHED);
        expect(&run, "git -C repo status --porcelain; git -C repo rev-parse side", run.commit);
        expect(&run, "find repo/.git -name '*.lock' -o -name '*cupel*'", "");
        run_release(&run);
}

Test(landing_recover, a_worktree_that_is_gone_is_nothing_to_bring_forward)
{
        from_a_worktree_that_went("rm -r w; rm -r repo/.git/worktrees/w");
        from_a_worktree_that_went("rm -r w");
        from_a_worktree_that_went("rm -r w; rm -r repo/.git/worktrees/w/*");
}

/* An intent of before does not say where it landed from: whoever recovers it is taken for that. */
Test(landing_recover, an_intent_without_its_folder_is_read)
{
        struct run run;
        enum landing_found found;
        _cleanup_strv_ struct strv left = {0};

        start(&run);
        cr_assert_eq(prepare(&run, "refs/heads/main"), 0, "%s", run.s.err.message);
        char *field = strstr(run.intent, "\"gitdir\":"), *after = field ? strchr(field, ',') : NULL;

        cr_assert(field && after);
        memmove(field, after + 1, strlen(after));
        cr_assert(dies_when("ref moved", do_execute, &run));
        cr_assert_eq(landing_recover(run.s.repo, run.intent, &found, &left, &run.s.err), 0, "%s", run.s.err.message);
        cr_expect_eq(found, LANDING_FINISHED);
        expect_landed(&run, "main");
        expect(&run, "git -C repo status --porcelain", "");
        run_release(&run);
}

static void told(const char *setup, const char *step, const char *meanwhile, enum landing_found expected)
{
        struct run run;
        _cleanup_strv_ struct strv left = {0};
        _cleanup_free_ char *script = xasprintf("cd repo; %s", meanwhile);

        start(&run);
        scratch_sh(&run.s, setup);
        enum landing_found found = die_and_recover(&run, "refs/heads/main", step, script, &left);

        cr_expect_eq(found, expected, "%s, %s", step, meanwhile);
        expect(&run, "find repo/.git -name '*.lock' -o -name '*cupel*'", "");
        run_release(&run);
}

#define UNLOCK "rm -f .git/index.lock .git/refs/heads/main.lock; "
#define COMMIT "git reset -q --hard; echo mine > mine; git add mine; git commit -qm mine; "
#define PACK "git gc -q --prune=now; "

Test(landing_recover, history_says_whether_it_landed)
{
        told("true", "ref moved", UNLOCK COMMIT, LANDING_FINISHED);
        told("true", "ref moved", UNLOCK COMMIT PACK, LANDING_FINISHED);
        told("true", "ref moved", UNLOCK COMMIT "git reset -q --hard HEAD~2; " PACK, LANDING_FINISHED);
        told("true", "ref moved", UNLOCK "git reset -q --hard HEAD~1; " COMMIT, LANDING_FINISHED);
        told("true", "objects published", UNLOCK COMMIT, LANDING_CLEANED);
        told("true", "HEAD logged", UNLOCK COMMIT, LANDING_CLEANED);
        told("true", "HEAD logged", UNLOCK COMMIT PACK, LANDING_CLEANED);
        told("true", "HEAD logged", UNLOCK, LANDING_CLEANED);
        told("rm -r repo/.git/logs; git -C repo config core.logallrefupdates false", "ref moved", UNLOCK COMMIT PACK,
             LANDING_FINISHED);
}

/* Without a log, as bare repositories are, a ref that was put back cannot be told from one that never moved. */
Test(landing_recover, a_ref_put_back_without_a_log_counts_as_not_landed)
{
        told("rm -r repo/.git/logs; git -C repo config core.logallrefupdates false", "ref moved",
             UNLOCK "git reset -q --hard HEAD~1", LANDING_CLEANED);
}

Test(landing_recover, a_file_edited_before_the_recovery_is_left_alone_and_named)
{
        struct run run;
        _cleanup_strv_ struct strv left = {0};

        start(&run);
        enum landing_found found = die_and_recover(&run, "refs/heads/main", "ref moved", "echo mine > repo/a", &left);

        cr_expect_eq(found, LANDING_FINISHED);
        cr_assert_eq(left.len, 1);
        cr_expect_str_eq(left.items[0], "a");
        expect_landed(&run, "main");
        expect(&run, "cat repo/a; git -C repo status --porcelain", "mine\n M a");
        run_release(&run);
}

static void unlocked(const char *step, const char *meanwhile, const char *expected_left, const char *status)
{
        struct run run;
        _cleanup_strv_ struct strv left = {0};
        _cleanup_free_ char *script = xasprintf("cd repo; %s", meanwhile);
        _cleanup_str_ struct str names = {0};

        start(&run);
        cr_expect_eq(die_and_recover(&run, "refs/heads/main", step, script, &left), LANDING_FINISHED);
        for (size_t i = 0; i < left.len; i++)
                str_printf(&names, "%s;", left.items[i]);
        cr_expect(*expected_left ? strncmp(str_text(&names), expected_left, strlen(expected_left)) == 0 : left.len == 0,
                  "%s, %s: %s", step, meanwhile, str_text(&names));
        expect(&run, "cd repo; git branch --show-current; git status --porcelain", status);
        expect(&run, "find repo/.git -name '*cupel*'", "");
        run_release(&run);
}

#define UNLOCK_INDEX "rm .git/index.lock; git status >/dev/null; "

Test(landing_recover, a_checkout_whose_lock_was_removed_by_hand_follows_or_is_named)
{
        unlocked("ref moved", UNLOCK_INDEX, "", "main");
        unlocked("index written", UNLOCK_INDEX, "", "main");
        unlocked("ref moved", UNLOCK_INDEX "echo mine > a", "a;", "main\n M a");
        unlocked("ref moved", UNLOCK_INDEX "echo mine > a; git add a", "a;b;n;", "main\nM  a\nM  b\nD  n");
        unlocked("ref moved", UNLOCK_INDEX "touch .git/index.lock", "the checkout (somebody else holds ",
                 "main\nM  a\nM  b\nD  n");
        /* Another branch is none of it. */
        unlocked("ref moved", UNLOCK_INDEX "git reset -q --hard; git checkout -q -b other", "", "other");
        unlocked("ref moved",
                 UNLOCK_INDEX "git update-ref refs/heads/other main~1; git symbolic-ref HEAD refs/heads/other", "",
                 "other");
        /* It was finished: what its user did since is nobody's to undo. */
        unlocked("index unlocked", "echo mine > a", "", "main\n M a");
}
