/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_TERMS_INTERNAL_H
#define CUPEL_PACKET_TERMS_INTERNAL_H

/* What the checks of terms share: the packet, read once. Each adds a sentence per fault. */

#include "lib/base/json.h"
#include "lib/packet/terms.h"
#include "lib/packet/verify.h"

struct term_look {
        int packet;
        const struct json_t *report; /* never NULL: {} where there is none */
        struct packet_verdict verdict;
        struct strv *faults; /* of the term at hand */
};

/* terms_report.c: of report.json alone */
void term_report(const struct term_look *look);
void term_request(const struct term_look *look);
void term_scope(const struct term_look *look);
void term_ownership(const struct term_look *look);
void term_freshness(const struct term_look *look);
void term_decision(const struct term_look *look);
void term_outcome(const struct term_look *look);
void term_cost(const struct term_look *look);
void term_refusals(const struct term_look *look);
void term_unauthorized(const struct term_look *look);
void term_next(const struct term_look *look);
void term_publication(const struct term_look *look);
void term_withheld(const struct term_look *look);

/* terms_files.c: of the other files, against it */
void term_readable(const struct term_look *look);
void term_rules(const struct term_look *look);
void term_identity(const struct term_look *look);
void term_patch(const struct term_look *look);
void term_tests(const struct term_look *look);
void term_agent(const struct term_look *look);
void term_trace(const struct term_look *look);
void term_log(const struct term_look *look);
void term_artifacts(const struct term_look *look);
void term_amendments(const struct term_look *look);

#endif
