/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_PACKET_H
#define CUPEL_DIRECTOR_PACKET_H

/*
 * The packet of a run: evidence/{report.json, report.md, patch.diff, test.log, evidence-set.txt, outputs/, *.intoto.jsonl,
 * SHA256SUMS} and telemetry/{events.normalized.jsonl, trace.jsonl}; docs/packets.md. Written when the run is over (or held: and
 * again at the end), not synced: it can be made again from the store for as long as the quarantine or the commit lives.
 * SHA256SUMS comes last and whole: where it is, the packet is complete.
 *
 *         packet_prepare(d);                   while others work: what is known of the packet before the end; may fail
 *         packet_patch(d, err);                once the candidate is checked: patch.diff
 *         packet_write(d, reasons, err);       the rest, and what was not prepared
 *
 * `cd evidence && sha256sum -c SHA256SUMS` checks evidence, log of events, logs and snapshot. The logs come from the caged
 * side: only plain files with plain names are listed and copied, none is followed.
 */

#include "director/report.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct director;

struct packet {
        struct strv sums; /* of what does not change any more: packet_sums.c */
        bool has_snapshot, has_patch, has_artifacts, knows_secrets;
        struct report_patch patch;
        struct report_recorded recorded; /* judged_recall() */
        struct redact secrets;           /* values that nothing of a packet may show: packet_secrets() */
        uint64_t redacted;               /* those that were hidden while it was written */
};

void packet_prepare(struct director *d);
int packet_patch(struct director *d, struct err *err);
int packet_write(struct director *d, const struct strv *reasons, struct err *err);
void packet_release(struct packet *packet);

/* The patch of a run that is over: what was known early, what is found now, or the reason why there is none (packet_patch.c). */
int packet_patch_at_last(struct director *d, int evidence_fd, struct err *err);

/* A file or folder of the packet; anew: what an earlier end of this run left there as a file goes. */
int packet_open_evidence(const struct director *d, struct err *err);
int packet_create(int dirfd, const char *name, struct err *err);

/* Known once the plan is; what is hidden is counted there. */
struct redact *packet_secrets(struct director *d);

/* ---- Sums and logs (packet_sums.c) ---- */

/* The sum of a file of the run, by its path below the run's folder. */
void packet_add_sum(struct strv *sums, const char *path, const char *hex);

/* The plain files below a folder of the run, or the one file. */
int packet_sum_snapshot(int run_fd, struct strv *sums, struct err *err); /* config_snapshot/, whatever its names */
int packet_sum_folder(int run_fd, const char *folder, struct strv *sums, struct err *err);
int packet_sum_file(int run_fd, const char *path, struct strv *sums, struct err *err);

/*
 * The sums of runs/<id>/logs, and test.log to `out_fd`: the verifiers' logs, one after the other with a heading each;
 * `test_log` takes its bytes. Each log is read once.
 */
int packet_put_logs(int run_fd, int out_fd, struct hash *test_log, struct strv *sums, struct err *err);

/*
 * After a crash (of the supervisor, say), or where the director ends a run that is at work, a runner may still be dying, and what
 * it writes must not come after what is redacted and summed: each log becomes a file that nobody else has open, in a folder that
 * nobody else knows.
 */
int packet_detach_logs(int run_fd, struct err *err);

/*
 * Known values in the logs, before they are summed: the sandbox hides those that it was given itself; of one that got there by
 * another way only we know. Without any value nothing is read.
 */
void packet_hide_in_logs(int run_fd, struct redact *secrets);

/* SHA256SUMS, sorted, relative to evidence/. */
void packet_put_sums(struct strv *sums, struct str *ret);

#endif
