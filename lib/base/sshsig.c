/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ed25519 key in OpenSSH's file format and SSHSIG signatures with it. Only our own files are read back: version 1,
 * no cipher, one key; anything else is an error that says so. Files appear whole: each is written beside its name and
 * linked to it, so that of two processes one wins and both use its key.
 */
#include "lib/base/sshsig.h"
#include "lib/base/cleanup.h"
#include "lib/base/crypto.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define KEY_LEN 32
#define SIGNATURE_LEN 64
#define ARMOR_COLUMNS 70
#define KEY_WHAT "signing key"
#define SIGNERS "allowed_signers"
#define SIGNERS_MAX ((size_t)1 << 20)

static const char algorithm[] = "ssh-ed25519";
static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */
static const char key_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n",
                  key_end[] = "-----END OPENSSH PRIVATE KEY-----\n";

struct sshkey {
        unsigned char seed[KEY_LEN], public[KEY_LEN];
        EVP_PKEY *pkey; /* of the seed */
        char *public_text;
};

void sshkey_free(struct sshkey *key)
{
        if (!key)
                return;
        OPENSSL_cleanse(key->seed, sizeof(key->seed));
        EVP_PKEY_free(key->pkey);
        free(key->public_text);
        free(key);
}

static void put_u32(struct str *out, uint32_t value)
{
        const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                       (unsigned char)(value >> 8), (unsigned char)value};

        str_append(out, bytes, sizeof(bytes));
}

/* SSH's "string": its length, then its bytes (RFC 4251). */
static void put_string(struct str *out, const void *data, size_t len)
{
        put_u32(out, (uint32_t)len);
        str_append(out, data, len);
}

static void put_public(struct str *out, const struct sshkey *key)
{
        _cleanup_str_ struct str blob = {0};

        put_string(&blob, algorithm, strlen(algorithm));
        put_string(&blob, key->public, KEY_LEN);
        put_string(out, blob.data, blob.len);
}

static void put_base64(struct str *out, const void *data, size_t len, size_t columns)
{
        _cleanup_free_ unsigned char *text = xcalloc(1, len / 3 * 4 + 8);
        size_t total = (size_t)EVP_EncodeBlock(text, data, (int)len);

        for (size_t at = 0; at < total; at += columns) {
                str_append(out, text + at, total - at < columns ? total - at : columns);
                str_putc(out, '\n');
        }
        OPENSSL_cleanse(text, total);
}

static int key_derive(struct sshkey *key, struct err *err)
{
        _cleanup_str_ struct str blob = {0}, text = {0};
        size_t len = KEY_LEN;

        crypto_start();
        EVP_PKEY_free(key->pkey);
        key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, KEY_LEN);
        if (!key->pkey || EVP_PKEY_get_raw_public_key(key->pkey, key->public, &len) != 1 || len != KEY_LEN)
                return err_set(err, ERR_INTERNAL, "libcrypto has no ed25519");
        put_public(&blob, key);
        str_printf(&text, "%s ", algorithm);
        put_base64(&text, blob.data + 4, blob.len - 4, SIZE_MAX / 2);
        while (text.len && text.data[text.len - 1] == '\n')
                text.data[--text.len] = '\0';
        free(key->public_text);
        key->public_text = str_steal(&text);
        return 0;
}

static void put_private_section(struct str *out, const struct sshkey *key, const char *comment)
{
        _cleanup_secret_ struct str section = {0}, secret = {0};
        uint32_t check = 0;

        if (getrandom(&check, sizeof(check), 0) < 0)
                check = 0; /* it only tells a wrong passphrase, and there is none */
        put_u32(&section, check);
        put_u32(&section, check);
        put_string(&section, algorithm, strlen(algorithm));
        put_string(&section, key->public, KEY_LEN);
        str_append(&secret, key->seed, KEY_LEN);
        str_append(&secret, key->public, KEY_LEN);
        put_string(&section, secret.data, secret.len);
        put_string(&section, comment, strlen(comment));
        for (char pad = 1; section.len % 8; pad++)
                str_putc(&section, pad);
        put_string(out, section.data, section.len);
}

static void put_key_file(struct str *out, const struct sshkey *key, const char *comment)
{
        _cleanup_secret_ struct str body = {0};

        str_append(&body, magic, sizeof(magic));
        put_string(&body, "none", 4); /* cipher */
        put_string(&body, "none", 4); /* key derivation */
        put_string(&body, "", 0);
        put_u32(&body, 1);
        put_public(&body, key);
        put_private_section(&body, key, comment);
        str_puts(out, key_begin);
        put_base64(out, body.data, body.len, ARMOR_COLUMNS);
        str_puts(out, key_end);
}

