/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The low-level ECDSA of libcrypto, as lib/base/hash.c does with SHA-256 and for the same reason: no configuration, no decoders. The
 * DER around keys is of one fixed form here, so it is written and compared as bytes.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/base/p256.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/crypto.h"
#include "lib/base/fs.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include <string.h>

#define SECRET_LEN 32
#define PEM_MAX ((size_t)4096)
#define COLUMNS 64

/* SubjectPublicKeyInfo (RFC 5480) up to the point: id-ecPublicKey, prime256v1. */
static const unsigned char spki_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                          0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
/* PKCS #8 (RFC 5958) with an ECPrivateKey (RFC 5915): up to the secret, and between it and the point. */
static const unsigned char pkcs8_head[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
                                           0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                           0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
static const unsigned char pkcs8_middle[] = {0xa1, 0x44, 0x03, 0x42, 0x00};
static const char public_begin[] = "-----BEGIN PUBLIC KEY-----\n", public_end[] = "-----END PUBLIC KEY-----\n";
static const char secret_begin[] = "-----BEGIN PRIVATE KEY-----\n", secret_end[] = "-----END PRIVATE KEY-----\n";

struct p256_key {
        EC_KEY *ec;
        struct p256_public public;
};

static void cleanup_ec(EC_KEY **ec)
{
        EC_KEY_free(*ec);
}

static void cleanup_bignum(BIGNUM **number)
{
        BN_clear_free(*number);
}

static void cleanup_point(EC_POINT **point)
{
        EC_POINT_free(*point);
}

#define _cleanup_ec_ __attribute__((cleanup(cleanup_ec)))
#define _cleanup_bignum_ __attribute__((cleanup(cleanup_bignum)))
#define _cleanup_point_ __attribute__((cleanup(cleanup_point)))

void p256_free(struct p256_key *key)
{
        if (!key)
                return;
        EC_KEY_free(key->ec); /* clears its secret */
        free(key);
}

const struct p256_public *p256_public_of(const struct p256_key *key)
{
        return &key->public;
}

/* ---- PEM ---- */

static void put_pem(struct str *out, const char *begin, const char *end, const struct str *der)
{
        _cleanup_secret_ struct str text = {0};

        base64_encode(der->data, der->len, &text);
        str_puts(out, begin);
        for (size_t at = 0; at < text.len; at += COLUMNS) {
                str_append(out, text.data + at, text.len - at < COLUMNS ? text.len - at : COLUMNS);
                str_putc(out, '\n');
        }
        str_puts(out, end);
}

/* The DER of the first block from *at on: 1, 0: there is none, -1: it is none. */
static int take_pem(const char **at, const char *begin, const char *end, struct str *der)
{
        const char *from = strstr(*at, begin), *to = from ? strstr(from, end) : NULL;
        _cleanup_secret_ struct str text = {0};

        if (!from)
                return 0;
        if (!to || (size_t)(to - from) > PEM_MAX)
                return -1;
        for (const char *c = from + strlen(begin); c < to; c++)
                if (*c != '\n')
                        str_putc(&text, *c);
        *at = to + strlen(end);
        return base64_decode(str_text(&text), text.len, der) == 0 ? 1 : -1;
}

static void put_spki(struct str *der, const unsigned char point[P256_POINT])
{
        str_append(der, spki_head, sizeof(spki_head));
        str_append(der, point, P256_POINT);
}

static void fill_id(struct p256_public *public)
{
        _cleanup_str_ struct str der = {0};

        put_spki(&der, public->point);
        hash_bytes(der.data, der.len, public->id);
}

void p256_public_pem(const struct p256_public *key, struct str *out)
{
        _cleanup_str_ struct str der = {0};

        put_spki(&der, key->point);
        put_pem(out, public_begin, public_end, &der);
}

/* ---- Keys ---- */

static EC_KEY *ec_new(void)
{
        crypto_start();
        return EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
}

/* With the point set only where it lies on the curve; NULL where not. */
static EC_KEY *ec_of_point(const unsigned char bytes[P256_POINT])
{
        _cleanup_ec_ EC_KEY *ec = ec_new();
        const EC_GROUP *group = ec ? EC_KEY_get0_group(ec) : NULL;
        _cleanup_point_ EC_POINT *point = group ? EC_POINT_new(group) : NULL;

        if (!point || bytes[0] != POINT_CONVERSION_UNCOMPRESSED ||
            EC_POINT_oct2point(group, point, bytes, P256_POINT, NULL) != 1 || EC_KEY_set_public_key(ec, point) != 1)
                return NULL;
        return steal_ptr(&ec);
}

int p256_public_read(const char **at, struct p256_public *ret, struct err *err)
{
        _cleanup_str_ struct str der = {0};
        struct p256_public public = {.id = ""};
        const int got = take_pem(at, public_begin, public_end, &der);
        EC_KEY *ec;

        if (got == 0)
                return 0;
        if (got < 0 || der.len != sizeof(spki_head) + P256_POINT || memcmp(der.data, spki_head, sizeof(spki_head)) != 0)
                return err_set(err, ERR_INPUT, "a public key is not one of ECDSA P-256 in PEM, as openssl writes it");
        memcpy(public.point, der.data + sizeof(spki_head), P256_POINT);
        ec = ec_of_point(public.point);
        EC_KEY_free(ec);
        if (!ec)
                return err_set(err, ERR_INPUT, "a public key is no point of the curve P-256");
        fill_id(&public);
        *ret = public;
        return 1;
}

/* Secret and point belong together, or it is no key: then -1. */
static int key_take(struct p256_key *key, const unsigned char *secret, const unsigned char *point)
{
        _cleanup_bignum_ BIGNUM *number = BN_bin2bn(secret, SECRET_LEN, NULL);

        key->ec = ec_of_point(point);
        if (!key->ec || !number || EC_KEY_set_private_key(key->ec, number) != 1 || EC_KEY_check_key(key->ec) != 1)
                return -1;
        memcpy(key->public.point, point, P256_POINT);
        fill_id(&key->public);
        return 0;
}

/* `key` NULL: the form alone. */
static int key_parse(const char *text, struct p256_key *key)
{
        _cleanup_secret_ struct str der = {0};
        const unsigned char *secret, *middle;

        if (take_pem(&text, secret_begin, secret_end, &der) != 1 ||
            der.len != sizeof(pkcs8_head) + SECRET_LEN + sizeof(pkcs8_middle) + P256_POINT)
                return -1;
        secret = (const unsigned char *)der.data + sizeof(pkcs8_head);
        middle = secret + SECRET_LEN;
        if (memcmp(der.data, pkcs8_head, sizeof(pkcs8_head)) != 0 ||
            memcmp(middle, pkcs8_middle, sizeof(pkcs8_middle)) != 0)
                return -1;
        return key ? key_take(key, secret, middle + sizeof(pkcs8_middle)) : 0;
}

static int key_read(int dirfd, const char *name, struct p256_key *key, struct err *err)
{
        static const char what[] = "attestation key";
        _cleanup_secret_ struct str text = {0};

        if (key_file_read(dirfd, name, what, &text, err) < 0)
                return -1;
        if (key_parse(str_text(&text), key) < 0)
                return key_file_unusable(name, what, "is damaged, or no unencrypted P-256 key (PKCS #8 PEM)", err);
        return 0;
}

int p256_look(int dirfd, const char *name, enum key_look look, struct err *err)
{
        _cleanup_p256_ struct p256_key *key = look == KEY_HALVES ? xcalloc(1, sizeof(*key)) : NULL;

        return key_file_exists(dirfd, name) ? key_read(dirfd, name, key, err) : 0;
}

static void put_key(struct str *out, const unsigned char *secret, const unsigned char *point)
{
        _cleanup_secret_ struct str der = {0};

        str_append(&der, pkcs8_head, sizeof(pkcs8_head));
        str_append(&der, secret, SECRET_LEN);
        str_append(&der, pkcs8_middle, sizeof(pkcs8_middle));
        str_append(&der, point, P256_POINT);
        put_pem(out, secret_begin, secret_end, &der);
}

static int key_create(int dirfd, const char *name, struct err *err)
{
        _cleanup_ec_ EC_KEY *ec = ec_new();
        unsigned char secret[SECRET_LEN], point[P256_POINT];
        _cleanup_secret_ struct str text = {0};
        bool made;

        made = ec && EC_KEY_generate_key(ec) == 1 &&
               BN_bn2binpad(EC_KEY_get0_private_key(ec), secret, SECRET_LEN) == SECRET_LEN &&
               EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec), POINT_CONVERSION_UNCOMPRESSED,
                                  point, sizeof(point), NULL) == sizeof(point);
        if (!made)
                return err_set(err, ERR_INTERNAL, "libcrypto cannot make a P-256 key");
        put_key(&text, secret, point);
        OPENSSL_cleanse(secret, sizeof(secret));
        return fs_publish_at(dirfd, name, text.data, text.len, 0600, err);
}

