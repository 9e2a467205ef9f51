/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ATTEST_H
#define CUPEL_DIRECTOR_ATTEST_H

/*
 * The attestation of a run (lib/packet/attestation.h), written into its packet before SHA256SUMS: evidence/<commit>.intoto.jsonl, or
 * evidence/packet.intoto.jsonl of a run without a commit. What it says is made of the report and of the sums, so that a
 * packet that is written once more (by recovery) says the same; only the signatures are others.
 *
 *   run                        lines                                        subject
 *   committed                  test result, provenance, summary PASSED      commit and tree
 *   judged and refused         test result, provenance, summary FAILED      tree
 *   held                       test result, provenance                      tree
 *   with a tree, not judged    provenance                                   tree
 *   without one                provenance                                   report.json
 *
 *         attest_prepare(d, err);       loads <state>/keys/attest, or makes it: before the run lands, so that a key that cannot be
 *                                       used holds up the landing and not its packet
 *         attest_write(d, evidence_fd, report, attested, sums, err);
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct director;
struct json_t;

int attest_prepare(struct director *d, struct err *err);

/* `attested`: the verdicts of the last round, or NULL. `sums` (director/packet.h) has all other files, and receives the new one. */
int attest_write(struct director *d, int evidence_fd, const struct json_t *report, const struct json_t *attested,
                 struct strv *sums, struct err *err);

#endif
