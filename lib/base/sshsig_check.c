/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/sshsig_check.h"

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/crypto.h"
#include "lib/base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

#define KEY_LEN 32
#define SIGNATURE_LEN 64
#define ARMOR_MAX ((size_t)16 << 10)

static const char algorithm[] = "ssh-ed25519";
static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n", end[] = "\n-----END SSH SIGNATURE-----";

/* ---- The blob: SSH's strings (RFC 4251), each behind its length ---- */

struct span {
        const unsigned char *data;
        size_t len;
};

static bool take_u32(struct span *from, uint32_t *ret)
{
        if (from->len < 4)
                return false;
        *ret = (uint32_t)from->data[0] << 24 | (uint32_t)from->data[1] << 16 | (uint32_t)from->data[2] << 8 |
               from->data[3];
        from->data += 4;
        from->len -= 4;
        return true;
}

static bool take_string(struct span *from, struct span *ret)
{
        uint32_t len;

        if (!take_u32(from, &len) || len > from->len)
                return false;
        *ret = (struct span){from->data, len};
        from->data += len;
        from->len -= len;
        return true;
}

static bool is(struct span span, const char *text)
{
        return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool take_text(struct span *from, const char *text)
{
        struct span span;

        return take_string(from, &span) && is(span, text);
}

struct signature {
        struct span public_blob, key, hash, raw;
};

static bool take_signature(struct span from, const char *name_space, struct signature *ret)
{
        struct span public, signature, reserved;
        uint32_t version;

        if (from.len < 6 || memcmp(from.data, "SSHSIG", 6) != 0)
                return false;
        from.data += 6;
        from.len -= 6;
        if (!take_u32(&from, &version) || version != 1 || !take_string(&from, &public) ||
            !take_text(&from, name_space) || !take_string(&from, &reserved) || reserved.len ||
            !take_string(&from, &ret->hash) || !take_string(&from, &signature) || from.len)
                return false;
        ret->public_blob = public;
        return take_text(&public, algorithm) && take_string(&public, &ret->key) && ret->key.len == KEY_LEN &&
               !public.len && take_text(&signature, algorithm) && take_string(&signature, &ret->raw) &&
               ret->raw.len == SIGNATURE_LEN && !signature.len;
}

static int unarmor(const char *armored, struct str *ret)
{
        const char *from = strncmp(armored, begin, strlen(begin)) == 0 ? armored + strlen(begin) : NULL;
        const char *to = from ? strstr(from, end) : NULL;
        _cleanup_str_ struct str text = {0};

        if (!to || strlen(armored) > ARMOR_MAX || (to[strlen(end)] && strcmp(to + strlen(end), "\n") != 0))
                return -1;
        for (; from < to; from++)
                if (*from != '\n')
                        str_putc(&text, *from);
        return base64_decode(str_text(&text), text.len, ret);
}

/* ---- What was signed ---- */

static void put_string(struct str *out, const void *data, size_t len)
{
        const unsigned char length[] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                                        (unsigned char)(len >> 8), (unsigned char)len};

        str_append(out, length, sizeof(length));
        str_append(out, data, len);
}

static bool put_signed(struct str *out, const struct signature *signature, const char *name_space, const void *data,
                       size_t len)
{
        const EVP_MD *digest = is(signature->hash, "sha512")   ? EVP_sha512()
                               : is(signature->hash, "sha256") ? EVP_sha256()
                                                               : NULL;
        unsigned char hashed[EVP_MAX_MD_SIZE];
        unsigned int hashed_len = 0;

        if (!digest || EVP_Digest(data, len, hashed, &hashed_len, digest, NULL) != 1)
                return false;
        str_puts(out, "SSHSIG");
        put_string(out, name_space, strlen(name_space));
        put_string(out, "", 0);
        put_string(out, signature->hash.data, signature->hash.len);
        put_string(out, hashed, hashed_len);
        return true;
}

static bool ed25519_holds(const struct signature *signature, const struct str *message)
{
        EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, signature->key.data, KEY_LEN);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        const bool holds = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                           EVP_DigestVerify(context, signature->raw.data, SIGNATURE_LEN,
                                            (const unsigned char *)message->data, message->len) == 1;

        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        return holds;
}

int sshsig_check(const char *armored, const char *name_space, const void *data, size_t len, char **ret_public,
                 struct err *err)
{
        _cleanup_str_ struct str blob = {0}, message = {0}, public = {0};
        struct signature signature;

        crypto_start();
        if (unarmor(armored, &blob) < 0 ||
            !take_signature((struct span){(const unsigned char *)blob.data, blob.len}, name_space, &signature) ||
            !put_signed(&message, &signature, name_space, data, len))
                return err_set(err, ERR_INPUT, "it is no SSH signature by an ed25519 key for \"%s\"", name_space);
        if (!ed25519_holds(&signature, &message))
                return err_set(err, ERR_REFUSED, "its SSH signature is of other bytes");
        str_printf(&public, "%s ", algorithm);
        base64_encode(signature.public_blob.data, signature.public_blob.len, &public);
        *ret_public = str_steal(&public);
        return 0;
}

/* ---- Allowed signers ---- */

/* A list with commas, as ssh_config(5) has PATTERNS: "*" and "?" alone mean something, and one behind "!" that matches excludes. */
static bool matches(const char *list, size_t len, const char *name)
{
        bool found = false;

        for (const char *at = list, *stop = list + len; at < stop;) {
                const char *comma = memchr(at, ',', (size_t)(stop - at));
                const size_t part = (size_t)((comma ? comma : stop) - at);
                _cleanup_free_ char *pattern = xmemdup(at, part);
                const bool excludes = pattern[0] == '!';

                at += part + 1;
                if (!part || fnmatch(pattern + excludes, name, FNM_NOESCAPE) != 0)
                        continue;
                if (excludes)
                        return false;
                found = found || !strchr(pattern, '[');
        }
        return found;
}

/* `line` behind the principals. */
static bool rest_allows(const char *line, const char *name_space, const char *public)
{
        static const char option[] = "namespaces=\"";
        const size_t key_len = strlen(public);

        line += strspn(line, " \t");
        if (strncasecmp(line, option, strlen(option)) == 0) {
                const char *list = line + strlen(option), *quote = strchr(list, '"');

                if (!quote || !matches(list, (size_t)(quote - list), name_space))
                        return false;
                line = quote + 1 + strspn(quote + 1, " \t");
        }
        return strncmp(line, public, key_len) == 0 && strchr(" \t\r", line[key_len]) != NULL;
}

bool sshsig_allowed(const char *signers, const char *principal, const char *name_space, const char *public)
{
        while (*signers) {
                const size_t len = strcspn(signers, "\n");
                _cleanup_free_ char *line = xmemdup(signers, len);
                const size_t principals = strcspn(line, " \t");

                if (line[0] != '#' && matches(line, principals, principal) &&
                    rest_allows(line + principals, name_space, public))
                        return true;
                signers += len + (signers[len] == '\n');
        }
        return false;
}
