/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_FAILURE_H
#define CUPEL_STORE_SQL_FAILURE_H

/* The statements of the index of failures (lib/store/failure.h), a part of the table in lib/store/sql.h. */

#include "lib/store/schema_parts.h"

#define FAILURE_COLUMNS                                                                                                \
        "r.id, r.item, r.title, coalesce(f.signature, ''), coalesce(f.name, ''), coalesce(f.detail, ''), r.moved, "    \
        "coalesce(a.outcome, ''), r.outcome, coalesce(f.blocker, ''), coalesce(f.doubts, 0), r.no"
#define FAILURE_NUMBER 11 /* the last of them */
#define FAILURE_ENDED "r.phase IN ('committed', 'discarded', 'blocked')"
#define FAILURE_FILTER                                                                                                 \
        "(?1 IS NULL OR r.item = ?1) AND (?2 IS NULL OR r.moved >= ?2) AND (?3 IS NULL OR r.outcome = ?3)"

/*
 * The events of a run by their index: they are named as it has them, word for word, and as it has them in a store that an older
 * cupel made; and it by its name, since a walk over all of the run's events is taken for as good.
 */
#define STATEMENTS_FAILURE(X)                                                                                          \
        X(FAILURE_EVENTS, "SELECT type, body FROM events INDEXED BY events_judged WHERE run = ? AND " EVENTS_JUDGED    \
                          " AND type IN (" BLOCKER_TYPES ") ORDER BY sequence")                                        \
        X(FAILURE_SET, "INSERT OR REPLACE INTO failures(run, signature, blocker, name, detail, doubts) "               \
                       "VALUES(?, ?, ?, ?, ?, ?)")                                                                     \
        X(FAILURE_GET, "SELECT signature, blocker, name, detail, doubts FROM failures WHERE run = ?")                  \
        X(FAILURE_RUN, "SELECT no, coalesce(outcome, '') FROM runs WHERE id = ?")                                      \
        X(FAILURES, "SELECT " FAILURE_COLUMNS " FROM failures f JOIN runs r ON r.no = f.run "                          \
                    "LEFT JOIN acceptances a ON a.run = f.run WHERE f.signature <> '' AND " FAILURE_FILTER " "         \
                    "AND (?4 IS NULL OR f.signature BETWEEN ?4 AND ?4 || '~') "                                        \
                    "UNION ALL SELECT " FAILURE_COLUMNS " FROM acceptances a JOIN runs r ON r.no = a.run "             \
                    "JOIN failures f ON f.run = a.run WHERE a.outcome = 'rejected' AND f.signature = '' AND "          \
                    "" FAILURE_FILTER " ORDER BY 12 DESC")                                                             \
        X(FAILURES_UNINDEXED, "SELECT " FAILURE_COLUMNS " FROM runs r LEFT JOIN failures f ON f.run = r.no "           \
                              "LEFT JOIN acceptances a ON a.run = r.no WHERE " FAILURE_ENDED " AND f.run IS NULL "     \
                              "AND " FAILURE_FILTER " ORDER BY 12 DESC")                                               \
        X(RUNS_ENDED, "SELECT r.no, r.id, r.outcome FROM runs r WHERE " FAILURE_ENDED " ORDER BY r.no")

#endif
