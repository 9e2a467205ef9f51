/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The low-level SHA-256 of libcrypto: EVP would load OpenSSL's configuration and providers first, about a millisecond in
 * each of our short-lived processes.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/base/hash.h"

#include <errno.h>
#include <openssl/sha.h>
#include <unistd.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct hash), "struct hash holds the library's state");

static SHA256_CTX *state(struct hash *hash)
{
        return (SHA256_CTX *)(void *)hash->state;
}

void hash_init(struct hash *hash)
{
        SHA256_Init(state(hash));
}

void hash_update(struct hash *hash, const void *data, size_t len)
{
        SHA256_Update(state(hash), data, len);
}

void hash_field(struct hash *hash, const void *data, size_t len)
{
        unsigned char length[8];

        for (size_t i = 0; i < sizeof(length); i++)
                length[i] = (unsigned char)((uint64_t)len >> (8 * (7 - i)));
        hash_update(hash, length, sizeof(length));
        hash_update(hash, data, len);
}

void hash_final(struct hash *hash, char ret_hex[HASH_HEX])
{
        unsigned char digest[SHA256_DIGEST_LENGTH];

        SHA256_Final(digest, state(hash));
        hex_encode(digest, sizeof(digest), ret_hex);
}

void hash_bytes(const void *data, size_t len, char ret_hex[HASH_HEX])
{
        struct hash hash;

        hash_init(&hash);
        hash_update(&hash, data, len);
        hash_final(&hash, ret_hex);
}

int hash_fd_within(int fd, uint64_t *left, char ret_hex[HASH_HEX], struct err *err)
{
        unsigned char buffer[65536];
        struct hash hash;
        ssize_t got;

        hash_init(&hash);
        while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "read to hash");
                if ((uint64_t)got > *left)
                        return err_set(err, ERR_REFUSED, "more bytes than there may be");
                *left -= (uint64_t)got;
                hash_update(&hash, buffer, (size_t)got);
        }
        hash_final(&hash, ret_hex);
        return 0;
}

int hash_fd(int fd, char ret_hex[HASH_HEX], struct err *err)
{
        uint64_t left = UINT64_MAX;

        return hash_fd_within(fd, &left, ret_hex, err);
}
