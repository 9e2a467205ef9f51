/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_FINGERPRINT_H
#define CUPEL_CLI_FINGERPRINT_H

/*
 * Keyed fingerprints of values that must not be written down: HMAC-SHA-256 (RFC 2104) under a key of the user's own state,
 * <state>/keys/fingerprint.key, mode 0600, made at the first use. The same value gives the same fingerprint; without the key nobody
 * can try values against one.
 *
 *         struct fingerprint print;
 *         if (fingerprint_begin(&print, state_root, "what it is for", err) < 0) …
 *         fingerprint_add(&print, value, len);
 *         fingerprint_end(&print, ret_hex);           forgets what it was given
 */

#include "lib/base/hash.h"
#include "lib/base/str.h"

#define FINGERPRINT_KEY 32

struct fingerprint {
        unsigned char key[FINGERPRINT_KEY];
        struct str data;
};

int fingerprint_begin(struct fingerprint *print, const char *state_root, const char *purpose, struct err *err);
void fingerprint_add(struct fingerprint *print, const void *data, size_t len); /* a field: with its length */
void fingerprint_end(struct fingerprint *print, char ret_hex[HASH_HEX]);

#endif