/* The armor's bytes; -1 when it is none. */
static int unarmor(const char *text, struct str *ret)
{
        const char *end = strstr(text, key_end);
        _cleanup_secret_ struct str packed = {0};
        size_t pad = 0;
        int len;

        if (strncmp(text, key_begin, strlen(key_begin)) != 0 || !end)
                return -1;
        for (const char *c = text + strlen(key_begin); c < end; c++) {
                if (*c != '\n' && *c != '\r')
                        str_putc(&packed, *c);
                pad += *c == '=';
        }
        if (packed.len == 0 || packed.len % 4 || pad > 2)
                return -1;
        str_append(ret, packed.data, packed.len); /* room */
        len = EVP_DecodeBlock((unsigned char *)ret->data, (const unsigned char *)packed.data, (int)packed.len);
        if (len < 0)
                return -1;
        ret->len = (size_t)len - pad;
        return 0;
}

static bool take(const struct str *from, size_t *at, const void *wanted, size_t len)
{
        if (from->len - *at < len || memcmp(from->data + *at, wanted, len) != 0)
                return false;
        *at += len;
        return true;
}

/* Our own format has no field of variable length before the seed, so the bytes around it can simply be compared. */
static int parse_key(const char *text, struct sshkey *key)
{
        _cleanup_secret_ struct str body = {0}, head = {0}, mid = {0};
        size_t at = 0;

        if (unarmor(text, &body) < 0)
                return -1;
        str_append(&head, magic, sizeof(magic));
        put_string(&head, "none", 4);
        put_string(&head, "none", 4);
        put_string(&head, "", 0);
        put_u32(&head, 1);
        put_u32(&head, 4 + (uint32_t)strlen(algorithm) + 4 + KEY_LEN);
        put_string(&head, algorithm, strlen(algorithm));
        put_u32(&head, KEY_LEN);
        if (!take(&body, &at, head.data, head.len) || body.len - at < KEY_LEN + 12)
                return -1;
        at += KEY_LEN + 4 + 8; /* public key, length of the section, the two check words */
        put_string(&mid, algorithm, strlen(algorithm));
        put_u32(&mid, KEY_LEN);
        if (!take(&body, &at, mid.data, mid.len) || body.len - at < KEY_LEN + 4 + 2 * KEY_LEN)
                return -1;
        memcpy(key->seed, body.data + at + KEY_LEN + 4, KEY_LEN);
        memcpy(key->public, body.data + at, KEY_LEN);
        return 0;
}

static int key_read_form(int dirfd, const char *name, struct sshkey *key, struct err *err)
{
        _cleanup_secret_ struct str text = {0};

        if (key_file_read(dirfd, name, KEY_WHAT, &text, err) < 0)
                return -1;
        if (parse_key(str_text(&text), key) < 0)
                return key_file_unusable(name, KEY_WHAT, "is damaged, or no unencrypted ed25519 key of ours", err);
        return 0;
}

static int key_read(int dirfd, const char *name, struct sshkey *key, struct err *err)
{
        unsigned char public[KEY_LEN];

        if (key_read_form(dirfd, name, key, err) < 0)
                return -1;
        memcpy(public, key->public, KEY_LEN);
        if (key_derive(key, err) < 0)
                return -1;
        return memcmp(public, key->public, KEY_LEN) == 0 ? 0 : key_file_unusable(name, KEY_WHAT, "is damaged", err);
}

int sshkey_look(int dirfd, const char *name, enum key_look look, struct err *err)
{
        _cleanup_sshkey_ struct sshkey *key = xcalloc(1, sizeof(*key));

        if (!key_file_exists(dirfd, name))
                return 0;
        return look == KEY_FORM ? key_read_form(dirfd, name, key, err) : key_read(dirfd, name, key, err);
}

static int key_create(int dirfd, const char *name, const char *principal, struct err *err)
{
        _cleanup_sshkey_ struct sshkey *key = xcalloc(1, sizeof(*key));
        _cleanup_secret_ struct str text = {0};

        if (getrandom(key->seed, KEY_LEN, 0) != KEY_LEN)
                return err_errno(err, "cannot get random bytes");
        if (key_derive(key, err) < 0)
                return -1;
        put_key_file(&text, key, principal);
        return fs_publish_at(dirfd, name, text.data, text.len, 0600, err);
}

