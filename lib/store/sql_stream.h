/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_STREAM_H
#define CUPEL_STORE_SQL_STREAM_H

/*
 * The statements of lib/store/stream.h and ahdb.h, a part of the table in lib/store/sql.h. Those of a stream read by a key, and none
 * is held open.
 */

#define STREAM_RUNS "SELECT no, id, events, created FROM runs "

#define STATEMENTS_STREAM(X)                                                                                           \
        X(STREAM_RUNS, STREAM_RUNS "WHERE no > ?1 AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR item = ?3) "          \
                                   "AND (?4 IS NULL OR mood = ?4) ORDER BY no")                                        \
        X(STREAM_RUN, "SELECT events, phase FROM runs WHERE no = ?")                                                   \
        X(STREAM_COUNTS, "SELECT no, events FROM runs ORDER BY no")                                                    \
        X(AHDB_SET, "INSERT INTO ahdb(part, key, value, time, run, sequence) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "          \
                    "ON CONFLICT(part, key) DO UPDATE SET value = ?3, time = ?4, run = ?5, sequence = ?6 "             \
                    "WHERE (?4, ?5, ?6) > (time, run, sequence)")                                                      \
        X(AHDB_ALL, "SELECT part, key, value FROM ahdb WHERE value IS NOT NULL")                                       \
        X(AHDB_DELTAS, "SELECT run, sequence, body FROM events WHERE type = 'receipt.ahdb.delta'")                     \
        X(STREAM_EVENT, "SELECT type, body, hash FROM events WHERE run = ? AND sequence = ?")

#endif
