/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_VERDICT_H
#define CUPEL_DIRECTOR_VERDICT_H

/* What a verifier of the director came to, and the receipts of it. */

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/test_compare.h"
#include "lib/base/verifier_result.h"
#include "sandbox/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct director;
struct json_t;

struct verdict {
        char *name, *command;
        char *log; /* file name in logs/ of the attempt that decided; NULL: none was made */
        char *why; /* what to tell a person; NULL for a plain PASS */
        enum verifier_result result;
        int exit_code; /* -1: did not exit by itself */
        unsigned attempts;
        uint64_t ms; /* all attempts, those on the base too */
        char log_sha256[HASH_HEX];
        struct sandbox_result end; /* of the attempt that decided */
        bool passed_in_run;        /* the runner claims that it passed in the run's own worktree */

        char started[CLOCK_RFC3339], ended[CLOCK_RFC3339]; /* "": it did not run */
        struct json_t *counts;                             /* of its report's tests by result; NULL: it has none */
        struct test_comparison cases;
        char *base_run;     /* the run whose director ran it on this base; NULL: this one did, or nobody */
        bool reused;        /* this verdict is an earlier run's, for the same tree */
        char *reused_run;   /* whose */
        char *reused_time;  /* when it was given */
        bool does_not_test; /* changed tests pass on the base's code */
};

struct verdicts {
        struct verdict *items;
        size_t len;
};

/* A receipt each, which rests on `refs`, and the attestations, whose id is returned. */
int verdicts_record(struct director *d, const struct verdicts *verdicts, struct json_t *refs, char *ret_id,
                    struct err *err);
struct json_t *verdict_json(const struct verdict *verdict); /* receipt.verifier; owned by the caller */
void verdicts_release(struct verdicts *verdicts);

#define _cleanup_verdicts_ __attribute__((cleanup(verdicts_release)))

#endif
