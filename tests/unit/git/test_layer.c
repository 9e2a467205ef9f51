/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/layer.h"
#include "tests/unit/git/layer_fixture.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct err err;
static struct repo *repo;
static char *cache, *objects;

static void make(void)
{
        _cleanup_free_ char *gitdir = NULL;

        scratch_make();
        err = ERR_INIT;
        cr_assert_eq(
                sh("mkdir -p d/e f $T/run $T/objects; ln -s $R/.git/objects $T/objects/0; echo 1 >d/e/1; echo 2 >d/2; "
                   "echo x >x; "
                   "ln -s d/2 link; echo '#!/bin/sh' >run; chmod +x run; : >empty; echo n >$(printf 'f/a\\nb\\377'); "
                   "git add .; git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,sub; "
                   "git commit -qm 1"),
                0);
        gitdir = xasprintf("%s/repo/.git", scratch);
        cache = xasprintf("%s/cache", scratch);
        objects = xasprintf("%s/objects", scratch);
        cr_assert_eq(repo_open(gitdir, &repo, &err), 0, "%s", err.message);
}

static void unmake(void)
{
        repo_free(repo);
        free(cache);
        free(objects);
        scratch_remove();
}

TestSuite(layer, .init = make, .fini = unmake, .timeout = 120);

static struct layer_options options(void)
{
        return (struct layer_options){
                .cache_root = cache, .uid = geteuid(), .gid = getegid(), .objects_mount = objects};
}

static int prepare(const char *revision, struct layer_stack *stack)
{
        struct layer_options with = options();
        char commit[GIT_HEX];

        cr_assert_eq(repo_resolve_commit(repo, revision, commit, &err), 0, "%s", err.message);
        return layer_prepare(repo, commit, &with, stack, &err);
}

/* Mounts head and stack and lets git say whether it is a clean checkout of `revision`, byte for byte. */
static void judge(const struct layer_stack *stack, const char *revision)
{
        _cleanup_free_ char *run = xasprintf("%s/run", scratch);
        _cleanup_fd_ int dirfd = fs_open_dir(run, &err);
        _cleanup_str_ struct str lowers = {0};
        char commit[GIT_HEX];

        cr_assert_eq(repo_resolve_commit(repo, revision, commit, &err), 0);
        cr_assert_eq(head_lower_write(dirfd, repo, commit, &err), 0, "%s", err.message);
        str_printf(&lowers, "%s/head", run);
        for (size_t i = 0; i < stack->dirs.len; i++)
                str_printf(&lowers, ":%s", stack->dirs.items[i]);
        cr_assert_eq(
                sh("rm -rf $T/want $T/m; mkdir -p $T/want $T/m; git archive %s | tar x -C $T/want; git ls-tree -r -z "
                   "%s | "
                   "sed -z 's/ [a-z]* / /' >$T/tree; export T; unshare -Urm sh -ec 'mount -t overlay overlay -o "
                   "lowerdir=%s,userxattr $T/m; cd $T/m; git status --porcelain >$T/status; test ! -s $T/status; "
                   "git ls-files -s -z | sed -z \"s/ 0\\t/\\t/\" | cmp - $T/tree; diff -r --no-dereference -x .git . "
                   "$T/want; "
                   "git -c core.checkStat=default -c core.trustctime=true diff --quiet HEAD; git fsck --no-dangling "
                   "2>&1; "
                   "test -d .git/hooks; test -d .git/info; grep -aq TREE .git/index; rm -rf $T/git; cp -r .git $T/git; "
                   "export GIT_TEST_CHECK_CACHE_TREE=1; git --git-dir=$T/git --work-tree=. update-index "
                   "--force-write-index; "
                   "test $(git --git-dir=$T/git write-tree) = $(git rev-parse %s^{tree})'",
                   commit, commit, str_text(&lowers), commit),
                0, "git found something wrong in %s", str_text(&lowers));
}

static void commit(const char *script)
{
        cr_assert_eq(sh("%s; git add -A -- ':!sub'; git commit -qm change", script), 0);
}

