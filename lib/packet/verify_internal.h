/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_VERIFY_INTERNAL_H
#define CUPEL_PACKET_VERIFY_INTERNAL_H

/* What the parts of packet_verify() share: each checks one thing, puts what it finds into the verdict, and what it learned here. */

#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/packet/verify.h"

#define VERIFY_EVENTS_FILE "telemetry/events.normalized.jsonl"
#define VERIFY_SUMS_FILE "evidence/SHA256SUMS"
#define VERIFY_REPORT_FILE "evidence/report.json"
#define VERIFY_SET_FILE "evidence/evidence-set.txt"
#define VERIFY_IDENTITY_FILE "identity.txt"
#define VERIFY_ATTESTATION_END ".intoto.jsonl"
#define VERIFY_FILE_MAX ((size_t)64 << 20)

/* One line of SHA256SUMS, its path as from the packet's folder. */
struct verify_sum {
        char *path;
        char hex[HASH_HEX];
        bool same; /* the file has these bytes */
};

struct verify {
        int packet;
        const struct packet_verify_options *options;
        struct packet_verdict *verdict;

        struct verify_sum *sums;
        size_t sums_len;
        char sums_digest[HASH_HEX]; /* of SHA256SUMS without the lines of attestations: what they sign */

        /* of the log, as verify_log.c walks it */
        enum phase phase;
        bool born, sealed;
        bool full;                                                   /* what was kept of it is all that is kept */
        size_t kept_values, kept_bytes;                              /* about, of what is kept of it */
        struct strv receipts;                                        /* "<id> <hash>" of the receipts so far */
        size_t receipts_sealed;                                      /* how many of them the last seal must have seen */
        struct str sealed_set;                                       /* the evidence set of these */
        struct json_t *timeline, *notes, *self, *director, *reasons; /* as the report has them */
        bool attested;                                               /* the director's verifiers came to an end */

        struct json_t *report; /* NULL: there is none that can be read */
};

int verify_files(struct verify *v, struct err *err);
void verify_log(struct verify *v);
void verify_snapshot(struct verify *v);
void verify_evidence(struct verify *v);
void verify_report(struct verify *v);
void verify_attestation(struct verify *v);
void verify_later(struct verify *v);

/* Whether the log is there and whole, so that what is compared with it means something. */
bool verify_log_holds(const struct verify *v);

/* The sum of `path`, or NULL. */
const struct verify_sum *verify_sum_of(const struct verify *v, const char *path);

/* Whether the packet's own file of this path is an attestation; outputs and the bundle may have files that are named like one. */
bool verify_is_attestation(const char *path);

#endif
