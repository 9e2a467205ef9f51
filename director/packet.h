/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_PACKET_H
#define CUPEL_DIRECTOR_PACKET_H

/*
 * The packet of a run: evidence/{report.json, report.md, patch.diff, test.log, evidence-set.txt, SHA256SUMS} and
 * telemetry/events.normalized.jsonl. Written when the run is over (or held: and again at the end), not synced: it can be
 * made again from the store for as long as the quarantine or the commit lives.
 *
 * `cd evidence && sha256sum -c SHA256SUMS` checks evidence, log of events, logs and snapshot. The logs come from the caged
 * side: only plain files with plain names are listed and copied, none is followed.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct director;

int packet_write(struct director *d, const struct strv *reasons, struct err *err);

/* test.log: the verifiers' logs of runs/<id>/logs, one after the other with a heading each, from `run_fd` to `out_fd`. */
int packet_test_log(int run_fd, int out_fd, struct err *err);

/* SHA256SUMS, relative to evidence/, of the files named in packet_sums.c; into `ret`. */
int packet_sums(int run_fd, struct str *ret, struct err *err);

#endif