Test(layer, a_base_is_a_clean_checkout_whatever_the_umask)
{
        _cleanup_layer_stack_ struct layer_stack stack = LAYER_STACK_INIT;
        struct stat status;
        _cleanup_free_ char *script = NULL;

        umask(077);
        cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
        umask(022);
        cr_assert(stack.built);
        cr_assert_eq(stack.dirs.len, 1);
        script = xasprintf("%s/run", stack.dirs.items[0]);
        cr_assert_eq(stat(script, &status), 0);
        cr_assert_eq(status.st_mode & 07777, 0755);
        judge(&stack, "HEAD");
}

Test(layer, threads_share_out_large_and_small_folders)
{
        _cleanup_layer_stack_ struct layer_stack stack = LAYER_STACK_INIT;
        struct layer_options with = options();
        char id[GIT_HEX];

        cr_assert_eq(
                sh("mkdir large; for i in $(seq 1100); do echo $i >large/$i; done; "
                   "for i in $(seq 60); do mkdir -p s$i/t; echo $i >s$i/1; echo $i >s$i/t/2; echo $i >s$i/u; done; "
                   "git add -A -- ':!sub'; git commit -qm many"),
                0);
        cr_assert_eq(repo_resolve_commit(repo, "HEAD", id, &err), 0, "%s", err.message);
        with.threads = 3;
        cr_assert_eq(layer_prepare(repo, id, &with, &stack, &err), 0, "%s", err.message);
        judge(&stack, "HEAD");
}

Test(layer, a_known_tree_is_taken_as_it_is)
{
        _cleanup_layer_stack_ struct layer_stack first = LAYER_STACK_INIT, second = LAYER_STACK_INIT;

        cr_assert_eq(prepare("HEAD", &first), 0);
        cr_assert_eq(prepare("HEAD", &second), 0);
        cr_assert_not(second.built);
        cr_assert_str_eq(first.key, second.key);
}

static const char *const moves[] = {
        "echo more >>x; rm d/2; echo new >new",
        "rm -r d; echo file >d",
        "rm d link; mkdir -p d/e link; echo again >d/e/1; echo deep >link/deep",
        "rm -r f; mkdir f; echo other >f/other; chmod -x run; chmod +x x",
        "rm x; ln -s run x; rm -r link; ln -s f link",
        "git mv empty f/empty; rm -r d",
        "git rm -q --cached sub; rmdir sub 2>/dev/null || true; echo was-a-submodule >sub",
};

Test(layer, deltas_follow_every_kind_of_change)
{
        size_t count = sizeof(moves) / sizeof(moves[0]);
        _cleanup_layer_stack_ struct layer_stack base = LAYER_STACK_INIT;

        cr_assert_eq(prepare("HEAD", &base), 0);
        for (size_t i = 0; i < count; i++) {
                _cleanup_layer_stack_ struct layer_stack stack = LAYER_STACK_INIT;

                if (i + 1 < count)
                        commit(moves[i]);
                else
                        cr_assert_eq(sh("%s; git add -A; git commit -qm change", moves[i]), 0);
                cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
                cr_assert_eq(stack.dirs.len, i + 2);
                judge(&stack, "HEAD");
        }
}

