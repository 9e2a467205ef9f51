/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_REQUEST_H
#define CUPEL_STORE_SQL_REQUEST_H

/* The statements of requests (lib/store/request.h), a part of the table in lib/store/sql.h. */

/* As the partial indexes of TABLES_REQUEST have them, word for word: only then the database uses them. */
#define REQUEST_ASKED "type IN ('note.request.help', 'spec.change.request')"
#define REQUEST_ANSWERED "type = 'receipt.preference.decision'"
#define REQUEST_DECISION                                                                                               \
        "(SELECT d.body FROM events d WHERE d.run = e.run AND d." REQUEST_ANSWERED                                     \
        " AND json_extract(d.body, '$.data.request') = e.run || '.' || e.sequence LIMIT 1)"
#define REQUEST_SELECT                                                                                                 \
        "SELECT r.id, r.item, r.title, e.type, e.body, ifnull(" REQUEST_DECISION ", ''), e.run, e.sequence "           \
        "FROM events e JOIN runs r ON r.no = e.run WHERE e." REQUEST_ASKED " "

/* What a worker's run left for a person to decide, and its item went on without: it was tried again, done or dropped. */
#define REQUEST_MOOT                                                                                                   \
        "(json_extract(e.body, '$.actor') = 'director' AND r.claim_epoch > 0 AND EXISTS (SELECT 1 FROM queue q "       \
        "WHERE q.item = r.item AND (q.last_run <> r.id OR q.state NOT IN ('asked', 'held'))))"

/* … and of projections (lib/store/projection.h). */
#define STATEMENTS_REQUEST(X)                                                                                          \
        X(REQUESTS, REQUEST_SELECT "AND (?1 OR " REQUEST_DECISION " IS NULL) AND (?2 IS NULL OR r.id = ?2) "           \
                                   "AND (?1 OR ?2 IS NOT NULL OR NOT " REQUEST_MOOT ") "                               \
                                   "ORDER BY e.run DESC, e.sequence DESC LIMIT ?3")                                    \
        X(REQUEST_GET, REQUEST_SELECT "AND e.run = ? AND e.sequence = ?")                                              \
        X(REQUESTS_OPEN, "SELECT count(*) FROM events e WHERE e.type IN ('note.request.help', 'spec.change.request') " \
                         "AND e.type = 'note.request.help' AND e.run = (SELECT no FROM runs WHERE id = ?) "            \
                         "AND json_extract(e.body, '$.data.about') IS NOT NULL "                                       \
                         "AND json_extract(e.body, '$.actor') <> 'agent' AND " REQUEST_DECISION " IS NULL")            \
        X(ITEMS, "SELECT id, sha256, attempts, failures, ifnull(last_outcome, ''), last_run FROM items ORDER BY id")   \
        X(REQUEST_SAID, "SELECT ifnull(" REQUEST_DECISION ", '') FROM events e WHERE e." REQUEST_ASKED                 \
                        " AND e.run = (SELECT no FROM runs WHERE id = ?) "                                             \
                        "AND json_extract(e.body, '$.data.about') = 'decision' "                                       \
                        "AND json_extract(e.body, '$.actor') <> 'agent' ORDER BY e.sequence DESC LIMIT 1")

#endif
