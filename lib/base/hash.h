/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_HASH_H
#define CUPEL_BASE_HASH_H

/*
 * SHA-256, one-shot and incremental. Digests travel as lower-case hex. hash_field() is the domain-separated form that
 * identities use: every field is preceded by its length as 8 bytes big-endian, so no two lists of fields collide.
 */

#include "lib/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define HASH_HEX 65 /* 64 hex digits and the NUL */

struct hash {
        _Alignas(16) unsigned char state[128];
};

void hash_init(struct hash *hash);
void hash_update(struct hash *hash, const void *data, size_t len);
void hash_field(struct hash *hash, const void *data, size_t len);
void hash_final(struct hash *hash, char ret_hex[HASH_HEX]);

void hash_bytes(const void *data, size_t len, char ret_hex[HASH_HEX]);
int hash_fd(int fd, char ret_hex[HASH_HEX], struct err *err); /* from the current offset to the end */

void hex_encode(const void *data, size_t len, char *ret_hex); /* 2 × len + 1 bytes */
int random_hex(char *ret_hex, size_t digits);                 /* getrandom(2); digits is even; -1 when it fails */

#endif
