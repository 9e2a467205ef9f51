/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_P256_H
#define CUPEL_BASE_P256_H

/*
 * ECDSA signatures over the curve P-256 with SHA-256, in DER: what `openssl dgst -sha256 -sign` makes and -verify checks, and what
 * every tool for attestations reads.
 *
 *         struct p256_key *key = NULL;
 *         p256_ensure(keys_dirfd, "attest", &key, err);       keys/attest (PKCS #8 PEM, 0600), keys/attest.pub (SPKI PEM)
 *         p256_sign(key, bytes, len, &signature, err);
 *         p256_free(key);
 *
 * p256_ensure() loads `name`, or makes it. Files appear whole; of two processes that make one at once one wins, and both use its
 * key. A missing .pub is made again. A key that is there but unreadable, open to others or not one of ours is an error, never replaced.
 *
 * The id of a key is SHA-256 over the DER of its public key (SubjectPublicKeyInfo, 91 bytes): what
 * `openssl pkey -pubin -in attest.pub -outform DER | sha256sum` prints.
 *
 * PEM is read in the one form that OpenSSL writes for such keys, uncompressed point and named curve, so that nothing of OpenSSL's
 * decoders is needed: they take milliseconds.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/key_file.h"
#include "lib/base/str.h"

#include <stdbool.h>

#define P256_POINT 65         /* 4, x, y */
#define P256_SIGNATURE_MAX 72 /* DER */

struct p256_key;

struct p256_public {
        unsigned char point[P256_POINT];
        char id[HASH_HEX];
};

int p256_ensure(int dirfd, const char *name, struct p256_key **ret, struct err *err);
/* Whether one that is there can be used; 0 where there is none, too. Makes nothing. ERR_BLOCKED with the remedy. */
int p256_look(int dirfd, const char *name, enum key_look look, struct err *err);
void p256_free(struct p256_key *key); /* wipes it; NULL is fine */
const struct p256_public *p256_public_of(const struct p256_key *key);

/* Appends the signature. */
int p256_sign(const struct p256_key *key, const void *data, size_t len, struct str *ret, struct err *err);

/*
 * The first public key in PEM text, from *at on, which is moved behind it: 1; 0: there is none; -1: ERR_INPUT, it is of another kind.
 */
int p256_public_read(const char **at, struct p256_public *ret, struct err *err);
void p256_public_pem(const struct p256_public *key, struct str *out);

bool p256_verify(const struct p256_public *key, const void *data, size_t len, const void *signature,
                 size_t signature_len);

static inline void p256_cleanup(struct p256_key **key)
{
        p256_free(*key);
}
#define _cleanup_p256_ __attribute__((cleanup(p256_cleanup)))

#endif
