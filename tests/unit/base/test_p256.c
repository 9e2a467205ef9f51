/* SPDX-License-Identifier: Apache-2.0 */
/* The judge is the openssl program: it reads our keys and signatures, we read its. */
#include "lib/base/base64.h"
#include "lib/base/fs.h"
#include "lib/base/p256.h"
#include "tests/unit/base/judge_folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(p256, .init = judge_begin, .fini = judge_end);

static void put(const char *name, const void *bytes, size_t len)
{
        struct err err = ERR_INIT;

        cr_assert(fs_write_at(judge_at, name, bytes, len, 0600, &err) == 0);
}

static struct p256_key *own_key(void)
{
        struct p256_key *key = NULL;
        struct err err = ERR_INIT;

        cr_assert(p256_ensure(judge_at, "attest", &key, &err) == 0, "%s", err.message);
        return key;
}

Test(p256, openssl_reads_our_key_and_knows_its_id)
{
        _cleanup_p256_ struct p256_key *key = own_key();
        _cleanup_str_ struct str hex = {0};

        cr_expect(succeeds("openssl pkey -in attest -check -noout"));
        cr_expect(succeeds("openssl pkey -in attest -pubout | cmp - attest.pub"));
        cr_expect(succeeds("openssl pkey -pubin -in attest.pub -outform DER | sha256sum | cut -d' ' -f1 >id"));
        get("id", &hex);
        cr_expect(strncmp(str_text(&hex), p256_public_of(key)->id, 64) == 0);
}

Test(p256, the_secret_is_nobody_elses_and_stays_the_same)
{
        _cleanup_p256_ struct p256_key *key = own_key();
        struct stat st;

        cr_expect(fstatat(judge_at, "attest", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
        cr_expect(unlinkat(judge_at, "attest.pub", 0) == 0);
        {
                _cleanup_p256_ struct p256_key *again = own_key();

                cr_expect_str_eq(p256_public_of(key)->id, p256_public_of(again)->id);
                cr_expect(faccessat(judge_at, "attest.pub", F_OK, 0) == 0, "it is made again");
        }
}

Test(p256, openssl_believes_our_signature)
{
        _cleanup_p256_ struct p256_key *key = own_key();

        for (size_t len = 0; len < 200; len += 7) {
                char message[200];
                _cleanup_str_ struct str signature = {0};
                struct err err = ERR_INIT;

                memset(message, (int)len, sizeof(message));
                cr_assert(p256_sign(key, message, len, &signature, &err) == 0);
                put("message", message, len);
                put("signature", signature.data, signature.len);
                cr_assert(succeeds("openssl dgst -sha256 -verify attest.pub -signature signature message"));
                cr_assert(p256_verify(p256_public_of(key), message, len, signature.data, signature.len));
                signature.data[signature.len - 1] ^= 1;
                cr_assert(!p256_verify(p256_public_of(key), message, len, signature.data, signature.len));
        }
}

Test(p256, we_believe_openssls)
{
        _cleanup_str_ struct str pem = {0}, signature = {0};
        struct p256_public public;
        struct err err = ERR_INIT;
        const char *text;

        put("message", "hello", 5);
        cr_assert(succeeds("openssl ecparam -name prime256v1 -genkey -noout -out other && openssl pkey -in other "
                           "-pubout -out other.pub && "
                           "openssl dgst -sha256 -sign other -out signature message"));
        get("other.pub", &pem);
        get("signature", &signature);
        text = str_text(&pem);
        cr_assert(p256_public_read(&text, &public, &err) == 1);
        cr_expect(p256_public_read(&text, &public, &err) == 0, "there is one");
        cr_expect(p256_verify(&public, "hello", 5, signature.data, signature.len));
        cr_expect(!p256_verify(&public, "hellp", 5, signature.data, signature.len));
        cr_expect(!p256_verify(&public, "hello", 5, signature.data, signature.len - 1));
        cr_expect(!p256_verify(&public, "hello", 5, "", 0));
}

/* Its own form of the key is PKCS #8 too: what an administrator put there is used. */
Test(p256, a_key_that_openssl_made_is_used)
{
        _cleanup_p256_ struct p256_key *key = NULL;

        cr_assert(succeeds("umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out attest"));
        key = own_key();
        cr_expect(succeeds("openssl pkey -in attest -pubout | cmp - attest.pub"));
}

Test(p256, other_keys_are_refused_with_a_reason)
{
        static const char *const makers[] = {
                "openssl genpkey -algorithm ed25519 -out k",
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k",
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out k",
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:x -out k",
                "printf 'no key\\n' >k",
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | head -3 >k"};

        for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
                struct p256_key *key = NULL;
                struct err err = ERR_INIT;

                cr_assert(succeeds("rm -f k k.pub; umask 077"));
                cr_assert(succeeds(makers[i]), "%s", makers[i]);
                cr_assert(succeeds("chmod 600 k"));
                cr_expect(p256_ensure(judge_at, "k", &key, &err) < 0 && err.code == ERR_BLOCKED, "%s", makers[i]);
                cr_expect(faccessat(judge_at, "k.pub", F_OK, 0) < 0);
        }
}

Test(p256, a_key_that_others_may_read_is_refused)
{
        struct p256_key *key = own_key();
        struct err err = ERR_INIT;

        p256_free(key);
        key = NULL;
        cr_assert(fchmodat(judge_at, "attest", 0644, 0) == 0);
        cr_expect(p256_ensure(judge_at, "attest", &key, &err) < 0 && err.code == ERR_BLOCKED &&
                  strstr(err.message, "chmod 600"));
}

Test(p256, public_keys_of_other_kinds_are_errors_and_never_skipped)
{
        _cleanup_str_ struct str pem = {0};
        struct p256_public public;
        struct err err = ERR_INIT;
        const char *text;

        cr_assert(succeeds("openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out pub"));
        get("pub", &pem);
        text = str_text(&pem);
        cr_expect(p256_public_read(&text, &public, &err) < 0 && err.code == ERR_INPUT);
}

Test(base64, has_one_form_only)
{
        static const char *const refused[] = {
                "A", "AA", "AAA", "AB==", "AAB=", "A===", "AA=A", "AA==AAAA", "A A=", "AA-_", "AAAA\n"};
        char bytes[300];

        for (size_t len = 0; len < sizeof(bytes); len++) {
                _cleanup_str_ struct str text = {0}, back = {0};

                bytes[len] = (char)(len * 37);
                base64_encode(bytes, len, &text);
                cr_assert(base64_decode(str_text(&text), text.len, &back) == 0 && back.len == len);
                cr_assert(len == 0 || memcmp(back.data, bytes, len) == 0);
        }
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
                _cleanup_str_ struct str back = {0};

                str_puts(&back, "kept");
                cr_expect(base64_decode(refused[i], strlen(refused[i]), &back) < 0, "%s", refused[i]);
                cr_expect_str_eq(str_text(&back), "kept");
        }
}