/* Beside what stands there: commits that an earlier key signed are to be believed as before. */
static int allow_signer(int dirfd, const char *principal, const struct sshkey *key, struct err *err)
{
        _cleanup_free_ char *line = xasprintf("%s namespaces=\"git\" %s\n", principal, key->public_text);
        _cleanup_str_ struct str text = {0};

        if (!key_file_exists(dirfd, SIGNERS))
                return fs_publish_at(dirfd, SIGNERS, line, strlen(line), 0644, err);
        if (fs_read_at(dirfd, SIGNERS, SIGNERS_MAX, &text, err) < 0)
                return -1;
        if (strstr(str_text(&text), line))
                return 0;
        if (text.len && text.data[text.len - 1] != '\n')
                str_putc(&text, '\n');
        str_puts(&text, line);
        return fs_write_at(dirfd, SIGNERS, text.data, text.len, 0644, err);
}

/* The public half last: where it is missing a key is new, or was left before its signer was written. */
static int publish_companions(int dirfd, const char *name, const char *principal, const struct sshkey *key,
                              struct err *err)
{
        _cleanup_free_ char *public = xasprintf("%s.pub", name), *text = NULL;
        const bool published = key_file_exists(dirfd, public);

        if ((!published || !key_file_exists(dirfd, SIGNERS)) && allow_signer(dirfd, principal, key, err) < 0)
                return -1;
        if (published)
                return 0;
        text = xasprintf("%s %s\n", key->public_text, principal);
        return fs_publish_at(dirfd, public, text, strlen(text), 0644, err);
}

int sshkey_ensure(int dirfd, const char *name, const char *principal, struct sshkey **ret, struct err *err)
{
        _cleanup_sshkey_ struct sshkey *key = xcalloc(1, sizeof(*key));

        if (!key_file_exists(dirfd, name) && key_create(dirfd, name, principal, err) < 0)
                return -1;
        if (key_read(dirfd, name, key, err) < 0 || publish_companions(dirfd, name, principal, key, err) < 0)
                return -1;
        *ret = steal_ptr(&key);
        return 0;
}

static int ed25519(const struct sshkey *key, const struct str *message, unsigned char ret[SIGNATURE_LEN])
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t len = SIGNATURE_LEN;
        int ok = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                 EVP_DigestSign(context, ret, &len, (const unsigned char *)message->data, message->len) == 1 &&
                 len == SIGNATURE_LEN;

        EVP_MD_CTX_free(context);
        return ok ? 0 : -1;
}

static int digest(const void *data, size_t len, unsigned char ret[64])
{
        unsigned int size = 64;

        crypto_start();
        return EVP_Digest(data, len, ret, &size, EVP_sha512(), NULL) == 1 ? 0 : -1;
}

char *sshsig_sign(const struct sshkey *key, const char *name_space, const void *data, size_t len, struct err *err)
{
        _cleanup_str_ struct str message = {0}, blob = {0}, signature = {0}, armored = {0};
        unsigned char hashed[64], raw[SIGNATURE_LEN];

        if (digest(data, len, hashed) < 0)
                return err_set(err, ERR_INTERNAL, "libcrypto has no SHA-512"), NULL;
        str_append(&message, "SSHSIG", 6);
        put_string(&message, name_space, strlen(name_space));
        put_string(&message, "", 0);
        put_string(&message, "sha512", 6);
        put_string(&message, hashed, sizeof(hashed));
        if (ed25519(key, &message, raw) < 0)
                return err_set(err, ERR_INTERNAL, "libcrypto cannot sign with ed25519"), NULL;
        str_append(&blob, "SSHSIG", 6);
        put_u32(&blob, 1);
        put_public(&blob, key);
        put_string(&blob, name_space, strlen(name_space));
        put_string(&blob, "", 0);
        put_string(&blob, "sha512", 6);
        put_string(&signature, algorithm, strlen(algorithm));
        put_string(&signature, raw, sizeof(raw));
        put_string(&blob, signature.data, signature.len);
        str_puts(&armored, "-----BEGIN SSH SIGNATURE-----\n");
        put_base64(&armored, blob.data, blob.len, ARMOR_COLUMNS);
        str_puts(&armored, "-----END SSH SIGNATURE-----\n");
        return str_steal(&armored);
}
