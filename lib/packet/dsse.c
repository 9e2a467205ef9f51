/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/dsse.h"

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/packet/attest_key.h"

#include <string.h>

#define HEAD "{\"payload\":\""
#define TYPE "\",\"payloadType\":\"" DSSE_PAYLOAD_TYPE "\",\"signatures\":[{\"keyid\":\""
#define SIG "\",\"sig\":\""
#define END "\"}]}"
#define HEX_LEN (HASH_HEX - 1)

/* The pre-authentication encoding: what is signed. */
static void put_signed(struct str *out, const void *payload, size_t len)
{
        str_printf(out, "DSSEv1 %zu " DSSE_PAYLOAD_TYPE " %zu ", strlen(DSSE_PAYLOAD_TYPE), len);
        str_append(out, payload, len);
}

int dsse_sign(const struct p256_key *key, const void *payload, size_t len, struct str *out, struct err *err)
{
        _cleanup_str_ struct str encoded = {0}, signature = {0};

        put_signed(&encoded, payload, len);
        if (p256_sign(key, encoded.data, encoded.len, &signature, err) < 0)
                return -1;
        str_puts(out, HEAD);
        base64_encode(payload, len, out);
        str_printf(out, TYPE "%s" SIG, p256_public_of(key)->id);
        base64_encode(signature.data, signature.len, out);
        str_puts(out, END);
        return 0;
}

void dsse_release(struct dsse *envelope)
{
        str_release(&envelope->payload);
        str_release(&envelope->signature);
}

static bool take(const char **at, const char *end, const char *wanted)
{
        const size_t len = strlen(wanted);

        if ((size_t)(end - *at) < len || memcmp(*at, wanted, len) != 0)
                return false;
        *at += len;
        return true;
}

/* Up to the next quote: base64 has none. */
static bool take_base64(const char **at, const char *end, struct str *ret)
{
        const char *quote = memchr(*at, '"', (size_t)(end - *at));

        if (!quote || quote == *at || base64_decode(*at, (size_t)(quote - *at), ret) < 0)
                return false;
        *at = quote;
        return true;
}

static bool take_hex(const char **at, const char *end, char ret[HASH_HEX])
{
        if ((size_t)(end - *at) < HEX_LEN)
                return false;
        for (size_t i = 0; i < HEX_LEN; i++)
                if (!strchr("0123456789abcdef", (*at)[i]) || !(*at)[i])
                        return false;
        memcpy(ret, *at, HEX_LEN);
        ret[HEX_LEN] = '\0';
        *at += HEX_LEN;
        return true;
}

static int parse(const char *line, size_t len, struct dsse *envelope, struct err *err)
{
        const char *at = line, *end = line + len;

        if (!take(&at, end, HEAD) || !take_base64(&at, end, &envelope->payload) || !take(&at, end, TYPE) ||
            !take_hex(&at, end, envelope->keyid) || !take(&at, end, SIG) ||
            !take_base64(&at, end, &envelope->signature) || !take(&at, end, END) || at != end)
                return err_set(err, ERR_INPUT, "it is no DSSE envelope as the director writes it (byte %zu)",
                               (size_t)(at - line));
        return 0;
}

int dsse_parse(const char *line, size_t len, struct dsse *ret, struct err *err)
{
        struct dsse envelope = {.keyid = ""};

        if (len > DSSE_LINE_MAX)
                return err_set(err, ERR_INPUT, "it is longer than any envelope");
        if (parse(line, len, &envelope, err) < 0) {
                dsse_release(&envelope);
                return -1;
        }
        *ret = envelope;
        return 0;
}

int dsse_verify(const struct dsse *envelope, const struct attest_keys *keys)
{
        const struct p256_public *key = attest_keys_find(keys, envelope->keyid);
        _cleanup_str_ struct str encoded = {0};

        if (!key)
                return 0;
        put_signed(&encoded, envelope->payload.data, envelope->payload.len);
        return p256_verify(key, encoded.data, encoded.len, envelope->signature.data, envelope->signature.len) ? 1 : -1;
}
