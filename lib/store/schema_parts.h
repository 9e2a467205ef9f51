/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SCHEMA_PARTS_H
#define CUPEL_STORE_SCHEMA_PARTS_H

/*
 * The tables that version 3 added, each beside the concept it belongs to. A new store gets them with the rest, an older one by
 * being raised: so each part is the same SQL for both, and only adds.
 */

#include "lib/base/blocker.h"

/*
 * lib/store/queue.h. Which claim of its work item a run carries; the queue itself, the items' bytes apart, since its rows are
 * rewritten often. `unmet` and `children` count what an item waits for, so that the first that is ready is found at once.
 */
#define TABLES_QUEUE                                                                                                   \
        "ALTER TABLE runs ADD COLUMN claim_epoch INTEGER NOT NULL DEFAULT 0;"                                          \
        "CREATE TABLE queue(item TEXT PRIMARY KEY, age INTEGER NOT NULL, title TEXT NOT NULL, sha256 TEXT NOT NULL,"   \
        " parent TEXT NOT NULL, policy TEXT NOT NULL, who TEXT NOT NULL, added TEXT NOT NULL, moved TEXT NOT NULL,"    \
        " mood TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', waits_for TEXT NOT NULL DEFAULT '',"         \
        " last_run TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'queued', priority INTEGER NOT NULL,"         \
        " generation INTEGER NOT NULL DEFAULT 1, epoch INTEGER NOT NULL DEFAULT 0,"                                    \
        " attempts INTEGER NOT NULL DEFAULT 0, requeues INTEGER NOT NULL DEFAULT 0,"                                   \
        " crashes INTEGER NOT NULL DEFAULT 0, tier INTEGER NOT NULL DEFAULT 0, unmet INTEGER NOT NULL DEFAULT 0,"      \
        " children INTEGER NOT NULL DEFAULT 0, owner_pid INTEGER NOT NULL DEFAULT 0,"                                  \
        " owner_start INTEGER NOT NULL DEFAULT 0, lease INTEGER NOT NULL DEFAULT 0) STRICT;"                           \
        "CREATE UNIQUE INDEX queue_age ON queue(age);"                                                                 \
        "CREATE INDEX queue_ready ON queue(priority DESC, age) WHERE state = 'queued' AND unmet = 0;"                  \
        "CREATE INDEX queue_state ON queue(state);"                                                                    \
        "CREATE INDEX queue_parent ON queue(parent) WHERE parent <> '';"                                               \
        "CREATE TABLE queue_bytes(item TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"                                 \
        "CREATE TABLE queue_depends(item TEXT NOT NULL, needs TEXT NOT NULL, PRIMARY KEY(item, needs)) STRICT,"        \
        " WITHOUT ROWID;"                                                                                              \
        "CREATE INDEX queue_needs ON queue_depends(needs);"
/* Who is being verified for a target ref, and how many at once (lib/store/line.h). */
#define TABLES_LINE                                                                                                    \
        "CREATE TABLE line(position INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL, run TEXT NOT NULL UNIQUE,"   \
        " tree TEXT NOT NULL, aside INTEGER NOT NULL DEFAULT 0) STRICT;"                                               \
        "CREATE TABLE line_width(ref TEXT PRIMARY KEY, width INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
/* What verifiers said of trees (lib/store/evidence.h); a cache: rows are deleted when they are too old. */
#define TABLES_EVIDENCE                                                                                                \
        "CREATE TABLE evidence(no INTEGER PRIMARY KEY, key TEXT NOT NULL, tree TEXT NOT NULL, context TEXT NOT NULL,"  \
        " run TEXT NOT NULL, result TEXT NOT NULL, exit INTEGER NOT NULL, log_sha256 TEXT NOT NULL,"                   \
        " cases TEXT NOT NULL, time TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"                                       \
        "CREATE INDEX evidence_of_tree ON evidence(tree, key, no);"                                                    \
        "CREATE INDEX evidence_age ON evidence(at);"                                                                   \
        "CREATE TABLE evidence_cases(digest TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;"
