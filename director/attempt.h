/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ATTEMPT_H
#define CUPEL_DIRECTOR_ATTEMPT_H

/*
 * One run of one verifier in a clean room.
 *
 *         struct attempt attempt = {.log_fd = -1};
 *         attempt_begin(&attempt, d, verifier, "@base", &step, err);     its log (logs/director.NAME@base.log), its step
 *         … the step runs, until SANDBOX_EVENT_ENDED …
 *         attempt_end(&attempt, verifier, &event, secrets, err);         result, cases, why
 *         attempt_release(&attempt);
 */

#include "director/verdict.h"
#include "lib/base/test_report.h"

struct plan_verifier;

struct attempt {
        enum verifier_result result; /* PASS, FAIL or INCONCLUSIVE */
        enum test_opinion opinion;   /* the same, for comparisons */
        char *log, *why;
        char log_sha256[HASH_HEX];
        struct sandbox_result end;
        struct test_report report;
        int log_fd;
};

int attempt_begin(struct attempt *attempt, struct director *d, const struct plan_verifier *verifier, const char *suffix,
                  struct sandbox_step *ret_step, struct err *err);
int attempt_end(struct attempt *attempt, const struct plan_verifier *verifier, const struct sandbox_event *event,
                struct redact *secrets, struct err *err);
void attempt_release(struct attempt *attempt);

#endif
