/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of envelopes is the openssl program, over the encoding that the specification of DSSE gives. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COMMIT "3333333333333333333333333333333333333333"
#define TREE "2222222222222222222222222222222222222222"

static char folder[] = "/tmp/unit-attest-XXXXXX";
static int at = -1;
static struct p256_key *key;
static struct attest_keys trusted;

static void begin(void)
{
        struct err err = ERR_INIT;
        _cleanup_str_ struct str pem = {0};

        strcpy(folder, "/tmp/unit-attest-XXXXXX");
        cr_assert(mkdtemp(folder) != NULL);
        at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(p256_ensure(at, "attest", &key, &err) == 0);
        p256_public_pem(p256_public_of(key), &pem);
        cr_assert(attest_keys_read(&trusted, str_text(&pem), "pub", &err) == 0 && trusted.len == 1);
}

static void end(void)
{
        struct err err = ERR_INIT;
        int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        p256_free(key);
        attest_keys_release(&trusted);
        close(at);
        fs_remove_tree_at(tmp, folder + 5, &err);
        close(tmp);
}

TestSuite(attestation, .init = begin, .fini = end);

Test(attestation, openssl_believes_an_envelope)
{
        static const char payload[] = "{\"hello\":\"world\"}";
        _cleanup_str_ struct str line = {0};
        _cleanup_dsse_ struct dsse envelope = {.keyid = ""};
        _cleanup_free_ char *command = NULL;
        struct err err = ERR_INIT;

        cr_assert(dsse_sign(key, payload, strlen(payload), &line, &err) == 0);
        cr_assert(dsse_parse(line.data, line.len, &envelope, &err) == 0, "%s", err.message);
        cr_expect_str_eq(str_text(&envelope.payload), payload);
        cr_expect(dsse_verify(&envelope, &trusted) == 1);
        cr_assert(fs_write_at(at, "sig", envelope.signature.data, envelope.signature.len, 0600, &err) == 0);
        command = xasprintf(
                "cd %s && printf 'DSSEv1 28 application/vnd.in-toto+json %zu %%s' '%s' | openssl dgst -sha256 "
                "-verify attest.pub -signature sig >out 2>&1",
                folder, strlen(payload), payload);
        cr_expect(system(command) == 0);
}

/* ---- Whole attestations ---- */

struct made {
        const char *commit, *tree, *result, *tests;
        int lines[4]; /* predicates in order, -1 ends */
};

static const struct made good = {
        COMMIT, TREE, "PASSED", "PASSED", {ATTEST_TEST_RESULT, ATTEST_PROVENANCE, ATTEST_SUMMARY, -1}};

static void put(const struct made *made, struct str *out)
{
        _cleanup_str_ struct str inputs = {0};

        for (int i = 0; i < 4 && made->lines[i] >= 0; i++) {
                _cleanup_free_ char *predicate = NULL, *payload = NULL;
                const size_t from = out->len;
                struct err err = ERR_INIT;
                char hex[HASH_HEX];

                if (made->lines[i] == ATTEST_SUMMARY)
                        predicate = xasprintf("{\"inputAttestations\":[%s],\"verificationResult\":\"%s\"}",
                                              str_text(&inputs), made->result);
                else
                        predicate = xasprintf("{\"result\":\"%s\"}", made->tests);
                payload =
                        xasprintf("{\"_type\":\"" ATTEST_STATEMENT_TYPE "\",\"predicate\":%s,\"predicateType\":\"%s\","
                                  "\"subject\":[{\"digest\":{\"gitCommit\":\"%s\",\"gitTree\":\"%s\"}}]}",
                                  predicate, attest_predicate_uri((enum attest_predicate)made->lines[i]), made->commit,
                                  made->tree);
                cr_assert(dsse_sign(key, payload, strlen(payload), out, &err) == 0);
                hash_bytes(out->data + from, out->len - from, hex);
                str_printf(&inputs, "%s{\"digest\":{\"sha256\":\"%s\"}}", inputs.len ? "," : "", hex);
                str_putc(out, '\n');
        }
}

/* "": it vouches for the commit; else why not. */
static const char *judged(const char *text, size_t len)
{
        static struct err err;
        _cleanup_attestation_ struct attestation a = {.keyid = ""};

        err = ERR_INIT;
        if (attestation_read(text, len, &trusted, &a, &err) < 0 || attestation_vouches(&a, COMMIT, TREE, &err) < 0)
                return err.message;
        return "";
}

Test(attestation, three_lines_vouch_for_exactly_their_commit)
{
        static const struct {
                struct made made;
                const char *why;
        } rows[] = {
                {{COMMIT, TREE, "PASSED", "PASSED", {0, 1, 2, -1}}, ""},
                {{COMMIT, TREE, "PASSED", "WARNED", {0, 1, 2, -1}}, ""},
                {{COMMIT, TREE, "FAILED", "PASSED", {0, 1, 2, -1}}, "refused it"},
                {{COMMIT, TREE, "PASSED", "FAILED", {0, 1, 2, -1}}, "had failed"},
                {{TREE, TREE, "PASSED", "PASSED", {0, 1, 2, -1}}, "another commit"},
                {{COMMIT, COMMIT, "PASSED", "PASSED", {0, 1, 2, -1}}, "another tree"},
                {{COMMIT, TREE, "PASSED", "PASSED", {1, 2, -1}}, "lacks"},
                {{COMMIT, TREE, "PASSED", "PASSED", {0, 1, -1}}, "lacks"},
                {{COMMIT, TREE, "PASSED", "PASSED", {2, -1}}, "lacks"},
                {{COMMIT, TREE, "PASSED", "PASSED", {1, 0, 2, -1}}, "in their order"},
                {{COMMIT, TREE, "PASSED", "PASSED", {0, 0, 2, -1}}, "in their order"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_str_ struct str text = {0};
                const char *why;

                put(&rows[i].made, &text);
                why = judged(text.data, text.len);
                cr_expect(rows[i].why[0] ? strstr(why, rows[i].why) != NULL : why[0] == '\0', "%zu: %s", i, why);
        }
}

Test(attestation, lines_of_two_attestations_are_none)
{
        _cleanup_str_ struct str first = {0}, second = {0}, mixed = {0};
        const char *rest;

        put(&good, &first);
        put(&good, &second); /* other signatures, so other lines */
        rest = strchr(str_text(&second), '\n');
        str_append(&mixed, first.data, strcspn(first.data, "\n"));
        str_puts(&mixed, rest);
        cr_expect(strstr(judged(mixed.data, mixed.len), "other lines") != NULL);
}

Test(attestation, no_byte_of_it_can_be_another, .timeout = 60)
{
        _cleanup_str_ struct str text = {0};

        put(&good, &text);
        cr_assert_str_eq(judged(text.data, text.len), "");
        for (size_t i = 0; i < text.len; i++) {
                text.data[i] ^= 1;
                cr_assert(judged(text.data, text.len)[0], "byte %zu", i);
                text.data[i] ^= 1;
        }
        for (size_t len = 0; len < text.len; len += 97)
                cr_assert(judged(text.data, len)[0], "%zu bytes", len);
}

Test(attestation, a_key_that_is_not_trusted_says_so)
{
        struct attest_keys none = {0};
        _cleanup_attestation_ struct attestation a = {.keyid = ""};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        put(&good, &text);
        cr_expect(attestation_read(text.data, text.len, &none, &a, &err) < 0 && err.code == ERR_REFUSED);
        cr_expect(strstr(err.message, "none of those that are trusted") != NULL);
}
