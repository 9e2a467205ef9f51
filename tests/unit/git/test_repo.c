/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"
#include "tests/unit/git/layer_fixture.h"

static struct err err;

static void make(void)
{
        scratch_make();
        err = ERR_INIT;
        cr_assert_eq(sh("mkdir d; echo hello >d/file; git add .; git commit -qm one"), 0);
}

TestSuite(repo, .init = make, .fini = scratch_remove, .timeout = 60);

static struct repo *open_path(const char *below)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", scratch, below);
        struct repo *repo = NULL;

        repo_open(path, &repo, &err);
        return repo;
}

Test(repo, is_found_from_a_folder_within)
{
        _cleanup_free_ char *start = xasprintf("%s/repo/d", scratch), *gitdir = NULL,
                            *want = xasprintf("%s/repo/.git", scratch);

        cr_assert_eq(repo_discover(start, &gitdir, &err), 0);
        cr_assert_str_eq(gitdir, want);
        cr_assert_eq(repo_discover("/proc", &gitdir, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(chdir("/proc/sys"), 0);
        cr_assert_eq(repo_discover(".", &gitdir, &err), -1);
        cr_assert(strstr(err.message, "/proc/sys is not in a git repository"), "%s", err.message);
}

Test(repo, resolves_the_branch_that_is_checked_out)
{
        _cleanup_repo_ struct repo *repo = open_path("repo/.git");
        _cleanup_free_ char *ref = NULL;
        char commit[GIT_HEX], tree[GIT_HEX];

        cr_assert_eq(repo_resolve_target(repo, NULL, &ref, commit, &err), 0, "%s", err.message);
        cr_assert_str_eq(ref, "refs/heads/main");
        cr_assert_eq(sh("test $(git rev-parse HEAD) = %s", commit), 0);
        cr_assert_eq(repo_commit_tree(repo, commit, tree, &err), 0);
        cr_assert_eq(sh("test $(git rev-parse HEAD^{tree}) = %s", tree), 0);
        cr_assert_eq(strncmp(repo_identity(repo), "repo-", 5), 0);
}

Test(repo, names_the_remedy_where_there_is_no_target)
{
        _cleanup_repo_ struct repo *detached = NULL, *unborn = NULL;
        _cleanup_free_ char *ref = NULL;
        char commit[GIT_HEX];

        cr_assert_eq(sh("git checkout -q --detach; git init -q $T/unborn"), 0);
        detached = open_path("repo/.git");
        cr_assert_eq(repo_resolve_target(detached, NULL, &ref, commit, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, "--target"));
        cr_assert_eq(repo_resolve_target(detached, "nowhere", &ref, commit, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        unborn = open_path("unborn/.git");
        cr_assert_eq(repo_resolve_target(unborn, NULL, &ref, commit, &err), -1);
        cr_assert(strstr(err.message, "first commit"));
}

Test(repo, opens_linked_worktrees_and_bare_repositories)
{
        _cleanup_repo_ struct repo *linked = NULL, *bare = NULL, *repo = open_path("repo/.git");
        _cleanup_free_ char *ref = NULL, *workdir = xasprintf("%s/wt", scratch);
        char commit[GIT_HEX];

        cr_assert_eq(sh("git worktree add -q -b side $T/wt; git clone -q --bare $R $T/bare"), 0);
        linked = open_path("repo/.git/worktrees/wt");
        cr_assert(linked, "%s", err.message);
        cr_assert(repo_is_linked(linked));
        cr_assert_str_eq(repo_workdir(linked), workdir);
        cr_assert_str_eq(repo_identity(linked), repo_identity(repo));
        cr_assert_eq(repo_resolve_target(linked, NULL, &ref, commit, &err), 0);
        cr_assert_str_eq(ref, "refs/heads/side");
        bare = open_path("bare");
        cr_assert(repo_is_bare(bare));
        cr_assert_null(repo_workdir(bare));
}

Test(repo, refuses_formats_it_cannot_read)
{
        cr_assert_eq(sh("git init -q --object-format=sha256 $T/sha256"), 0);
        cr_assert_null(open_path("sha256/.git"));
        cr_assert_eq(err.code, ERR_INPUT, "%s", err.message);
        cr_assert_eq(sh("git config core.repositoryformatversion 1; git config extensions.partialclone origin"), 0);
        cr_assert_null(open_path("repo/.git"));
        cr_assert_eq(err.code, ERR_INPUT, "%s", err.message);
}

Test(repo, reads_a_file_of_a_commit)
{
        _cleanup_repo_ struct repo *repo = open_path("repo/.git");
        _cleanup_str_ struct str text = {0};
        char commit[GIT_HEX];

        cr_assert_eq(repo_resolve_commit(repo, "HEAD", commit, &err), 0);
        cr_assert_eq(repo_read_blob_at(repo, commit, "d/file", 100, &text, &err), 0);
        cr_assert_str_eq(str_text(&text), "hello\n");
        cr_assert_eq(repo_read_blob_at(repo, commit, "d/file", 3, &text, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_eq(repo_read_blob_at(repo, commit, "d", 100, &text, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
}

Test(repo, lists_object_stores_through_alternates)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_strv_ struct strv stores = {0};
        _cleanup_free_ char *first = xasprintf("%s/c2/.git/objects", scratch),
                            *last = xasprintf("%s/repo/.git/objects", scratch);

        cr_assert_eq(sh("git clone -qs $R $T/c1; git clone -qs $T/c1 $T/c2"), 0);
        repo = open_path("c2/.git");
        cr_assert_eq(repo_object_dirs(repo, &stores, &err), 0);
        cr_assert_eq(stores.len, 3);
        cr_assert_str_eq(stores.items[0], first);
        cr_assert(strv_has(&stores, last));
}

Test(repo, a_folder_that_is_no_object_store_is_not_shown_as_one)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_strv_ struct strv stores = {0};

        cr_assert_eq(sh("git clone -qs $R $T/c1; mkdir -p $T/home2/.ssh $T/home2/info; echo $T/home2 >> "
                        "$T/c1/.git/objects/info/alternates"),
                     0);
        repo = open_path("c1/.git");
        cr_assert_eq(repo_object_dirs(repo, &stores, &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert(strstr(err.message, ".ssh"));
}

Test(repo, reads_configuration_and_the_users_identity_without_obeying_them)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_free_ char *name = NULL, *email = NULL;
        size_t changes;

        cr_assert_eq(
                sh("git config --unset user.email; git config --global user.email me@home; git config core.fsmonitor "
                   "'touch '$T/ran; git config filter.x.clean 'touch '$T/ran; echo '* filter=x' >.gitattributes; echo "
                   "new >d/file"),
                0);
        repo = open_path("repo/.git");
        cr_assert_eq(repo_user_identity(repo, &name, &email, &err), 0);
        cr_assert_str_eq(name, "T");
        cr_assert_str_eq(email, "me@home");
        cr_assert_eq(repo_count_changes(repo, &changes, &err), 0);
        cr_assert_eq(changes, 2);
        cr_assert_eq(sh("test ! -e $T/ran"), 0);
        cr_assert(repo_config_bool(repo, "core.nothing", true));
}

static enum tree_step note(void *data, const char *path, size_t len, const struct tree_entry *a,
                           const struct tree_entry *b, struct err *error)
{
        (void)len, (void)error;
        str_printf(data, "%c%c%s ", a ? 'o' : '-', b ? 'n' : '-', path);
        return TREE_GO;
}

Test(repo, walks_only_what_differs)
{
        _cleanup_repo_ struct repo *repo = NULL;
        _cleanup_str_ struct str seen = {0};
        char commit[GIT_HEX], tree[GIT_HEX];
        git_oid ids[2];

        cr_assert_eq(sh("mkdir same a; echo x >same/x; echo y >a/y; echo z >a.c; git add .; git commit -qm 2; git rm "
                        "-qr a d; echo a >a; "
                        "git add .; git commit -qm 3"),
                     0);
        repo = open_path("repo/.git");
        for (int i = 0; i < 2; i++) {
                cr_assert_eq(repo_resolve_commit(repo, i ? "HEAD" : "HEAD~1", commit, &err), 0);
                cr_assert_eq(repo_commit_tree(repo, commit, tree, &err), 0);
                cr_assert_eq(oid_parse(tree, &ids[i], &err), 0);
        }
        cr_assert_eq(tree_walk_pair(repo->odb, &ids[0], &ids[1], note, &seen, &err), 0);
        cr_assert_str_eq(str_text(&seen), "ona o-a/y o-d o-d/file ");
}

Test(repo, names_the_folder_of_its_hooks_where_it_is_in_the_worktree)
{
        static const struct {
                const char *path, *glob;
        } cases[] = {{".husky/_", "/.husky/"},
                     {".githooks", "/.githooks/"},
                     {"./tools/hooks/", "/tools/hooks/"},
                     {"$R/scripts", "/scripts/"},
                     {"/usr/share/hooks", NULL},
                     {"../elsewhere", NULL},
                     {".git/other-hooks", NULL},
                     {"~/hooks", NULL},
                     {"a[b]", "/a\\[b]/"}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_repo_ struct repo *repo = NULL;
                _cleanup_free_ char *gitdir = xasprintf("%s/repo/.git", scratch), *glob = NULL;

                cr_assert_eq(sh("git config core.hooksPath %s%s%s", cases[i].path[0] == '~' ? "'" : "\"", cases[i].path,
                                cases[i].path[0] == '~' ? "'" : "\""),
                             0);
                cr_assert_eq(repo_open(gitdir, &repo, &err), 0);
                glob = repo_hooks_glob(repo);
                cr_assert_eq(!glob, !cases[i].glob, "%s: %s", cases[i].path, glob);
                cr_assert(!glob || strcmp(glob, cases[i].glob) == 0, "%s: %s", cases[i].path, glob);
        }
}
