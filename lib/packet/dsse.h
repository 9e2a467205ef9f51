/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_DSSE_H
#define CUPEL_PACKET_DSSE_H

/*
 * One statement in one signed envelope, on one line (DSSE 1.0.2, https://github.com/secure-systems-lab/dsse; in-toto Statement v1):
 *
 *         {"payload":"<base64>","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"<hex>","sig":"<base64>"}]}
 *
 * What is signed is "DSSEv1 SP len(type) SP type SP len(payload) SP payload". The id of a key is that of lib/base/p256.h.
 *
 * Written and read in this form only: sorted members, no spaces, exactly one signature, base64 without freedom. An envelope of
 * another tool that means the same is not taken: a packet has none.
 */

#include "lib/base/p256.h"

struct attest_keys;

#define DSSE_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define DSSE_LINE_MAX ((size_t)4 << 20)

/* Appends the envelope, without a line end. */
int dsse_sign(const struct p256_key *key, const void *payload, size_t len, struct str *out, struct err *err);

struct dsse {
        struct str payload;
        struct str signature;
        char keyid[HASH_HEX];
};

/* ERR_INPUT: it is no envelope in that form. Nothing is checked of its signature. */
int dsse_parse(const char *line, size_t len, struct dsse *ret, struct err *err);
void dsse_release(struct dsse *envelope);
#define _cleanup_dsse_ __attribute__((cleanup(dsse_release)))

/* Whether the key that it names is among the keys, and made the signature: 1; 0: the key is not; -1: it did not. */
int dsse_verify(const struct dsse *envelope, const struct attest_keys *keys);

#endif
