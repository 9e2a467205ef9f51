/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fs.h"
#include "lib/base/sshsig.h"
#include "lib/git/commit.h"
#include "lib/git/quarantine_internal.h"
#include "tests/unit/git/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

static struct sshkey *ensure(struct scratch *s)
{
        struct sshkey *key = NULL;
        _cleanup_free_ char *folder = xasprintf("%s/keys", s->folder);
        _cleanup_fd_ int fd = -1;

        mkdir(folder, 0700);
        fd = fs_open_dir(folder, &s->err);
        cr_assert_eq(sshkey_ensure(fd, "director", "cupel@localhost", &key, &s->err), 0, "%s", s->err.message);
        return key;
}

/* For git, which sees no other process's memory. */
static void store_commit(struct scratch *s, const char *hex)
{
        _cleanup_free_ char *path = xasprintf("%s/commit", s->folder);
        git_odb_object *object;
        git_oid id;
        FILE *file = fopen(path, "w");

        cr_assert_eq(git_oid_fromstr(&id, hex), 0);
        cr_assert_eq(git_odb_read(&object, s->q->odb, &id), 0);
        fwrite(git_odb_object_data(object), 1, git_odb_object_size(object), file);
        fclose(file);
        git_odb_object_free(object);
        scratch_sh(s, "cd repo; git hash-object -w -t commit ../commit >/dev/null");
}

Test(commit, git_verifies_what_we_signed)
{
        struct scratch s;
        char id[GIT_HEX];

        scratch_init(&s, "echo a > a; git add -A; git commit -qm one");
        _cleanup_sshkey_ struct sshkey *key = ensure(&s);
        const struct commit_trailer trailers[] = {{"Cupel-Run", "r1"}, {"Cupel-Item", "two\nlines"}, {0}};
        const struct commit_spec spec = {.tree = s.base_tree,
                                         .parent = s.base,
                                         .author = {" A <evil>\n", "a@b"},
                                         .committer = {"cupel", "cupel@localhost"},
                                         .time = 1700000000,
                                         .message = "\n\nTitle\r\n\nBody\n\n\n",
                                         .trailers = trailers};

        cr_assert_eq(commit_make(s.q, &spec, key, id, &s.err), 0, "%s", s.err.message);
        store_commit(&s, id);
        _cleanup_free_ char *check =
                xasprintf("cd repo\n"
                          "git -c gpg.ssh.allowedSignersFile=../keys/allowed_signers verify-commit %s 2>/dev/null; git "
                          "fsck --strict %s\n"
                          "git log -1 --format='%%an|%%ae|%%cn|%%at|%%(trailers:key=Cupel-Item,valueonly)|%%s|%%b' %s",
                          id, id, id);
        _cleanup_free_ char *shown = scratch_out(&s, check);

        cr_assert_str_eq(
                shown, "A evil|a@b|cupel|1700000000|two lines\n|Title|Body\n\nCupel-Run: r1\nCupel-Item: two lines\n");
        scratch_release(&s);
}

Test(commit, ssh_keygen_takes_key_and_signature)
{
        struct scratch s;

        scratch_init(&s, "git commit -q --allow-empty -m one");
        _cleanup_sshkey_ struct sshkey *key = ensure(&s), *again = ensure(&s);
        _cleanup_free_ char *armored = sshsig_sign(key, "git", "data", 4, &s.err),
                            *same = sshsig_sign(again, "git", "data", 4, &s.err);
        _cleanup_free_ char *path = xasprintf("%s/sig", s.folder);
        FILE *file = fopen(path, "w");

        cr_assert_str_eq(armored, same, "the key that is there is used again");
        fputs(armored, file);
        fclose(file);
        scratch_sh(&s, "printf data | ssh-keygen -Y verify -f keys/allowed_signers -I cupel@localhost -n git -s sig "
                       ">/dev/null\n"
                       "test \"$(ssh-keygen -y -f keys/director | cut -d' ' -f1,2)\" = \"$(cut -d' ' -f1,2 "
                       "keys/director.pub)\"\n"
                       "test $(stat -c %a keys/director) = 600\n"
                       "! printf dato | ssh-keygen -Y verify -f keys/allowed_signers -I cupel@localhost -n git -s sig "
                       ">/dev/null 2>&1");
        scratch_release(&s);
}

Test(commit, a_key_that_others_can_read_or_that_is_damaged_is_never_replaced)
{
        struct scratch s;
        struct sshkey *key = NULL;

        scratch_init(&s, "git commit -q --allow-empty -m one");
        sshkey_free(ensure(&s));
        _cleanup_free_ char *folder = xasprintf("%s/keys", s.folder);
        _cleanup_fd_ int fd = fs_open_dir(folder, &s.err);

        scratch_sh(&s, "chmod 644 keys/director; cp keys/director copy");
        cr_assert_eq(sshkey_ensure(fd, "director", "x", &key, &s.err), -1);
        scratch_sh(&s, "cmp keys/director copy; chmod 600 keys/director; sed -i '3s/./A/' keys/director");
        cr_assert_eq(sshkey_ensure(fd, "director", "x", &key, &s.err), -1);
        cr_assert_eq(s.err.code, ERR_BLOCKED);
        scratch_release(&s);
}
