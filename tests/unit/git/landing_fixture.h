/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_GIT_LANDING_FIXTURE_H
#define CUPEL_TESTS_GIT_LANDING_FIXTURE_H

/*
 * One landing on a scratch repository, and a process that dies at a step of it:
 *
 *         struct run run = {0};
 *         scratch_init(&run.s, "echo a > a; git add -A; git commit -qm one");
 *         make_commit(&run, "echo more >> a");                    the candidate, as a commit in the quarantine
 *         land(&run, "refs/heads/main");                          or prepare() and
 *         dies_at(n, do_execute, &run);                           at the nth step; dies_when(): at the step of that name
 *         run_release(&run);
 */

#include "lib/git/commit.h"
#include "lib/git/landing.h"
#include "tests/unit/git/scratch.h"

#include <sys/wait.h>
#include <unistd.h>

struct run {
        struct scratch s;
        char tree[GIT_HEX], commit[GIT_HEX];
        struct landing *landing;
        char *intent;
};

static inline struct landing_spec spec_of(struct run *run, const char *ref)
{
        return (struct landing_spec){.ref = ref,
                                     .base = run->s.base,
                                     .commit = run->commit,
                                     .run_id = "run-1",
                                     .work_folder = run->s.folder,
                                     .who_name = "cupel",
                                     .who_mail = "cupel@localhost",
                                     .time = 1700000000};
}

/* In a fresh handle, as the director does it: the commit lives only as long as that. */
static inline void check_and_commit(struct run *run)
{
        struct scratch *s = &run->s;

        scratch_open(s);
        cr_assert_eq(quarantine_check(s->q, s->base_tree, run->tree, NULL, NULL, &s->err), 0, "%s", s->err.message);
        const struct commit_spec spec = {.tree = run->tree,
                                         .parent = s->base,
                                         .author = {"A", "a@b"},
                                         .committer = {"C", "c@d"},
                                         .time = 1700000000,
                                         .message = "two"};

        cr_assert_eq(commit_make(s->q, &spec, NULL, run->commit, &s->err), 0, "%s", s->err.message);
}

static inline void make_commit(struct run *run, const char *script)
{
        scratch_candidate(&run->s, script, run->tree);
        check_and_commit(run);
}

static inline int prepare(struct run *run, const char *ref)
{
        const struct landing_spec spec = spec_of(run, ref);

        run->s.err = ERR_INIT;
        if (landing_prepare(run->s.repo, run->s.q, &spec, &run->landing, &run->s.err) < 0)
                return -1;
        run->intent = landing_intent_json(run->landing);
        cr_assert_not_null(run->intent);
        return 0;
}

static inline void run_release(struct run *run)
{
        landing_free(run->landing);
        free(run->intent);
        scratch_release(&run->s);
}

static inline void expect(struct run *run, const char *command, const char *expected)
{
        _cleanup_free_ char *out = scratch_out(&run->s, command);

        cr_expect_str_eq(out, expected, "%s: %s, not %s", command, out, expected);
}

static inline void land(struct run *run, const char *ref)
{
        cr_assert_eq(prepare(run, ref), 0, "%s", run->s.err.message);
        cr_assert_eq(landing_execute(run->landing, &run->s.err), 0, "%s", run->s.err.message);
}

static inline void expect_landed(struct run *run, const char *ref)
{
        _cleanup_free_ char *show = xasprintf("git -C repo rev-parse %s", ref);

        expect(run, show, run->commit);
        scratch_sh(&run->s, "cd repo; git fsck --strict >/dev/null 2>&1");
        expect(run,
               "find repo/.git -name '*.lock' -o -name '*cupel*' -o -name 'tmp_*'; find repo -name '.cupel*'; ls -d "
               "landing 2>/dev/null || true",
               "");
}

static int countdown;
static const char *deadly; /* instead of the countdown */

static inline void kill_at(const char *step)
{
        if (deadly ? strcmp(step, deadly) == 0 : --countdown == 0)
                _exit(9);
}

/* Kills `body` at its nth step; false when it ended before. */
static inline bool dies_at(int n, void (*body)(struct run *run), struct run *run)
{
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                countdown = n;
                landing_step_hook = kill_at;
                body(run);
                _exit(0);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) && WEXITSTATUS(status) == 9;
}

static inline bool dies_when(const char *step, void (*body)(struct run *run), struct run *run)
{
        deadly = step;
        bool died = dies_at(0, body, run);

        deadly = NULL;
        return died;
}

static inline void do_execute(struct run *run)
{
        landing_execute(run->landing, &run->s.err);
}

#endif
