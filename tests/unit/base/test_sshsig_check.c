/* SPDX-License-Identifier: Apache-2.0 */
/* ssh-keygen makes what we check, and checks what we make. */
#include "lib/base/cleanup.h"
#include "lib/base/sshsig.h"
#include "lib/base/sshsig_check.h"
#include "tests/unit/base/judge_folder.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(sshsig_check, .init = judge_begin, .fini = judge_end);

Test(sshsig_check, what_ssh_keygen_signed)
{
        _cleanup_str_ struct str armored = {0}, pub = {0};
        _cleanup_free_ char *public = NULL;
        struct err err = ERR_INIT;

        cr_assert(succeeds("ssh-keygen -q -t ed25519 -N '' -C c -f key && printf hello >message && ssh-keygen -Y sign "
                           "-n git -f key message"));
        get("message.sig", &armored);
        get("key.pub", &pub);
        cr_assert(sshsig_check(str_text(&armored), "git", "hello", 5, &public, &err) == 0, "%s", err.message);
        cr_expect(strncmp(str_text(&pub), public, strlen(public)) == 0);
        cr_expect(sshsig_check(str_text(&armored), "git", "hullo", 5, &public, &err) < 0 && err.code == ERR_REFUSED);
        cr_expect(sshsig_check(str_text(&armored), "file", "hello", 5, &public, &err) < 0 && err.code == ERR_INPUT);
        for (size_t i = 0; i < armored.len; i++) {
                armored.data[i] ^= 1;
                cr_expect(sshsig_check(str_text(&armored), "git", "hello", 5, &public, &err) < 0 ||
                                  i + 1 == armored.len,
                          "byte %zu", i);
                armored.data[i] ^= 1;
        }
}

Test(sshsig_check, other_kinds_of_keys_are_named_as_none)
{
        _cleanup_str_ struct str armored = {0};
        _cleanup_free_ char *public = NULL;
        struct err err = ERR_INIT;

        cr_assert(succeeds("ssh-keygen -q -t ecdsa -N '' -f ec && printf hello >message && ssh-keygen -Y sign -n git "
                           "-f ec message"));
        get("message.sig", &armored);
        cr_expect(sshsig_check(str_text(&armored), "git", "hello", 5, &public, &err) < 0 && err.code == ERR_INPUT);
}

Test(sshsig_check, our_own_and_who_is_allowed)
{
        _cleanup_sshkey_ struct sshkey *key = NULL;
        _cleanup_free_ char *armored = NULL, *public = NULL;
        _cleanup_str_ struct str signers = {0};
        struct err err = ERR_INIT;

        cr_assert(sshkey_ensure(judge_at, "key", "me@example.org", &key, &err) == 0);
        armored = sshsig_sign(key, "git", "hello", 5, &err);
        cr_assert(armored && sshsig_check(armored, "git", "hello", 5, &public, &err) == 0);
        get("allowed_signers", &signers);
        cr_expect(sshsig_allowed(str_text(&signers), "me@example.org", "git", public));
        cr_expect(!sshsig_allowed(str_text(&signers), "you@example.org", "git", public));
        cr_expect(!sshsig_allowed(str_text(&signers), "me@example.org", "file", public));
        cr_expect(!sshsig_allowed(str_text(&signers), "me@example.org", "git", "ssh-ed25519 AAAA"));
}

Test(sshsig_check, lines_of_allowed_signers)
{
        static const struct {
                const char *line;
                bool allowed;
        } rows[] = {
                {"a@b ssh-ed25519 KEY\n", true},
                {"x@y,*@b ssh-ed25519 KEY comment\n", true},
                {"# no\n\na@b namespaces=\"file,git\" ssh-ed25519 KEY", true},
                {"a@b namespaces=\"file\" ssh-ed25519 KEY\n", false},
                {"a@b cert-authority ssh-ed25519 KEY\n", false},
                {"a@b valid-before=\"20200101\" ssh-ed25519 KEY\n", false},
                {"a@b ssh-ed25519 KEYS\n", false},
                {"a@c ssh-ed25519 KEY\n", false},
                {"#a@b ssh-ed25519 KEY\n", false},
                {"a@b namespaces=\"git ssh-ed25519 KEY\n", false},
                {"*@b,!a@b ssh-ed25519 KEY\n", false},
                {"!a@b,*@b ssh-ed25519 KEY\n", false},
                {"!x@b,*@b ssh-ed25519 KEY\n", true},
                {"!x@b ssh-ed25519 KEY\n", false},
                {"[a]@b ssh-ed25519 KEY\n", false},
                {"a@b namespaces=\"*,!git\" ssh-ed25519 KEY\n", false},
                {"", false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                cr_expect(sshsig_allowed(rows[i].line, "a@b", "git", "ssh-ed25519 KEY") == rows[i].allowed, "%s",
                          rows[i].line);
}
