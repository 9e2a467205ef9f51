/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_ATTESTATION_H
#define CUPEL_PACKET_ATTESTATION_H

/*
 * The attestation of a run: up to three in-toto statements, one DSSE envelope per line, in this order.
 *
 *         test-result v0.1            what the director's verifiers said of the tree
 *         SLSA provenance v1          from what, under which rules and by whom it was made; digests of the packet's files
 *         verification summary v1     what the director decided, and on which of the lines above
 *
 * Their subject is the commit and its tree ({"gitCommit", "gitTree"}); of a run without a commit the tree that it made, and of a run
 * without a tree its report ({"sha256"}).
 *
 * Written by the director (director/attest.h), read here: by `cupel verify`, by the server's hook, by whoever has keys.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

struct attest_keys;
struct json_t;

#define ATTEST_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define ATTEST_FILE_MAX ((size_t)8 << 20)
#define ATTEST_SUMS_NAME "SHA256SUMS without the lines of attestations"

/* predicate, URI of its type */
#define ATTEST_PREDICATES(X)                                                                                           \
        X(TEST_RESULT, "https://in-toto.io/attestation/test-result/v0.1")                                              \
        X(PROVENANCE, "https://slsa.dev/provenance/v1")                                                                \
        X(SUMMARY, "https://slsa.dev/verification_summary/v1")

enum attest_predicate {
#define X(id, uri) ATTEST_##id,
        ATTEST_PREDICATES(X)
#undef X
                ATTEST_PREDICATE_COUNT
};

const char *attest_predicate_uri(enum attest_predicate predicate);

struct attestation {
        struct json_t *predicates[ATTEST_PREDICATE_COUNT]; /* NULL: there is no such line */
        char commit[65], tree[65];                         /* the subject that all lines have; "" where it has none */
        char report[HASH_HEX];                             /* the subject where it is neither */
        char keyid[HASH_HEX];                              /* the one key that all lines claim */
};

/*
 * Takes a file (or a note) apart. Everything is checked but what it is about: form, order, one key, one subject, signatures (with
 * `keys`: ERR_REFUSED where the key is not among them or a signature is wrong), that the summary names exactly the lines before it.
 * ERR_INPUT otherwise.
 */
int attestation_read(const char *text, size_t len, const struct attest_keys *keys, struct attestation *ret,
                     struct err *err);
void attestation_release(struct attestation *attestation);
#define _cleanup_attestation_ __attribute__((cleanup(attestation_release)))

/* Does it vouch for this commit with this tree: the director decided to let it land, and no test had failed. ERR_REFUSED: why not. */
int attestation_vouches(const struct attestation *attestation, const char *commit, const char *tree, struct err *err);

/*
 * Which lines there are, by the run's report: the rule of who writes them and of who looks whether one was taken out.
 * The tree whose objects were checked, "" where there is none; the decision: 1 it may land, 0 refused, -1 nobody decided.
 */
const char *attest_checked_tree(const struct json_t *report);
int attest_decision(const struct json_t *report);

/* The digest of a byproduct of the provenance; "" where it names none. Borrowed. */
const char *attestation_byproduct(const struct attestation *attestation, const char *name);

#endif