/* Of 2,300 folders a delta's index lists 2,000: git makes of it what it makes of an index that lists none. */
Test(layer, git_looks_itself_into_the_folders_that_a_delta_does_not_list)
{
        _cleanup_layer_stack_ struct layer_stack base = LAYER_STACK_INIT, stack = LAYER_STACK_INIT;

        commit("for i in $(seq 45); do for k in $(seq 50); do mkdir -p g/$i/$k; echo $i.$k >g/$i/$k/f; done; done");
        cr_assert_eq(prepare("HEAD", &base), 0, "%s", err.message);
        commit("echo more >>g/44/5/f; rm -r g/43/1; echo new >g/2/new");
        cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
        cr_assert_eq(stack.dirs.len, 2);
        cr_assert_eq(sh("cp -r %s/.git $T/a; cp %s/.git/index $T/a/; cp .git/HEAD $T/a/; cp -r .git/refs $T/a/; "
                        "test $(wc -c <$T/a/index) -lt 56000; GIT_INDEX_FILE=$T/plain git read-tree HEAD; "
                        "blob=$(echo edited | git hash-object -w --stdin); cd $T; for dir in a plain; do ("
                        "export GIT_DIR=$T/a GIT_OBJECT_DIRECTORY=$R/.git/objects; [ $dir = a ] || export "
                        "GIT_INDEX_FILE=$T/plain; "
                        "git diff --cached --exit-code HEAD; git write-tree; "
                        "for path in g/45/8/f g/44/new/f g/1/1/f; do git update-index --add --cacheinfo "
                        "100644,$blob,$path; done; "
                        "git rm -rq --cached g/43 g/45/7; git diff --cached --raw HEAD; git write-tree; "
                        "git read-tree -m HEAD; git write-tree; git fsck --no-dangling 2>&1) >$T/$dir.said; done; "
                        "test $(wc -l <a.said) -gt 50; cmp a.said plain.said",
                        stack.dirs.items[1], stack.dirs.items[0]),
                     0, "git found something else in %s", stack.dirs.items[0]);
}

Test(layer, a_submodule_hides_the_folder_it_replaces)
{
        _cleanup_layer_stack_ struct layer_stack base = LAYER_STACK_INIT, stack = LAYER_STACK_INIT;

        cr_assert_eq(prepare("HEAD", &base), 0);
        cr_assert_eq(sh("git rm -qr d; git update-index --add --cacheinfo "
                        "160000,2222222222222222222222222222222222222222,d; "
                        "git commit -qm gitlink"),
                     0);
        cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
        cr_assert_eq(stack.dirs.len, 2);
        judge(&stack, "HEAD");
}

Test(layer, a_full_chain_is_folded)
{
        _cleanup_layer_stack_ struct layer_stack below = LAYER_STACK_INIT;
        struct layer_options with = options();

        cr_assert_eq(prepare("HEAD", &below), 0, "%s", err.message);
        for (int i = 0; i <= LAYER_DELTAS_MAX; i++) {
                struct layer_stack stack = LAYER_STACK_INIT;
                char id[GIT_HEX], tree[GIT_HEX];

                cr_assert_eq(sh("echo %d >>x; echo %d >n%d; rm -f n%d; git add -A -- ':!sub'; git commit -qm %d", i, i,
                                i, i - 2, i),
                             0);
                cr_assert_eq(repo_resolve_commit(repo, "HEAD", id, &err), 0);
                cr_assert_eq(repo_commit_tree(repo, id, tree, &err), 0);
                cr_assert_eq(layer_delta(repo, &below, tree, &with, &stack, &err), 0, "%s", err.message);
                cr_assert_eq(stack.dirs.len, i < LAYER_DELTAS_MAX ? (size_t)i + 2 : 2);
                if (i >= LAYER_DELTAS_MAX - 1)
                        judge(&stack, "HEAD");
                layer_stack_release(&below);
                below = stack;
        }
}

Test(layer, line_endings_follow_the_attributes)
{
        _cleanup_layer_stack_ struct layer_stack base = LAYER_STACK_INIT, stack = LAYER_STACK_INIT;

        commit("printf '*.bat text eol=crlf\\n*.id ident\\n*.bin filter=lfs\\n' >.gitattributes; printf 'a\\nb\\n' "
               ">a.bat; "
               "echo '$Id$' >v.id; echo pointer >p.bin");
        cr_assert_eq(prepare("HEAD", &base), 0, "%s", err.message);
        judge(&base, "HEAD");
        commit("mkdir w; printf 'c\\nd\\n' >w/c.bat");
        cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
        cr_assert_eq(stack.dirs.len, 2);
        judge(&stack, "HEAD");
}

