/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from hash.c: HMAC needs libcrypto to be started, which only who keeps a key should pay for. */
#include "lib/base/crypto.h"
#include "lib/base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

void hash_keyed(const void *key, size_t key_len, const void *data, size_t len, char ret_hex[HASH_HEX])
{
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned digest_len = 0;

        crypto_start();
        HMAC(EVP_sha256(), key, (int)key_len, data, len, digest, &digest_len);
        hex_encode(digest, digest_len, ret_hex);
}
