/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a resumed run begins with, laid from objects that git made; and that nothing of what an agent could have put there gets
 * anywhere else.
 */
#include "director/resumed.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct director d;
static struct err err;

/* The trimmed output of a shell command that must succeed, run in the test's folder. */
static char *sh(const char *script)
{
        _cleanup_free_ char *command = xasprintf("cd %s && export HOME=%s GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=T "
                                                 "GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=T "
                                                 "GIT_COMMITTER_EMAIL=t@t && set -e && %s",
                                                 folder, folder, script);
        _cleanup_str_ struct str text = {0};
        FILE *pipe = popen(command, "r");

        cr_assert_eq(fs_read_fd(fileno(pipe), 1 << 20, &text, &err), 0, "%s", err.message);
        cr_assert_eq(pclose(pipe), 0, "%s", script);
        while (text.len && text.data[text.len - 1] == '\n')
                text.data[--text.len] = '\0';
        return str_steal(&text);
}

#define SH(script) free(sh(script))

static void begin(void)
{
        _cleanup_free_ char *gitdir = NULL, *run = NULL, *tree = NULL;

        snprintf(folder, sizeof(folder), "/tmp/cupel-resumed-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        SH("git init -q -b main repo && cd repo && mkdir d && echo one > a && echo two > d/b && echo gone > d/c && git "
           "add -A && "
           "git commit -qm base && mkdir -p ../run");
        d = (struct director){.run_fd = -1, .state_fd = -1};
        plan_init(&d.plan);
        gitdir = xasprintf("%s/repo/.git", folder);
        run = xasprintf("%s/run", folder);
        tree = sh("git -C repo rev-parse 'HEAD^{tree}'");
        snprintf(d.base_tree, sizeof(d.base_tree), "%s", tree);
        d.run_folder = steal_ptr(&run);
        d.run_fd = open(d.run_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d.has_plan = true;
        cr_assert_eq(repo_open(gitdir, &d.repo, &err), 0, "%s", err.message);
}

static void end(void)
{
        repo_free(d.repo);
        plan_release(&d.plan);
        close(d.run_fd);
        free(d.run_folder);
        SH("chmod -R u+rwX . && rm -rf \"$PWD\"");
}

TestSuite(resumed, .init = begin, .fini = end);

/*
 * `script` changes a clone; what it comes to is the checkpoint's tree, its new objects are in run/resumed/objects. `state`: a folder
 * of the clone that is a tree of its own, and no part of the other.
 */
static void checkpoint(const char *script, const char *state)
{
        _cleanup_free_ char *whole = xasprintf(
                "rm -rf work run/resumed && git clone -q --no-hardlinks repo work && mkdir -p run/resumed/objects && "
                "cd work && "
                "export GIT_OBJECT_DIRECTORY=$PWD/../run/resumed/objects "
                "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/../repo/.git/objects "
                "&& { %s; } && state='' && if [ -n '%s' ]; then mv '%s' ../state && state=$(cd ../state && "
                "GIT_DIR=$OLDPWD/.git GIT_WORK_TREE=. GIT_INDEX_FILE=../state.index sh -c 'git add -A && git "
                "write-tree'); fi && "
                "git add -A && tree=$(git write-tree) && printf '{\"run\":\"r\",\"step\":1,\"tree\":\"%%s\"' $tree "
                ">../run/resumed/resumed.json && if [ -n \"$state\" ]; then printf ',\"state\":\"%%s\"' $state "
                ">>../run/resumed/resumed.json; fi && echo '}' >>../run/resumed/resumed.json",
                script, state, state);

        SH(whole);
        if (state[0])
                d.plan.checkpoint.state = xstrdup(state);
}

static int lay(void)
{
        err = (struct err)ERR_INIT;
        return resumed_lay(&d, &err);
}

static void laid(void)
{
        cr_assert_eq(lay(), 0, "%s", err.message);
}

static void refused(const char *expected)
{
        cr_assert_lt(lay(), 0, "%s", expected);
        cr_assert_eq(err.code, ERR_REFUSED, "%s", err.message);
        cr_assert_not_null(strstr(err.message, expected), "%s", err.message);
}

static void has(const char *path, const char *text)
{
        _cleanup_free_ char *whole = xasprintf("%s/run/resumed/tree/%s", folder, path);
        _cleanup_str_ struct str bytes = {0};

        cr_assert_eq(fs_read_at(AT_FDCWD, whole, 4096, &bytes, &err), 0, "%s: %s", path, err.message);
        cr_assert_str_eq(str_text(&bytes), text, "%s", path);
}

static bool is_there(const char *path)
{
        return faccessat(d.run_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Test(resumed, a_run_that_was_not_resumed_has_nothing_laid)
{
        laid();
        cr_assert_not(is_there("resumed"));
}

Test(resumed, the_changes_of_the_checkpoint_are_laid_and_nothing_else)
{
        struct stat st;

        checkpoint("echo more >> a && mkdir x && echo new > x/y && chmod +x x/y && rm d/c && ln -s a link", "");
        laid();
        has("a", "one\nmore\n");
        has("x/y", "new\n");
        cr_assert(fstatat(d.run_fd, "resumed/tree/x/y", &st, 0) == 0 && (st.st_mode & 0111), "executable");
        cr_assert(fstatat(d.run_fd, "resumed/tree/link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
        cr_assert_not(is_there("resumed/tree/d/b"), "the base has it");
        cr_assert(is_there("resumed/tree/d/c"), "a whiteout");
        cr_assert_not(is_there("resumed/tree/.git"));
}

Test(resumed, what_an_earlier_attempt_laid_is_gone)
{
        checkpoint("echo more >> a", "");
        SH("mkdir -p run/resumed/tree && echo old > run/resumed/tree/old");
        laid();
        cr_assert_not(is_there("resumed/tree/old"));
        has("a", "one\nmore\n");
}

Test(resumed, the_state_comes_to_its_place_as_it_was)
{
        checkpoint("echo more >> a && mkdir -p deep/er && echo weights > deep/er/w && echo '* text eol=crlf' > "
                   "deep/er/.gitattributes",
                   "deep/er");
        laid();
        has("deep/er/w", "weights\n");
        has("a", "one\nmore\n");
        cr_assert_not(is_there("resumed/state"));
}

Test(resumed, a_state_that_nothing_declares_stays_away)
{
        checkpoint("mkdir s && echo w > s/w", "s");
        free(d.plan.checkpoint.state);
        d.plan.checkpoint.state = NULL;
        laid();
        cr_assert_not(is_there("resumed/tree/s"));
}

Test(resumed, a_link_above_the_state_leads_nowhere)
{
        checkpoint("mkdir s && echo w > s/w", "s");
        free(d.plan.checkpoint.state);
        d.plan.checkpoint.state = xstrdup("out/s");
        SH("mkdir outside && cd work && ln -s ../../../outside out && export "
           "GIT_OBJECT_DIRECTORY=$PWD/../run/resumed/objects "
           "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/../repo/.git/objects && git add -A && tree=$(git write-tree) && "
           "sed -i \"s/\\\"tree\\\":\\\"[0-9a-f]*/\\\"tree\\\":\\\"$tree/\" ../run/resumed/resumed.json");
        cr_assert_lt(lay(), 0);
        cr_assert_eq(err.code, ERR_REFUSED, "%s", err.message);
        free(sh("test -z \"$(ls outside)\""));
}

/* ---- What an agent could have left there ---- */

/* The record's `key` becomes a tree object of one entry, as git itself would refuse to write it. */
static void forge(const char *key, const char *mode, const char *name)
{
        _cleanup_free_ char *script =
                xasprintf("export GIT_OBJECT_DIRECTORY=$PWD/run/resumed/objects && blob=$(echo x | git -C repo "
                          "hash-object -w --stdin) && "
                          "tree=$(python3 -c 'import sys; sys.stdout.buffer.write(b\"%s %s\\0\" + "
                          "bytes.fromhex(sys.argv[1]))' $blob | "
                          "git -C repo hash-object -t tree -w --literally --stdin) && "
                          "sed -i \"s/\\\"%s\\\":\\\"[0-9a-f]*/\\\"%s\\\":\\\"$tree/\" run/resumed/resumed.json",
                          mode, name, key, key);

        SH(script);
}

static void forged_tree(const char *mode, const char *name)
{
        checkpoint(":", "");
        forge("tree", mode, name);
}

Test(resumed, names_and_modes_that_no_candidate_may_have_are_refused)
{
        forged_tree("100644", ".git");
        refused(".git");
        forged_tree("100644", "..");
        refused("checkpoint 1 of r");
        forged_tree("104755", "setuid");
        refused("setuid");
        cr_assert_not(is_there("resumed/tree"), "nothing is made of it");
}

Test(resumed, an_object_that_is_another_than_its_name_says_is_refused)
{
        checkpoint("echo more >> a", "");
        SH("object=$(find run/resumed/objects -type f | head -1) && other=$(find repo/.git/objects -type f | head -1) "
           "&& "
           "chmod u+w $object && cat $other > $object");
        cr_assert_lt(lay(), 0);
        cr_assert_eq(err.code, ERR_REFUSED, "%s", err.message);
        cr_assert_not(is_there("resumed/tree"));
}

Test(resumed, an_object_that_is_missing_is_refused)
{
        checkpoint("echo more >> a", "");
        SH("rm \"$(find run/resumed/objects -type f | head -1)\"");
        cr_assert_lt(lay(), 0);
        cr_assert_not(is_there("resumed/tree"));
}

Test(resumed, a_state_is_checked_like_everything_else)
{
        checkpoint("mkdir s && echo w > s/w", "s");
        forge("state", "104755", "w");
        refused("the checkpoint's state");
        cr_assert_not(is_there("resumed/tree/s"));
}

Test(resumed, a_record_of_another_form_is_none)
{
        static const char *const texts[] = {"", "[]", "{}", "{\"run\":1,\"step\":1,\"tree\":\"x\"}",
                                            "{\"run\":\"r\",\"step\":1,\"tree\":\"x\",\"more\":1}"};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_free_ char *script = xasprintf("printf '%%s' '%s' > run/resumed/resumed.json", texts[i]);

                checkpoint(":", "");
                SH(script);
                cr_assert_lt(lay(), 0, "%s", texts[i]);
                cr_assert_not(is_there("resumed/tree"));
        }
}
