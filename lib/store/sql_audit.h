/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_AUDIT_H
#define CUPEL_STORE_SQL_AUDIT_H

/*
 * The statements of lib/store/audit.h, a part of the table in lib/store/sql.h. Each lists contradictions as (where, what, key); one
 * that mends takes such a key. The subject is a run's id, or an item's. A number that is bound as text is compared as a number.
 */

#include "lib/store/sql_queue.h"

#define AUDIT_ENDED "('committed', 'discarded', 'blocked')"
#define AUDIT_LAST_WORD "(SELECT max(sequence) FROM events e WHERE e.run = r.no AND e.type = 'operator.outcome')"

#define STATEMENTS_AUDIT(X)                                                                                            \
        X(AUDIT_APPROVALS,                                                                                             \
          "SELECT r.id, 'an approval to land is ' || a.state || ' in the store, and the log has no approval.' || "     \
          "a.state, a.id FROM approvals a JOIN runs r ON r.no = a.run WHERE a.kind = 'landing' AND NOT EXISTS "        \
          "(SELECT 1 FROM events e WHERE e.run = a.run AND e.type = 'approval.' || a.state) "                          \
          "UNION ALL SELECT r.id, 'the log says that the approval was used up, the store says ' || a.state, a.id "     \
          "FROM approvals a JOIN runs r ON r.no = a.run WHERE a.kind = 'landing' AND a.state <> 'consumed' AND "       \
          "r.phase = 'committed' AND NOT EXISTS (SELECT 1 FROM approvals b WHERE b.run = a.run AND "                   \
          "b.kind = 'landing' AND b.state = 'consumed') AND EXISTS (SELECT 1 FROM events e WHERE e.run = a.run AND "   \
          "e.type = 'approval.consumed' AND json_extract(e.body, '$.data.tree') = a.tree) ORDER BY 1")                 \
        X(AUDIT_ACCEPTANCES,                                                                                           \
          "SELECT r.id, 'the operator''s word is \"' || coalesce(a.outcome, '') || '\" in the store, \"' || "          \
          "coalesce(json_extract(e.body, '$.data.outcome'), '') || '\" in the log', r.no FROM runs r "                 \
          "LEFT JOIN acceptances a ON a.run = r.no LEFT JOIN events e ON e.run = r.no AND "                            \
          "e.sequence = " AUDIT_LAST_WORD " WHERE coalesce(a.outcome, '') <> "                                         \
          "coalesce(json_extract(e.body, '$.data.outcome'), '') ORDER BY r.no")                                        \
        X(AUDIT_ACCEPTANCES_CLEAR, "DELETE FROM acceptances WHERE run = ?")                                            \
        X(AUDIT_ACCEPTANCES_SET,                                                                                       \
          "INSERT INTO acceptances(run, outcome, who, reason, time) SELECT r.no, "                                     \
          "json_extract(e.body, '$.data.outcome'), json_extract(e.body, '$.data.who'), "                               \
          "coalesce(json_extract(e.body, '$.data.reason'), ''), json_extract(e.body, '$.time') "                       \
          "FROM runs r JOIN events e ON e.run = r.no AND e.sequence = " AUDIT_LAST_WORD " WHERE r.no = ?")             \
        X(AUDIT_DEADLINES, "SELECT coalesce(r.id, '?'), 'a deadline is set, and the run is ' || "                      \
                           "coalesce(r.phase, 'nowhere'), d.run FROM deadlines d LEFT JOIN runs r ON r.no = d.run "    \
                           "WHERE r.no IS NULL OR r.phase IN " AUDIT_ENDED " ORDER BY d.run")                          \
        X(AUDIT_INTENTS, "SELECT coalesce(r.id, '?'), 'a landing intent is kept, and the run is ' || "                 \
                         "coalesce(r.phase, 'nowhere'), i.run FROM intents i LEFT JOIN runs r ON r.no = i.run "        \
                         "WHERE r.no IS NULL OR r.phase IN " AUDIT_ENDED " ORDER BY i.run")                            \
        X(AUDIT_LINE, "SELECT l.run, 'it stands in the line before ' || l.ref || ', and it is ' || "                   \
                      "coalesce(r.phase, 'in no log'), l.position FROM line l LEFT JOIN runs r ON r.id = l.run "       \
                      "WHERE r.no IS NULL OR r.phase IN " AUDIT_ENDED " ORDER BY l.position")                          \
        X(AUDIT_EVIDENCE_RUN, "SELECT e.run, 'verdicts of it are kept for others, and it is in no log', e.run "        \
                              "FROM evidence e WHERE e.run NOT IN (SELECT id FROM runs) GROUP BY e.run")               \
        X(AUDIT_EVIDENCE_RUN_DROP, "DELETE FROM evidence WHERE run = ?")                                               \
        X(AUDIT_EVIDENCE,                                                                                              \
          "SELECT e.run, 'a verdict kept for others is ' || e.result || ', and its log says ' || "                     \
          "max(json_extract(v.body, '$.data.result')), e.no FROM evidence e JOIN runs r ON r.id = e.run "              \
          "JOIN events v ON v.run = r.no AND " EVENTS_JUDGED " AND v.type = 'receipt.verifier' AND "                   \
          "json_extract(v.body, '$.data.log_sha256') = e.log_sha256 AND "                                              \
          "json_extract(v.body, '$.data.gate') = 'director' GROUP BY e.no "                                            \
          "HAVING NOT max(json_extract(v.body, '$.data.result') = e.result) ORDER BY e.no")                            \
        X(AUDIT_EVIDENCE_CASES,                                                                                        \
          "SELECT e.run, 'the tests of a verdict kept for others are gone', e.no FROM evidence e "                     \
          "WHERE e.cases <> '' AND e.cases NOT IN (SELECT digest FROM evidence_cases) ORDER BY e.no")                  \
        X(AUDIT_EVIDENCE_DROP, "DELETE FROM evidence WHERE no = ?")                                                    \
        X(AUDIT_QUEUE_COUNTS,                                                                                          \
          "SELECT item, 'it is said to wait for ' || unmet || ' and to have ' || children || ' children, and waits '"  \
          " || 'for ' || " QUEUE_COUNT_UNMET " || ' and has ' || " QUEUE_COUNT_CHILDREN ", item FROM queue "           \
          "WHERE state NOT IN ('done', 'failed', 'dropped') AND (unmet <> " QUEUE_COUNT_UNMET                          \
          " OR children <> " QUEUE_COUNT_CHILDREN ") ORDER BY age")                                                    \
        X(AUDIT_QUEUE_RUNS,                                                                                            \
          "SELECT q.item, 'it is ' || q.state || ', and its last run ' || q.last_run || ' is ' || r.outcome, q.item "  \
          "FROM queue q JOIN runs r ON r.id = q.last_run WHERE "                                                       \
          "(q.state = 'done' AND r.outcome NOT IN ('committed', 'observed') AND NOT EXISTS "                           \
          "(SELECT 1 FROM queue c WHERE c.parent = q.item)) OR "                                                       \
          "(q.state IN ('queued', 'waiting', 'failed') AND r.outcome = 'committed' AND r.claim_epoch = q.epoch) OR "   \
          "(q.state = 'held' AND r.phase IN " AUDIT_ENDED ") ORDER BY q.age")                                          \
        X(AUDIT_QUEUE_BYTES, "SELECT item, 'its work item is gone', item FROM queue "                                  \
                             "WHERE item NOT IN (SELECT item FROM queue_bytes) ORDER BY age")                          \
        X(AUDIT_ADMISSION, "SELECT 'admission', 'the admission in force is not the last one on record', 1 "            \
                           "FROM admission WHERE record <> '' AND record <> coalesce((SELECT record FROM admissions "  \
                           "ORDER BY no DESC LIMIT 1), '')")                                                           \
        X(PROJECT_STAMP, "SELECT (SELECT coalesce(max(no), 0) FROM runs) || ' ' || "                                   \
                         "(SELECT coalesce(max(position), 0) FROM links)")                                             \
        X(PROJECT_RUN, "UPDATE runs SET phase = ?2, outcome = nullif(?3, ''), tree = coalesce(nullif(?4, ''), tree), " \
                       "commit_id = nullif(?5, '') WHERE id = ?1")                                                     \
        X(PROJECT_ITEM, "INSERT OR REPLACE INTO items(id, sha256, attempts, failures, last_outcome, last_run) "        \
                        "VALUES(?1, ?2, ?3, ?4, nullif(?5, ''), ?6)")

#endif
