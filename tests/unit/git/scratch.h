/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_GIT_SCRATCH_H
#define CUPEL_TESTS_GIT_SCRATCH_H

/*
 * A scratch folder with a real repository, shell commands in it, and overlay uppers made by the kernel:
 *
 *         struct scratch s;
 *         scratch_init(&s, "echo a > a; git add -A; git commit -qm one");
 *         scratch_upper(&s, "rm a; echo b > b");                  runs in an overlay over the committed tree
 *         char *tree = scratch_out(&s, "git -C judge write-tree");
 *         scratch_release(&s);
 *
 * Shell commands run with the folder as the current one; "repo" is the repository, "upper" the last upper, "judge" a
 * clone in which the same script was run and `git add -A` done.
 */

#include "lib/base/cleanup.h"
#include "lib/base/spool.h"
#include "lib/base/str.h"
#include "lib/git/quarantine.h"
#include "lib/git/readback.h"
#include "lib/git/repo.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct scratch {
        char folder[64];
        char *gitdir;
        struct repo *repo;
        struct quarantine *q;
        char base[GIT_HEX], base_tree[GIT_HEX];
        struct err err;
};

static inline int scratch_try(const struct scratch *s, const char *script)
{
        _cleanup_free_ char *path = xasprintf("%s/.script", s->folder);
        FILE *file = fopen(path, "w");

        fprintf(file,
                "set -e\ncd %s\nexport HOME=%s GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@t "
                "GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@t LC_ALL=C\numask 022\n%s\n",
                s->folder, s->folder, script);
        fclose(file);
        _cleanup_free_ char *command = xasprintf("bash %s", path);

        return system(command);
}

static inline void scratch_sh(const struct scratch *s, const char *script)
{
        cr_assert_eq(scratch_try(s, script), 0, "failed: %s", script);
}

/* What a script prints, without the last newline. Free it. */
static inline char *scratch_out(const struct scratch *s, const char *script)
{
        _cleanup_free_ char *whole = xasprintf("exec >.out\n%s", script), *path = xasprintf("%s/.out", s->folder);
        struct str bytes = {0};
        char chunk[4096];
        size_t got;

        scratch_sh(s, whole);
        FILE *file = fopen(path, "r");

        while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
                str_append(&bytes, chunk, got);
        fclose(file);
        if (bytes.len && bytes.data[bytes.len - 1] == '\n')
                bytes.data[--bytes.len] = '\0';
        return str_steal(&bytes);
}

