/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation from an attacker, as a note that was pushed or as a file of an archive: beside not crashing, nothing vouches
 * without a signature of a trusted key, and an envelope that is taken comes back byte for byte. The first byte chooses the parser.
 */
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/sshsig_check.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/attestation.h"
#include "lib/packet/dsse.h"
#include "tests/fuzz/must.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char trusted[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
                              "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
                              "-----END PUBLIC KEY-----\n"; /* the generator: nobody signs with it here */

static void read_attestation(const char *text, size_t len)
{
        _cleanup_attest_keys_ struct attest_keys keys = {0};
        _cleanup_attestation_ struct attestation a = {.keyid = ""}, believed = {.keyid = ""};
        struct err err = ERR_INIT;

        must(attest_keys_read(&keys, trusted, "trusted", &err) == 0);
        must(attestation_read(text, len, &keys, &believed, &err) < 0 &&
             (err.code == ERR_REFUSED || err.code == ERR_INPUT));
        err = ERR_INIT;
        if (attestation_read(text, len, NULL, &a, &err) < 0) {
                must(err.code == ERR_INPUT);
                return;
        }
        must(a.commit[0] || a.tree[0] || a.report[0]);
        (void)attestation_vouches(&a, a.commit, a.tree, &err);
        (void)attestation_byproduct(&a, ATTEST_SUMS_NAME);
}

static void read_envelope(const char *text, size_t len)
{
        _cleanup_dsse_ struct dsse envelope = {.keyid = ""};
        _cleanup_str_ struct str again = {0};
        struct err err = ERR_INIT;

        if (dsse_parse(text, len, &envelope, &err) < 0)
                return;
        str_puts(&again, "{\"payload\":\"");
        base64_encode(envelope.payload.data, envelope.payload.len, &again);
        str_printf(&again, "\",\"payloadType\":\"" DSSE_PAYLOAD_TYPE "\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"",
                   envelope.keyid);
        base64_encode(envelope.signature.data, envelope.signature.len, &again);
        str_puts(&again, "\"}]}");
        must(again.len == len && memcmp(again.data, text, len) == 0);
}

static void read_signature(const char *text, size_t len)
{
        _cleanup_free_ char *public = NULL;
        struct err err = ERR_INIT;

        must(sshsig_check(text, "git", text, len, &public, &err) < 0);
        (void)sshsig_allowed(text, "director@cupel.invalid", "git", "ssh-ed25519 AAAA");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const parsers[])(const char *, size_t) = {read_attestation, read_envelope, read_signature};
        _cleanup_free_ char *copy = NULL;

        if (size == 0)
                return 0;
        copy = xmemdup(data + 1, size - 1);
        parsers[data[0] % 3](copy, size - 1);
        return 0;
}
