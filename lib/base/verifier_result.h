/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_VERIFIER_RESULT_H
#define CUPEL_BASE_VERIFIER_RESULT_H

/*
 * What a verifier can come to, the word for it in receipts and reports, and whether it speaks against the work. One table for all
 * processes. Whether a failure that the base has too blocks is the plan's to say (pre_existing_blocks, policy/plan.h).
 */

#include <stdbool.h>

/* result, word, when it blocks */
#define VERIFIER_RESULTS(X)                                                                                            \
        X(PASS, "PASS", NEVER)                                                                                         \
        X(FAIL, "FAIL", ALWAYS)                                                                                        \
        X(FLAKY, "FLAKY", NEVER)                                                                                       \
        X(PRE_EXISTING, "PRE_EXISTING", BY_PLAN)                                                                       \
        X(INCONCLUSIVE, "INCONCLUSIVE", ALWAYS)

enum verifier_result {
#define X(result, word, blocks) VERIFIER_##result,
        VERIFIER_RESULTS(X)
#undef X
                VERIFIER_RESULT_COUNT
};

const char *verifier_result_name(enum verifier_result result);
bool verifier_result_blocks(enum verifier_result result, bool pre_existing_blocks);

/* The same of a word in a record; one that is none of the table's blocks nothing. */
bool verifier_word_blocks(const char *word, bool pre_existing_blocks);

#endif