Test(layer, a_candidates_delta_is_the_next_base)
{
        _cleanup_layer_stack_ struct layer_stack base = LAYER_STACK_INIT, delta = LAYER_STACK_INIT,
                                                 next = LAYER_STACK_INIT;
        struct layer_options with = options();
        char id[GIT_HEX], tree[GIT_HEX];

        cr_assert_eq(prepare("HEAD", &base), 0);
        commit("echo candidate >x");
        cr_assert_eq(repo_resolve_commit(repo, "HEAD", id, &err), 0);
        cr_assert_eq(repo_commit_tree(repo, id, tree, &err), 0);
        cr_assert_eq(layer_delta(repo, &base, tree, &with, &delta, &err), 0, "%s", err.message);
        cr_assert_eq(prepare("HEAD", &next), 0);
        cr_assert_not(next.built);
        cr_assert_str_eq(next.key, delta.key);
}

Test(layer, hostile_names_are_refused_and_leave_nothing)
{
        _cleanup_layer_stack_ struct layer_stack stack = LAYER_STACK_INIT;
        static const char *const names[] = {"..", ".git", "a/b", ".GIT", "git~1"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                cr_assert_eq(sh("b=$(echo x | git hash-object -w --stdin); t=$( (printf '100644 %s\\000'; echo $b | "
                                "xxd -r -p) | git "
                                "hash-object -t tree --literally -w --stdin); git update-ref refs/heads/evil $(git "
                                "commit-tree -m e $t)",
                                names[i]),
                             0);
                cr_assert_eq(prepare("refs/heads/evil", &stack), -1, "%s", names[i]);
                cr_assert_eq(err.code, ERR_INPUT, "%s", err.message);
        }
        cr_assert_eq(sh("test -z \"$(ls -A $T/cache/layers)\""), 0);
}

Test(layer, processes_that_want_the_same_layer_share_one)
{
        for (int i = 0; i < 4; i++) {
                if (fork() == 0) {
                        struct layer_stack stack = LAYER_STACK_INIT;

                        _exit(prepare("HEAD", &stack) == 0 && stack.dirs.len == 1 ? 0 : 1);
                }
        }
        for (int i = 0; i < 4; i++) {
                int status = 1;

                cr_assert(wait(&status) > 0);
                cr_assert_eq(status, 0);
        }
        cr_assert_eq(sh("test $(ls $T/cache/layers | wc -l) = 1"), 0);
}

Test(layer, half_built_and_stale_layers_are_made_again)
{
        struct layer_stack stack = LAYER_STACK_INIT;

        cr_assert_eq(prepare("HEAD", &stack), 0);
        layer_stack_release(&stack);
        cr_assert_eq(sh("cd $T/cache/layers; k=$(ls); cp -a $k .tmp-$k; sed -i "
                        "'s/\"boot\":\"[^\"]*\"/\"boot\":\"earlier\"/' $k/complete; "
                        "rm $k/tree/x"),
                     0);
        cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
        cr_assert(stack.built);
        judge(&stack, "HEAD");
        layer_stack_release(&stack);
        cr_assert_eq(sh("test -z \"$(ls -A $T/cache/layers | grep tmp)\""), 0);
}

Test(layer, a_marker_that_is_not_as_it_was_written_holds_for_nothing)
{
        static const char *const damages[] = {"s/,/, /",     "s/\"synced\":false/\"synced\":0/", "s/{/{\"a\":1,/",
                                              "s/}//",       "s/\"bytes\":/\"bytes\":-/",        "s/\"tree\":\"./&0/",
                                              "s/layer-/&0/"};

        for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
                struct layer_stack stack = LAYER_STACK_INIT;

                cr_assert_eq(prepare("HEAD", &stack), 0);
                layer_stack_release(&stack);
                cr_assert_eq(prepare("HEAD", &stack), 0);
                cr_expect_not(stack.built);
                layer_stack_release(&stack);
                cr_assert_eq(sh("sed -i '%s' $T/cache/layers/*/complete", damages[i]), 0);
                cr_assert_eq(prepare("HEAD", &stack), 0, "%s", err.message);
                cr_expect(stack.built, "%s", damages[i]);
                layer_stack_release(&stack);
        }
}

