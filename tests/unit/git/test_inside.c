/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a throw-away .git: uppers as an overlay leaves them, written by hand, over a lower with git's own files. */
#include "lib/git/inside.h"

#include "lib/base/cleanup.h"
#include "lib/git/repo.h"
#include "tests/unit/git/layer_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct repo *repo;
static char base[GIT_HEX];
static struct strv lowers;
static struct inside inside;

/* The lower is the throw-away .git as a step finds it; the clone `inner` is where a script does what an agent would. */
static void setup(void)
{
        struct err err = ERR_INIT;
        char *gitdir = NULL, *ref = NULL;

        scratch_make();
        cr_assert_eq(
                sh("echo a > a; git add a; git commit -qm one; echo b >> a; git commit -qam two; git clone -q . "
                   "$T/inner; "
                   "cd $T/inner; git checkout -qb work; git branch -qD main; git remote remove origin; rm -rf "
                   ".git/hooks "
                   ".git/logs; git config user.name T; git config user.email t@t; cp -a . $T/lower; mkdir -p $T/upper"),
                0);
        gitdir = xasprintf("%s/repo/.git", scratch);
        cr_assert(git_start(&err) == 0 && repo_open(gitdir, &repo, &err) == 0, "%s", err.message);
        cr_assert(repo_resolve_target(repo, NULL, &ref, base, &err) == 0);
        strv_take(&lowers, xasprintf("%s/lower", scratch));
        free(gitdir);
        free(ref);
}

static void teardown(void)
{
        inside_release(&inside);
        strv_release(&lowers);
        repo_free(repo);
        scratch_remove();
}

static void look(void)
{
        const struct inside_options options = {.base = base, .lowers = &lowers};
        _cleanup_free_ char *path = xasprintf("%s/upper", scratch);
        int fd = open(path, O_RDONLY | O_DIRECTORY);

        inside_release(&inside);
        inside_look(repo, fd, &options, &inside);
        close(fd);
}

/* Runs the script in `inner`; what it changed below .git, and what it removed, becomes the upper. */
static void after(const char *script)
{
        cr_assert_eq(sh("cd $T/inner; %s", script), 0, "%s", script);
        cr_assert_eq(sh("cd $T/inner; rm -rf $T/upper; mkdir -p $T/upper; find .git -type f | while read -r f; do cmp "
                        "-s \"$f\" "
                        "\"$T/lower/$f\" || { mkdir -p \"$T/upper/$(dirname \"$f\")\"; cp -p \"$f\" \"$T/upper/$f\"; "
                        "}; done; "
                        "cd $T/lower; find .git -type f | while read -r f; do [ -e \"$T/inner/$f\" ] || { mkdir -p "
                        "\"$T/upper/$(dirname \"$f\")\"; mknod \"$T/upper/$f\" c 0 0; }; done"),
                     0);
        look();
}

static const char *told(const char *start)
{
        for (size_t i = 0; i < inside.actions.len; i++)
                if (strncmp(inside.actions.items[i], start, strlen(start)) == 0)
                        return inside.actions.items[i];
        return NULL;
}

#define TOLD(start)                                                                                                    \
        cr_assert(told(start), "\"%s\" was not told; first of %zu: %s", start, inside.actions.len,                     \
                  inside.actions.len ? inside.actions.items[0] : "nothing")

Test(inside, ordinary_use_is_not_told, .init = setup, .fini = teardown)
{
        after("echo c >> a; git status >/dev/null; git diff >/dev/null; git add -A; git log >/dev/null; git stash -q; "
              "git stash "
              "pop -q; git reset -q; git checkout -q -- a; echo c >> a; git add a; touch .git/config");
        cr_assert_eq(inside.actions.len, 0, "%s", inside.actions.len ? inside.actions.items[0] : "");
}

Test(inside, commits_branches_tags_and_stashes_are, .init = setup, .fini = teardown)
{
        after("echo c >> a; git commit -qam inner; git branch side; git tag v1; echo d >> a; git stash -q");
        cr_assert_eq(inside.actions.len, 4, "%zu", inside.actions.len);
        TOLD("commit ");
        cr_assert(strstr(told("commit "), " on branch work") || strstr(told("commit "), " on branch side"));
        TOLD("make tag v1");
        TOLD("stash as ");
}

Test(inside, a_branch_a_reset_and_a_detached_head_are, .init = setup, .fini = teardown)
{
        after("git checkout -q -b topic; git branch -f work HEAD~1; git checkout -q --detach");
        TOLD("make branch topic");
        TOLD("reset to ");
        TOLD("check out ");
        cr_assert_null(told("commit"), "%s", told("commit"));
}

Test(inside, a_commit_that_was_left_again_is, .init = setup, .fini = teardown)
{
        after("echo c >> a; git commit -qam inner; git reset -q --hard HEAD~1");
        cr_assert_eq(inside.actions.len, 1, "%zu", inside.actions.len);
        TOLD("commit ");
}

