/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_HASH_H
#define CUPEL_BASE_HASH_H

/*
 * SHA-256, one-shot and incremental. Digests travel as lower-case hex. hash_field() is the domain-separated form that
 * identities use: every field is preceded by its length as 8 bytes big-endian, so no two lists of fields collide.
 */

#include "lib/base/err.h"

#include <stdbool.h>
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

/* Of a file that somebody may still write: more than `*left` bytes is ERR_REFUSED; lowers it by what was read. */
int hash_fd_within(int fd, uint64_t *left, char ret_hex[HASH_HEX], struct err *err);

/* HMAC-SHA-256 (RFC 2104). Costs a millisecond at its first use in a process, when the library loads its providers. */
void hash_keyed(const void *key, size_t key_len, const void *data, size_t len, char ret_hex[HASH_HEX]);

void hex_encode(const void *data, size_t len, char *ret_hex); /* 2 × len + 1 bytes */
/* Exactly so many lower-case digits; `size` is of a text with its NUL, as HASH_HEX and GIT_HEX are. */
bool hex_is(const char *text, size_t size);
int random_hex(char *ret_hex, size_t digits); /* getrandom(2); digits is even; -1 when it fails */

#endif
