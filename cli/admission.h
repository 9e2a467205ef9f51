/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ADMISSION_H
#define CUPEL_CLI_ADMISSION_H

/*
 * Admission: the record that somebody vouched for this repository, and consent to exactly what its policy opens.
 *
 *         admission_record(context, risk, err);             init: who, on what evidence; consent stays as it was
 *         admission_consent(context, &openings, err);       admit: the digest of these values; none clears it
 */

#include "lib/base/err.h"

struct context;
struct policy_openings;

/* `risk` NULL: as it was, "low" at first. */
int admission_record(struct context *context, const char *risk, struct err *err);
int admission_consent(struct context *context, const struct policy_openings *openings, struct err *err);

#endif
