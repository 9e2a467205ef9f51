/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_VERIFY_H
#define CUPEL_CLI_VERIFY_H

/*
 * What `cupel verify` adds to lib/packet/verify.h, for whoever wants the same verdict: the store's rows, the repository's commit, and
 * the note about a commit whose packet is not here. Nothing is written, nothing leaves the machine.
 *
 *         _cleanup_trust_ struct trust trust = {0};
 *         trust_load(&trust, context, keys, signers, err);
 *         verify_packet(context, &trust, &ref, &verified, err);       a run's packet, or an archive's
 *         verify_commit(context, &trust, id, &verified, err);         a commit: by its packet, else by its note
 */

#include "cli/packet.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"
#include "lib/packet/attest_key.h"
#include "lib/packet/verify.h"

#include <stdbool.h>

struct context;
struct json_t;

/* Whose signatures are believed. */
struct trust {
        struct attest_keys keys;
        struct str signers; /* the text of an allowed signers file; empty: there is none */
};

/*
 * `keys` (files) and `signers` (a file) are what the user named; without any, the director's own of this machine:
 * <state>/keys/attest.pub and allowed_signers, where they are.
 */
int trust_load(struct trust *trust, const struct context *context, const struct strv *keys, const char *signers,
               struct err *err);
void trust_release(struct trust *trust);
#define _cleanup_trust_ __attribute__((cleanup(trust_release)))

enum verified_by {
        VERIFIED_BY_PACKET,
        VERIFIED_BY_NOTE, /* the attestation in refs/notes/cupel: the packet is not here */
        VERIFIED_BY_NOTHING,
};

struct verified {
        enum verified_by by;
        char *run; /* NULL: not known */
        char commit[GIT_HEX];
        char *subject; /* of the commit; NULL: not read */
        struct packet_verdict verdict;
};

int verify_packet(struct context *context, const struct trust *trust, const struct packet_ref *ref,
                  struct verified *ret, struct err *err);
int verify_commit(struct context *context, const struct trust *trust, const char *commit, struct verified *ret,
                  struct err *err);
void verified_release(struct verified *verified);
#define _cleanup_verified_ __attribute__((cleanup(verified_release)))

/* Its parts (verify_store.c, verify_commit.c): each puts what it finds into the verdict. */
int verify_store(struct context *context, const struct packet_ref *ref, struct packet_verdict *verdict,
                 struct err *err);
int verify_in_repository(struct context *context, const struct trust *trust, const struct packet_ref *ref,
                         struct verified *verified, struct err *err);

/* Once for all that is verified together: the chains of the whole store. A finding goes to `verdict`. */
int verify_chains(struct context *context, struct packet_verdict *verdict, struct err *err);

/* ---- Told (verify_view.c) ---- */

struct json_t *verified_json(const struct verified *verified);
/* `columns` of the terminal; 0: it goes elsewhere, and what was found stays on one line. */
void verified_put(const struct verified *verified, bool colour, size_t columns, struct str *out);
void verified_put_line(const struct verified *verified, bool colour, struct str *out); /* of a range */

#endif
