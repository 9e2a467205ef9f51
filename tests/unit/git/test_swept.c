/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that the real store only happens to have: what a landing does that others' git gc overtakes. */
#include "lib/git/commit.h"
#include "lib/git/landing.h"
#include "tests/unit/git/scratch.h"

/* A branch that is gone since long ago; "loose" or "packed" as the rest of its objects' store. */
static const char base[] = "mkdir -p d/e far; echo a > a; echo b > d/e/b; echo c > d/e/c; echo far > far/away; git add "
                           "-A; git commit -qm one";
static const char gone[] =
        "cd repo; git checkout -qb gone; mkdir n; echo idea > n/x; echo idea >> a; git add -A; git commit -qm x\n"
        "git checkout -q main; git branch -Dq gone; git reflog expire --expire=now --all\n"
        "find .git/objects -type f -exec touch -d '30 days ago' {} +";
static const char same[] = "mkdir n; echo idea > n/x; echo idea >> a";
static const char many[] = "for i in $(seq 150); do echo $i > n/$i; done";

static void keep(struct scratch *s)
{
        _cleanup_free_ char *folder = xasprintf("%s/kept", s->folder);

        cr_assert_eq(quarantine_keep_in(s->q, folder, &s->err), 0, "%s", s->err.message);
}

static void check(struct scratch *s, const char *tree)
{
        scratch_open(s);
        keep(s);
        cr_assert_eq(quarantine_check(s->q, s->base_tree, tree, NULL, NULL, &s->err), 0, "%s", s->err.message);
}

/* The change is checked beside the branch that is gone, of which it has a part. */
static void begin(struct scratch *s, const char *change, char ret_tree[GIT_HEX])
{
        scratch_init(s, base);
        scratch_sh(s, gone);
        scratch_open(s);
        scratch_candidate(s, change, ret_tree);
        check(s, ret_tree);
}

static void land(struct scratch *s, const char *tree)
{
        const struct commit_spec made = {.tree = tree,
                                         .parent = s->base,
                                         .author = {"A", "a@b"},
                                         .committer = {"C", "c@d"},
                                         .time = 1700000000,
                                         .message = "two"};
        char commit[GIT_HEX];
        const struct landing_spec spec = {.ref = "refs/heads/main",
                                          .base = s->base,
                                          .commit = commit,
                                          .run_id = "run-1",
                                          .work_folder = s->folder,
                                          .who_name = "cupel",
                                          .who_mail = "cupel@localhost",
                                          .time = 1700000000};
        struct landing *landing = NULL;

        cr_assert_eq(commit_make(s->q, &made, NULL, commit, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(landing_prepare(s->repo, s->q, &spec, &landing, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(landing_execute(landing, &s->err), 0, "%s", s->err.message);
        landing_free(landing);
}

static void expect_whole(struct scratch *s, const char *tree)
{
        _cleanup_free_ char *fsck = scratch_out(s, "cd repo; git fsck --full --strict --no-dangling 2>&1 || true");
        _cleanup_free_ char *landed = scratch_out(s, "cd repo; git rev-parse main^{tree}; git archive main >/dev/null");

        cr_expect_str_eq(fsck, "", "%s", fsck);
        cr_expect_str_eq(landed, tree);
}

static const char *const sweeps[] = {"git -C repo gc -q --prune=now", "git -C repo prune --expire=now"};

Test(swept, a_commit_lands_whole_after_a_sweep)
{
        const char *const changes[] = {same, xasprintf("%s; %s", same, many)};

        for (size_t i = 0; i < 4; i++) {
                struct scratch s;
                char tree[GIT_HEX];

                begin(&s, changes[i / 2], tree);
                scratch_sh(&s, sweeps[i % 2]);
                land(&s, tree);
                expect_whole(&s, tree);
                scratch_release(&s);
        }
        free((char *)changes[1]);
}

/* As a held run: whoever lands it knows no more than what lies in the folders. */
Test(swept, another_handle_finds_what_was_kept)
{
        for (size_t i = 0; i < 2; i++) {
                struct scratch s;
                char tree[GIT_HEX];

                begin(&s, same, tree);
                scratch_sh(&s, sweeps[i]);
                check(&s, tree);
                land(&s, tree);
                expect_whole(&s, tree);
                scratch_release(&s);
        }
}

Test(swept, what_lies_there_old_is_made_young)
{
        struct scratch s;
        char tree[GIT_HEX];

        begin(&s, same, tree);
        land(&s, tree);
        _cleanup_free_ char *young =
                scratch_out(&s, "cd repo; for o in main:a main:n main:n/x main^{tree}; do o=$(git rev-parse $o); "
                                "find .git/objects/${o:0:2}/${o:2} -mtime -1; done | wc -l");

        cr_expect_str_eq(young, "4");
        expect_whole(&s, tree);
        scratch_release(&s);
}

/* Moved, removed with its folder, copied as a whole: all that stands in the base's folders is held fast by the target's ref. */
Test(swept, what_the_base_has_is_not_copied)
{
        static const char *const changes[] = {"echo more >> a",
                                              "mv d g",
                                              "mv d/e/b b; rm -r d",
                                              "cp -r d g; cp a f",
                                              "mv d/e/b d/z",
                                              "mv a d/e/b; rm -r far",
                                              "rm -r d; mkdir d; echo b > d/b"};

        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                struct scratch s;
                char tree[GIT_HEX];

                scratch_init(&s, base);
                scratch_candidate(&s, changes[i], tree);
                check(&s, tree);
                cr_expect_eq(scratch_try(&s, "test ! -e kept"), 0, "%s", changes[i]);
                land(&s, tree);
                expect_whole(&s, tree);
                scratch_release(&s);
        }
}

/* Only what is in question: of a change beside it nothing is kept but what is of the branch that is gone. */
Test(swept, only_what_is_in_question_is_copied)
{
        struct scratch s;
        char tree[GIT_HEX];

        begin(&s, "mkdir n; echo idea > n/x; mv d g", tree);
        _cleanup_free_ char *kept = scratch_out(&s, "find kept -type f | wc -l");

        cr_expect_str_eq(kept, "2"); /* the folder and the file in it; not the root, which is new */
        scratch_release(&s);
}
