/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_AMENDMENT_H
#define CUPEL_PACKET_AMENDMENT_H

/*
 * Amendments: what a person says of a packet after it was sealed. Each is an event of the run's log and a line of amendments.jsonl
 * beside the packet; nothing that was summed is ever written again. What may be amended is one table: what was asked, money that
 * cupel could not see, what may be shown where, a note. No verdict, no commit, no identity, nothing that was measured.
 *
 *         struct packet_amend amend = {.field = "publication.website", .value = "never"};
 *         if (packet_amend_check(packet, report, &amend, &event_data, err) < 0) …      ERR_INPUT: which fields there are, what one takes
 *         json_object_set_new(event_data, "who", …); the event; then amendments.jsonl from the log
 *
 * `old` is what the latest amendment of the same field says, else the report.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct json_t;

#define AMENDMENTS_FILE "amendments.jsonl"
#define AMEND_ARTIFACT "artifact.status"

/* field, what it takes: see enum amend_takes, where it is in report.json, what it is for */
#define AMENDABLE(X)                                                                                                   \
        X("title", TEXT, "title", "what was asked, in one line")                                                       \
        X("objective", TEXT, "objective", "what was asked")                                                            \
        X("risk", RISK, "risk.level", "low, medium, high or critical")                                                 \
        X("publication.website", WORD, "publication.places.website", "allowed, person or never")                       \
        X("publication.external", WORD, "publication.places.external", "allowed, person or never")                     \
        X("accounting.actual_usd", USD, "accounting.actual_usd", "dollars, as the bill says")                          \
        X("note", TEXT, NULL, "anything else that belongs on the record")                                              \
        X(AMEND_ARTIFACT, STATUS, NULL, "with --artifact: accepted, held, rejected or withheld")

enum amend_takes { AMEND_TEXT, AMEND_RISK, AMEND_WORD, AMEND_USD, AMEND_STATUS };

struct packet_amend {
        const char *field;    /* NULL with an artifact */
        const char *artifact; /* its path, as the report has it; NULL: a field is meant */
        const char *value, *reason;
};

/* {"field","old","new","reason"[,"artifact"]}: the event's data, owned by the caller. */
int packet_amend_check(int packet, const struct json_t *report, const struct packet_amend *amend, struct json_t **ret,
                       struct err *err);

/* [{…, "time"}] of amendments.jsonl, in order; empty where there is none. Owned by the caller. */
struct json_t *packet_amendments(int packet);

/* What a line of it breaks: no such field, a value that it does not take, an old value that was not there. */
void packet_amendments_check(int packet, const struct json_t *report, struct strv *ret_faults);

/* Walks the table, for help and documentation: NULL past the end. */
const char *packet_amendable(size_t index, const char **ret_takes);

#endif