Test(inside, packed_refs_are_read_and_a_removed_branch_is_told, .init = setup, .fini = teardown)
{
        after("git tag v2; git pack-refs --all");
        cr_assert_eq(inside.actions.len, 1, "%zu %s", inside.actions.len, inside.actions.items[1]);
        TOLD("make tag v2");
        after("git checkout -q --detach; rm .git/packed-refs; rm -f .git/refs/heads/work");
        if (geteuid() == 0)
                TOLD("remove branch work");
}

Test(inside, settings_are_told_by_name_never_by_value, .init = setup, .fini = teardown)
{
        after("git config core.hooksPath /tmp/hooks; git remote add origin https://u:secret@example.com/r.git; git "
              "config "
              "user.name T");
        TOLD("set in .git/config: core.hooksPath");
        TOLD("set in .git/config: remote.origin.url");
        cr_assert_null(told("set in .git/config: user.name"));
        for (size_t i = 0; i < inside.actions.len; i++)
                cr_assert_null(strstr(inside.actions.items[i], "secret"));
}

Test(inside, hooks_excludes_worktrees_and_alternates_are, .init = setup, .fini = teardown)
{
        after("mkdir -p .git/hooks .git/info; echo x > .git/hooks/pre-commit; echo x > .git/hooks/a.sample; echo '*' "
              ">> "
              ".git/info/exclude; echo /etc > .git/objects/info/alternates; git worktree add -q $T/wt 2>/dev/null");
        TOLD("write .git/hooks/pre-commit");
        TOLD("change .git/info/exclude");
        TOLD("write .git/objects/info/alternates");
        TOLD("write .git/worktrees/wt");
        cr_assert_null(told("write .git/hooks/a.sample"));
}

Test(inside, names_that_mean_no_good_are_quoted_and_links_not_followed, .init = setup, .fini = teardown)
{
        cr_assert_eq(
                sh("cd $T/upper; mkdir -p .git/refs/heads .git/hooks .git/logs/HEAD; evil=$(printf 'e\\033[31mvil'); "
                   "echo 1111111111111111111111111111111111111111 > \".git/refs/heads/$evil\"; ln -s /etc/passwd "
                   ".git/HEAD; mkfifo .git/config .git/packed-refs; ln -s /etc .git/refs/tags; : > "
                   "\".git/hooks/$(printf '\\377\\376')\""),
                0);
        look();
        for (size_t i = 0; i < inside.actions.len; i++)
                for (const char *at = inside.actions.items[i]; *at; at++)
                        cr_assert((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f, "%s",
                                  inside.actions.items[i]);
        TOLD("commit 111111111111 on branch \"e\\033[31mvil\"");
        TOLD("remove .git/HEAD");
        TOLD("replace .git/config");
        TOLD("write \".git/hooks/\\377");
        cr_assert_eq(inside.actions.len, 4, "%zu", inside.actions.len);
}

Test(inside, a_flood_is_counted, .init = setup, .fini = teardown)
{
        cr_assert_eq(sh("mkdir -p $T/upper/.git/refs/tags; cd $T/upper/.git/refs/tags; for i in $(seq 3000); do echo "
                        "1111111111111111111111111111111111111111 > t$i; done; d=$T/upper/.git/refs/heads; for i in "
                        "$(seq 60); do "
                        "d=$d/d; done; mkdir -p $d; echo x > $d/x"),
                     0);
        look();
        cr_assert_eq(inside.actions.len, INSIDE_ACTIONS_MAX);
        cr_assert_gt(inside.more, 0);
}

static long peak_kib(void)
{
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
}

/* A long section and many short keys: a quarter of a megabyte that would be a gigabyte, were each kept with the section's name. */
Test(inside, a_file_of_settings_does_not_grow_in_memory, .init = setup, .fini = teardown)
{
        const long before = peak_kib();

        cr_assert_eq(sh("mkdir -p $T/upper/.git; { cat $T/lower/.git/config; printf '['; head -c 100000 /dev/zero | tr "
                        "'\\0' q; echo ']'; yes k | head -n 60000; } > $T/upper/.git/config"),
                     0);
        look();
        TOLD("set in .git/config: qqq");
        cr_assert_lt(peak_kib() - before, 200L << 10);
}

Test(inside, a_removed_or_replaced_git_folder_is_one_line, .init = setup, .fini = teardown)
{
        cr_assert_eq(sh("echo 'gitdir: /etc' > $T/upper/.git"), 0);
        look();
        cr_assert_eq(inside.actions.len, 1);
        TOLD("replace .git");
        cr_assert_eq(sh("rm $T/upper/.git"), 0);
        look();
        cr_assert_eq(inside.actions.len, 0);
}
