/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SITE_RUN_H
#define CUPEL_CLI_SITE_RUN_H

/*
 * One run as the mirror has it:
 *
 *   schema       "cupel.site.run.v1"
 *   run item title mood agent outcome exit meaning base target tree commit identity created ended reasons      as `cupel show --json`
 *   report       those parts of report.json that a page shows: site_run.c has the list
 *   notes        [{sequence, time, type, actor, gist, data}]      notes_left_out: how many more there are
 *   events       [{time, type, what}]: what a timeline marks
 *   amendments   [{time, actor, field, old, new, reason, …}]
 *   approvals    [{step, kind, who, reason, time, …}]             acceptance   [{outcome, who, reason, time}]
 *   artifacts    [{path, status, reason, bytes, sha256, file}]: status with its amendments; `file` null where it is not accepted
 *   files        [{path, href, bytes, sha256}]: of the packet, below data/
 *   publication  {boundary, digest, who, time, reason}: who allowed this; the last three null where the item itself did
 *   checks       {ok, files, findings: [{check, file, what}], list: [{name, promise, ok: true|false|null}]}: `cupel verify`
 *   terms        [{term, word, promise, faults: [text]}]: `cupel packet check`; the word of the covenant that each belongs to
 *   covenant     [{word, kept: true|false|null, because}]
 */

#include "cli/site_boundary.h"
#include "cli/site_dir.h"
#include "lib/base/err.h"

struct context;
struct json_t;
struct store_run;

struct attest_keys;

struct site_sources {
        struct context *context;
        struct site_dir *dir;           /* where files go */
        const struct attest_keys *keys; /* whose attestations are believed */
};

/* Also copies its files. Owned by the caller; NULL with err. */
struct json_t *site_run(const struct site_sources *from, const struct store_run *run, int packet,
                        const struct boundary *boundary, struct err *err);

/* Its row of the index. Owned by the caller. */
struct json_t *site_row(const struct json_t *run);

/* Parts in files of their own: site_log.c, site_files.c. Each sets members of `ret`. */
int site_log(struct context *context, const struct store_run *run, struct json_t *ret, struct err *err);
int site_files(int packet, struct json_t *ret, struct site_dir *dir, struct err *err);
/* Whether a browser takes a file of this name for neither page nor program. */
bool site_is_inert(const char *path);
int site_checks(int packet, const struct attest_keys *keys, struct json_t *ret, struct err *err);

#endif
