/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_DIFFERENTIAL_H
#define CUPEL_RUNNER_DIFFERENTIAL_H

/*
 * What a self-verifier's reports say, and how a failure compares with the base, run beside it in the same cage (warm, and for
 * nobody else: the director finds out for itself). policy/differential.h judges.
 *
 *         differential_ask(runner, &step);                before an attempt: the reports that are wanted
 *         opinion = differential_hear(runner, &event);    after it, with the log still open
 *         differential_due(runner)                        a run on the base comes next
 *         differential_receipt(runner, receipt);          cases and counts
 *         differential_end(runner);                       nothing is kept for the next verifier
 */

#include "lib/base/hash.h"
#include "lib/base/test_compare.h"
#include "lib/base/test_report.h"
#include "sandbox/client.h"

struct json_t;
struct runner;

/* Of the verifier that runs. */
struct differential_state {
        struct test_report report, base_report; /* of the last attempt here, and on the base */
        enum test_opinion opinion, base_opinion;
        bool on_base;              /* the attempt that runs is on the base */
        struct sandbox_result end; /* of the last attempt here */
        char log_sha256[HASH_HEX]; /* of its log */
        struct test_comparison cases;
        char *why; /* what the report and the comparison say; NULL: nothing */
};

void differential_ask(const struct runner *runner, struct sandbox_step *step);
enum test_opinion differential_hear(struct runner *runner, const struct sandbox_event *event);
bool differential_due(const struct runner *runner);
void differential_receipt(const struct runner *runner, struct json_t *receipt);
void differential_end(struct runner *runner);

#endif
