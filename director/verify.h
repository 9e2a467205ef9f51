/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_VERIFY_H
#define CUPEL_DIRECTOR_VERIFY_H

/*
 * The director's verifiers: every verifier of the plan whose gate is director or both and that applies to the changes,
 * one after the other in the clean room.
 *
 *         struct verdicts verdicts = {0};
 *         verify_all(d, &verdicts, err);             needs a checked candidate; runs nothing where nothing applies
 *         verdicts_record(d, &verdicts, err);        receipts
 *         verdicts_release(&verdicts);
 *
 * A FAIL is retried as often as the verifier says (PASS then is FLAKY), and compared with the base where it has a
 * baseline (it fails there too: PRE_EXISTING; not asked where it passed in the run's own worktree). What ran out of time or of another budget, or could not start, is
 * INCONCLUSIVE. Each attempt has its log in runs/<id>/logs: director.<name>.log, @retryN, @base.
 *
 * An interruption ends verify_all() early with 0: ask uplink_interrupted().
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "sandbox/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct director;
struct json_t;

/* result, its name in receipts and reports */
#define VERDICT_RESULTS(X)                                                                                             \
        X(PASS, "PASS")                                                                                                \
        X(FAIL, "FAIL")                                                                                                \
        X(FLAKY, "FLAKY")                                                                                              \
        X(PRE_EXISTING, "PRE_EXISTING")                                                                                \
        X(INCONCLUSIVE, "INCONCLUSIVE")

enum verdict_result {
#define X(result, name) VERDICT_##result,
        VERDICT_RESULTS(X)
#undef X
};
const char *verdict_result_name(enum verdict_result result);

struct verdict {
        char *name, *command;
        char *log; /* file name in logs/ of the attempt that decided */
        char *why; /* what to tell a person; NULL for a plain PASS */
        enum verdict_result result;
        int exit_code; /* -1: did not exit by itself */
        unsigned attempts;
        uint64_t ms; /* all attempts */
        char log_sha256[HASH_HEX];
        struct sandbox_result end; /* of the attempt that decided */
        bool passed_in_run;        /* the runner claims that it passed in the run's own worktree */
};

struct verdicts {
        struct verdict *items;
        size_t len;
};

/*
 * The carried folders as they are now (lib/base/carry.h), where the plan has such: once before the verifiers, while the
 * agent works. verify_all() looks again: changed between, no verdict says anything, each becomes INCONCLUSIVE.
 */
int verify_note_carried(struct director *d, struct err *err);

int verify_all(struct director *d, struct verdicts *ret, struct err *err);
int verdicts_record(struct director *d, const struct verdicts *verdicts, struct err *err);
struct json_t *verdict_json(const struct verdict *verdict); /* receipt.verifier; owned by the caller */
void verdicts_release(struct verdicts *verdicts);

#define _cleanup_verdicts_ __attribute__((cleanup(verdicts_release)))

#endif
