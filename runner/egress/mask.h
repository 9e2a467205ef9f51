/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_MASK_H
#define CUPEL_EGRESS_MASK_H

/*
 * Credentials in what comes back are overwritten by '*', byte for byte, so that an upstream that quotes a key in an error
 * message does not carry it into the sandbox. Lengths stay, and so do Content-Length and framing.
 *
 *         struct mask *mask = mask_new(&config);         all credentials of all routes; shared by all streams
 *         mask_text(mask, line, len);                    a whole text, in place
 *
 *         struct mask_stream stream = {0};               a stream, cut anywhere
 *         mask_feed(mask, &stream, bytes, len, &out);    appends what can no longer be part of a credential
 *         mask_end(&stream, &out);                       appends what was held back
 *         mask_stream_release(&stream);
 *         mask_free(mask);                               overwrites what it knows
 *
 * Held back is only what may still become a credential, the longest tail that is the beginning of one: nothing of an event
 * that ends in a line end, since no credential holds one.
 *
 * Looked for are: each word of MASK_WORD_MIN bytes or more of each credential header's value ("Bearer KEY": KEY), as it is,
 * percent-encoded (%2B and %2b), as JSON may write it (\/), in hexadecimal, and in base64 (both alphabets, wherever the value
 * stands in what is encoded, but for the characters at its two ends that depend on its neighbours). Not found is what an upstream
 * disguises otherwise (reversed, compressed, encrypted, split by other bytes): an upstream that wants to give the credential
 * away can.
 */

#include "runner/egress/egress.h"

#define MASK_WORD_MIN 8

struct mask;

struct mask_stream {
        uint32_t state;
        struct str held;
};

struct mask *mask_new(const struct egress_config *config);
void mask_free(struct mask *mask);

void mask_feed(const struct mask *mask, struct mask_stream *stream, const char *bytes, size_t len, struct str *out);
void mask_end(struct mask_stream *stream, struct str *out);
void mask_stream_release(struct mask_stream *stream);

void mask_text(const struct mask *mask, char *text, size_t len);

#endif
