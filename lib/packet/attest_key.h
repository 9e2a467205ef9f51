/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_ATTEST_KEY_H
#define CUPEL_PACKET_ATTEST_KEY_H

/* The public keys whose attestations are believed: PEM files, each with any number of keys, with other text between them. */

#include "lib/base/p256.h"

#define ATTEST_KEY                                                                                                     \
        "attest" /* this machine's own, in <state>/keys (lib/base/p256.h); its public half has ".pub" behind it */

struct attest_keys {
        struct p256_public *items;
        size_t len;
};

/* Appends the keys of a text; ERR_INPUT where it has none, or one of another kind. `name` is for the message. */
int attest_keys_read(struct attest_keys *keys, const char *text, const char *name, struct err *err);
/* The same of a file. */
int attest_keys_load(struct attest_keys *keys, const char *path, struct err *err);
const struct p256_public *attest_keys_find(const struct attest_keys *keys, const char *id); /* NULL: not among them */
void attest_keys_release(struct attest_keys *keys);
#define _cleanup_attest_keys_ __attribute__((cleanup(attest_keys_release)))

#endif