/*
 * Approvals that nobody waits for ever for, runs that asked for what another had asked for already, until when a held run
 * waits, and what the operator says of a run in the end (lib/store/approval.h). Times are milliseconds since the epoch.
 */
#define TABLES_APPROVAL                                                                                                \
        "ALTER TABLE approvals ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;"                                        \
        "CREATE INDEX approvals_waiting ON approvals(deadline) WHERE state = 'requested' AND deadline > 0;"            \
        "CREATE TABLE approval_asks(run INTEGER NOT NULL, approval INTEGER NOT NULL, PRIMARY KEY(run, approval))"      \
        " STRICT, WITHOUT ROWID;"                                                                                      \
        "CREATE TABLE deadlines(run INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;"                                 \
        "CREATE TABLE acceptances(run INTEGER PRIMARY KEY, outcome TEXT NOT NULL, who TEXT NOT NULL,"                  \
        " reason TEXT NOT NULL, time TEXT NOT NULL) STRICT;"
/* The whole record of an admission, and each that there ever was. */
#define TABLES_ADMISSION                                                                                               \
        "ALTER TABLE admission ADD COLUMN record TEXT NOT NULL DEFAULT '';"                                            \
        "CREATE TABLE admissions(no INTEGER PRIMARY KEY, record TEXT NOT NULL, time TEXT NOT NULL) STRICT;"            \
        "CREATE TRIGGER admissions_no_update BEFORE UPDATE ON admissions"                                              \
        " BEGIN SELECT raise(ABORT, 'admissions are append-only: no UPDATE'); END;"                                    \
        "CREATE TRIGGER admissions_no_delete BEFORE DELETE ON admissions"                                              \
        " BEGIN SELECT raise(ABORT, 'admissions are append-only: no DELETE'); END;"
/* What was asked and what was decided, found without a walk over all events (lib/store/request.h). */
#define TABLES_REQUEST                                                                                                 \
        "CREATE INDEX events_asked ON events(run, sequence) WHERE type IN ('note.request.help', "                      \
        "'spec.change.request');"                                                                                      \
        "CREATE INDEX events_decided ON events(run, sequence) WHERE type = 'receipt.preference.decision';"

/*
 * What stopped each run that ended (lib/store/failure.h), and the events that say so, found without a walk over all. Which these are
 * is asked of each event that is written: of a list of more than two words SQLite makes a table each time.
 */
#define EVENTS_JUDGED "(" BLOCKER_TYPES_WITH("type = ", " OR ") ")"
#define TABLES_FAILURE                                                                                                 \
        "CREATE TABLE failures(run INTEGER PRIMARY KEY, signature TEXT NOT NULL, blocker TEXT NOT NULL,"               \
        " name TEXT NOT NULL, detail TEXT NOT NULL, doubts INTEGER NOT NULL) STRICT;"                                  \
        "CREATE INDEX failures_signed ON failures(signature, run) WHERE signature <> '';"                              \
        "CREATE INDEX events_judged ON events(run, sequence) WHERE " EVENTS_JUDGED ";"

/* The projection AHDB as it is kept (lib/store/ahdb.h): of each key the latest writer; a value that was taken away is NULL. */
#define TABLES_AHDB                                                                                                    \
        "CREATE TABLE ahdb(part TEXT NOT NULL, key TEXT NOT NULL, value TEXT, time TEXT NOT NULL,"                     \
        " run INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY(part, key)) STRICT, WITHOUT ROWID;"             \
        "CREATE INDEX events_ahdb ON events(run, sequence) WHERE type = 'receipt.ahdb.delta';"

#define TABLES_3                                                                                                       \
        TABLES_QUEUE TABLES_LINE TABLES_EVIDENCE TABLES_APPROVAL TABLES_ADMISSION TABLES_REQUEST TABLES_AHDB           \
                TABLES_FAILURE

#endif
