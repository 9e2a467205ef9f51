/* SPDX-License-Identifier: Apache-2.0 */
/* A git bundle of a commit and its whole history, as git writes one: a header of text, then a pack. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/bundle.h"
#include "lib/git/internal.h"

static void cleanup_packbuilder(git_packbuilder **builder)
{
        git_packbuilder_free(*builder);
}

static void cleanup_revwalk(git_revwalk **walk)
{
        git_revwalk_free(*walk);
}

static int put_pack(void *bytes, size_t len, void *fd)
{
        return fs_write_all(*(int *)fd, bytes, len) < 0 ? GIT_EUSER : 0;
}

static int put_header(int fd, const char *commit, struct err *err)
{
        _cleanup_str_ struct str header = {0};

        str_puts(&header, "# v2 git bundle\n");
        str_printf(&header, "%s " BUNDLE_REF "\n%s HEAD\n\n", commit, commit);
        return fs_write_all(fd, header.data, header.len) < 0 ? err_errno(err, "write the bundle") : 0;
}

int bundle_write(struct repo *repo, const char *commit, int fd, struct err *err)
{
        __attribute__((cleanup(cleanup_packbuilder))) git_packbuilder *builder = NULL;
        __attribute__((cleanup(cleanup_revwalk))) git_revwalk *walk = NULL;
        git_oid id;
        int got;

        if (oid_parse(commit, &id, err) < 0)
                return -1;
        if (git_repository_is_shallow(repo->git) == 1)
                return err_set(err, ERR_INPUT,
                               "%s is a shallow clone: its history cannot be bundled (git fetch --unshallow)",
                               repo->gitdir);
        if (git_packbuilder_new(&builder, repo->git) < 0 || git_revwalk_new(&walk, repo->git) < 0 ||
            git_revwalk_push(walk, &id) < 0 || git_packbuilder_insert_walk(builder, walk) < 0)
                return git_fail(err, "cannot bundle %s", commit);
        if (put_header(fd, commit, err) < 0)
                return -1;
        got = git_packbuilder_foreach(builder, put_pack, &fd);
        if (got == GIT_EUSER)
                return err_errno(err, "write the bundle");
        return got < 0 ? git_fail(err, "cannot bundle %s", commit) : 0;
}
