/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_EVIDENCE_H
#define CUPEL_STORE_EVIDENCE_H

/*
 * What the director's verifiers said of trees, for as long as that may be believed: STORE_EVIDENCE_SECONDS.
 *
 *         store_evidence_put(store, &(struct store_evidence){.key = …}, err);
 *         store_evidence_get(store, key, tree, NULL, &evidence, err);      the newest; ERR_NOT_FOUND
 *         store_evidence_release(&evidence);
 *
 * `key` is the verifier with everything that its verdict depends on (director/verifier_key.h), `context` what of the run it could see
 * beside the tree. A cache and no record: what it holds is told by receipts too, and entries that are too old are forgotten.
 * Equal lists of test cases are kept once.
 */

#include "lib/store/store.h"

#define STORE_EVIDENCE_SECONDS (24 * 60 * 60)

struct store_evidence {
        const char *key, *tree, *context; /* get: as asked */
        const char *run;                  /* whose director said it */
        const char *result;               /* "PASS", "FAIL" */
        const char *cases;                /* as test_cases_put() wrote them; NULL: it had no report */
        const char *log_sha256;
        const char *time; /* get: RFC 3339 */
        int exit_code;
        char *memory_;
};

int store_evidence_put(struct store *store, const struct store_evidence *evidence, struct err *err);

/* `context` NULL: of any. Only what is not older than STORE_EVIDENCE_SECONDS. */
int store_evidence_get(struct store *store, const char *key, const char *tree, const char *context,
                       struct store_evidence *ret, struct err *err);
void store_evidence_release(struct store_evidence *evidence);

#define _cleanup_store_evidence_ __attribute__((cleanup(store_evidence_release)))

#endif