Test(layer, gc_spares_what_is_in_use_and_syncs_it)
{
        struct layer_stack stack = LAYER_STACK_INIT;

        cr_assert_eq(prepare("HEAD", &stack), 0);
        cr_assert_eq(layer_gc(&(struct layer_gc){.cache_root = cache, .max_bytes = 1}, &err), 0, "%s", err.message);
        judge(&stack, "HEAD");
        cr_assert_eq(sh("grep -q '\"synced\":true' $T/cache/layers/*/complete"), 0);
        layer_stack_release(&stack);
        commit("echo next >x");
        cr_assert_eq(prepare("HEAD", &stack), 0);
        layer_stack_release(&stack);
        cr_assert_eq(sh("mkdir $T/cache/layers/.tmp-dead; touch $T/cache/layers/.tmp-dead/x"), 0);
        cr_assert_eq(layer_gc(&(struct layer_gc){.cache_root = cache, .max_bytes = 1}, &err), 0, "%s", err.message);
        cr_assert_eq(sh("test -z \"$(ls -A $T/cache/layers | grep -v near)\""), 0);
        cr_assert_eq(prepare("HEAD", &stack), 0);
        cr_assert(stack.built);
        layer_stack_release(&stack);
}

Test(layer, what_a_killed_builder_left_goes_with_a_sweep_and_nothing_else)
{
        struct layer_stack stack = LAYER_STACK_INIT;
        _cleanup_fd_ int lock = -1;
        char path[PATH_MAX];

        cr_assert_eq(layer_sweep(cache, &err), 0, "no cache yet: %s", err.message);
        cr_assert_eq(prepare("HEAD", &stack), 0);
        cr_assert_eq(sh("cd $T/cache/layers; mkdir .tmp-dead .tmp-alive; echo x >.tmp-dead/complete.0123456789ab.tmp; "
                        "echo x >.near-f.0123456789ab.tmp; touch .build-alive"),
                     0);
        snprintf(path, sizeof(path), "%s/layers/.build-alive", cache);
        lock = open(path, O_RDWR | O_CLOEXEC);
        cr_assert_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
        cr_assert_eq(layer_sweep(cache, &err), 0, "%s", err.message);
        cr_assert_eq(sh("cd $T/cache/layers; test -d .tmp-alive && test ! -e .tmp-dead && test ! -e "
                        ".near-f.0123456789ab.tmp"),
                     0);
        judge(&stack, "HEAD");
        layer_stack_release(&stack);
}

static void count_removed(void *data, const struct layer_gc_report *removed)
{
        cr_assert(removed->bytes > 0);
        ++*(size_t *)data;
}

Test(layer, a_dry_gc_foretells_what_gc_does_and_touches_nothing)
{
        struct layer_stack below = LAYER_STACK_INIT, above = LAYER_STACK_INIT;
        size_t count = 0;
        struct layer_gc gc = {
                .cache_root = cache, .max_bytes = 1, .dry_run = true, .report = count_removed, .data = &count};

        cr_assert_eq(layer_gc(&gc, &err), 0, "%s", err.message);
        cr_assert_eq(sh("test ! -e $T/cache"), 0);
        cr_assert_eq(prepare("HEAD", &below), 0);
        commit("echo next >x");
        cr_assert_eq(prepare("HEAD", &above), 0);
        cr_assert_eq(above.dirs.len, 2);
        cr_assert_eq(layer_gc(&gc, &err), 0, "%s", err.message);
        cr_assert_eq(count, 0, "what is in use stays");
        layer_stack_release(&above);
        layer_stack_release(&below);
        cr_assert_eq(sh("mkdir $T/cache/layers/.tmp-dead; echo x >$T/cache/layers/.tmp-dead/x; "
                        "cd $T/cache/layers; find . -printf '%%p %%T@ %%i\n' | sort >$T/before"),
                     0);
        cr_assert_eq(layer_gc(&gc, &err), 0, "%s", err.message);
        cr_assert_eq(count, 3);
        cr_assert_eq(sh("cd $T/cache/layers; find . -printf '%%p %%T@ %%i\n' | sort | cmp - $T/before"), 0);
        gc.dry_run = false;
        count = 0;
        cr_assert_eq(layer_gc(&gc, &err), 0, "%s", err.message);
        cr_assert_eq(count, 3);
        cr_assert_eq(layer_gc(&gc, &err), 0, "an empty cache: %s", err.message);
}
