/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ATTEST_STATEMENT_H
#define CUPEL_DIRECTOR_ATTEST_STATEMENT_H

/* The predicates, field by field as their specifications have them (docs/provenance.md). All are owned by the caller. */

struct json_t;
struct strv;

struct attest_input {
        const struct json_t *report;   /* report.json */
        const struct json_t *attested; /* the verdicts of the last round, or NULL */
        const struct strv *sums;       /* of all other files, as SHA256SUMS has them */
        const char *sums_digest;
        const char *repository; /* its id */
        const char *version;    /* of cupel */
};

/* What the statements are about: [{"digest": {…}}]. */
struct json_t *attest_subject(const struct attest_input *input);

/* NULL: the director's verifiers never came to an end on what the run made. */
struct json_t *attest_test_result(const struct attest_input *input);
struct json_t *attest_provenance(const struct attest_input *input);
/* NULL: nobody decided. `inputs`: the attestations before it, [{"digest", "name"}]; taken. */
struct json_t *attest_summary(const struct attest_input *input, struct json_t *inputs);

#endif