static inline void scratch_open(struct scratch *s)
{
        _cleanup_free_ char *folder = xasprintf("%s/q", s->folder);

        quarantine_close(s->q);
        repo_free(s->repo);
        s->q = NULL;
        s->repo = NULL;
        cr_assert_eq(repo_open(s->gitdir, &s->repo, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(quarantine_open(s->repo, folder, QUARANTINE_CREATE, &s->q, &s->err), 0, "%s", s->err.message);
}

static inline void scratch_init(struct scratch *s, const char *script)
{
        *s = (struct scratch){.folder = "/tmp/cupel-git-XXXXXX"};
        cr_assert_not_null(mkdtemp(s->folder));
        _cleanup_free_ char *whole = xasprintf("git init -q -b main repo; cd repo; %s", script);

        scratch_sh(s, whole);
        s->gitdir = xasprintf("%s/repo/.git", s->folder);
        scratch_open(s);
        cr_assert_eq(repo_resolve_commit(s->repo, "HEAD", s->base, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(repo_commit_tree(s->repo, s->base, s->base_tree, &s->err), 0, "%s", s->err.message);
}

/* Runs `script` over the committed tree: in an overlay (its upper stays in "upper") and in the judge. */
static inline void scratch_upper(struct scratch *s, const char *script)
{
        _cleanup_free_ char *edit = xasprintf("%s/edit", s->folder);
        FILE *file = fopen(edit, "w");

        fprintf(file, "set -e\n%s\n", script);
        fclose(file);
        scratch_sh(s, "rm -rf judge lower upper work merged; git clone -q --no-hardlinks repo judge; mkdir lower upper "
                      "work merged\n"
                      "cp -a judge/. lower; rm -rf lower/.git; cp repo/.git/info/exclude judge/.git/info/exclude\n"
                      "for k in core.autocrlf core.filemode core.symlinks; do\n"
                      "  v=$(git -C repo config --local $k || true); [ -z \"$v\" ] || git -C judge config $k $v; done\n"
                      "unshare -Urm bash -ec 'mount -t overlay overlay -o "
                      "lowerdir=lower,upperdir=upper,workdir=work,userxattr merged; cd merged; bash ../edit'\n"
                      "cd judge; bash ../edit; git add -A 2>/dev/null || true");
}

/* In two parts, into a store of its own: it comes to the same, and what it has stored is whole. */
static inline void scratch_late(struct scratch *s, int fd, uint64_t memory, const struct readback *expected)
{
        const struct readback_options options = {.base_tree = s->base_tree, .untouched = true};
        _cleanup_free_ char *folder = xasprintf("%s/late", s->folder);
        _cleanup_quarantine_ struct quarantine *q = NULL;
        _cleanup_readback_ struct readback result = {0};
        struct readback_taken *taken = NULL;
        struct spool spool = SPOOL_NONE;
        _cleanup_fd_ int dirfd = -1;

        scratch_sh(s, "rm -rf late");
        cr_assert_eq(quarantine_open(s->repo, folder, QUARANTINE_CREATE, &q, &s->err), 0, "%s", s->err.message);
        dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert_eq(spool_open(&spool, dirfd, memory, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(readback_take(q, fd, &options, &spool, &taken, &s->err), 0, "%s", s->err.message);
        cr_assert_eq(spool.len <= memory, true, "memory within its bound");
        cr_assert_eq(readback_store(taken, &result, &s->err), 0, "%s", s->err.message);
        cr_assert_str_eq(result.tree, expected->tree);
        cr_assert_eq(result.refusals.len, expected->refusals.len);
        cr_assert(result.files == expected->files && result.bytes == expected->bytes &&
                  result.deleted == expected->deleted && result.ignored == expected->ignored &&
                  result.entries == expected->entries);
        if (result.tree[0])
                cr_assert_eq(quarantine_check(q, s->base_tree, result.tree, NULL, NULL, &s->err), 0, "%s",
                             s->err.message);
        readback_taken_free(taken);
        spool_release(&spool);
}

static inline void scratch_readback(struct scratch *s, struct readback *ret)
{
        const struct readback_options options = {.base_tree = s->base_tree};
        _cleanup_free_ char *path = xasprintf("%s/upper", s->folder);
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        *ret = (struct readback){0};
        cr_assert_eq(readback_run(s->q, fd, &options, ret, &s->err), 0, "%s", s->err.message);
        scratch_late(s, fd, 0, ret);
        scratch_late(s, fd, 16 << 20, ret);
}

/* The tree of the script's result, judged by git. */
static inline void scratch_candidate(struct scratch *s, const char *script, char ret[GIT_HEX])
{
        struct readback result;

        scratch_upper(s, script);
        scratch_readback(s, &result);
        cr_assert_eq(result.refusals.len, 0, "%s", result.refusals.len ? result.refusals.items[0] : "");
        _cleanup_free_ char *judge = scratch_out(s, "git -C judge write-tree");

        cr_assert_str_eq(result.tree, judge);
        strcpy(ret, result.tree);
        readback_release(&result);
}

static inline void scratch_release(struct scratch *s)
{
        _cleanup_free_ char *command = xasprintf("chmod -R u+rwX %s 2>/dev/null; rm -rf %s", s->folder, s->folder);

        quarantine_close(s->q);
        repo_free(s->repo);
        free(s->gitdir);
        if (system(command) != 0)
                cr_log_warn("%s was left", s->folder);
}

#endif