int p256_ensure(int dirfd, const char *name, struct p256_key **ret, struct err *err)
{
        _cleanup_p256_ struct p256_key *key = xcalloc(1, sizeof(*key));
        _cleanup_free_ char *public = xasprintf("%s.pub", name);
        _cleanup_str_ struct str pem = {0};

        if (!key_file_exists(dirfd, name) && key_create(dirfd, name, err) < 0)
                return -1;
        if (key_read(dirfd, name, key, err) < 0)
                return -1;
        p256_public_pem(&key->public, &pem);
        if (!key_file_exists(dirfd, public) && fs_publish_at(dirfd, public, pem.data, pem.len, 0644, err) < 0)
                return -1;
        *ret = steal_ptr(&key);
        return 0;
}

/* ---- Signatures ---- */

int p256_sign(const struct p256_key *key, const void *data, size_t len, struct str *ret, struct err *err)
{
        unsigned char digest[SHA256_DIGEST_LENGTH], signature[P256_SIGNATURE_MAX];
        unsigned int signature_len = 0;

        SHA256(data, len, digest);
        if (ECDSA_size(key->ec) > P256_SIGNATURE_MAX ||
            ECDSA_sign(0, digest, sizeof(digest), signature, &signature_len, key->ec) != 1)
                return err_set(err, ERR_INTERNAL, "libcrypto cannot sign with P-256");
        str_append(ret, signature, signature_len);
        return 0;
}

bool p256_verify(const struct p256_public *key, const void *data, size_t len, const void *signature,
                 size_t signature_len)
{
        unsigned char digest[SHA256_DIGEST_LENGTH];
        _cleanup_ec_ EC_KEY *ec = ec_of_point(key->point);

        SHA256(data, len, digest);
        return ec && signature_len > 0 && signature_len <= P256_SIGNATURE_MAX &&
               ECDSA_verify(0, digest, sizeof(digest), signature, (int)signature_len, ec) == 1;
}
