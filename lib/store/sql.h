/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_H
#define CUPEL_STORE_SQL_H

/* Every statement of lib/store, by name, in one table; the tables they speak of are in schema.c and schema_parts.h. */

#include "lib/store/sql_audit.h"
#include "lib/store/sql_failure.h"
#include "lib/store/sql_queue.h"
#include "lib/store/sql_request.h"
#include "lib/store/sql_stream.h"

#define RUN_COLUMNS                                                                                                    \
        "id, item, item_sha256, title, mood, base, target_ref, snapshot_sha256, identity, worktree, tree, commit_id, " \
        "reasons, created, moved, race, agent, phase, outcome, owner_pid, owner_start, events, no, claim_epoch"
#define APPROVAL_COLUMNS                                                                                               \
        "r.id, a.item, a.tree, a.base, a.evidence, a.item_sha256, a.plan_id, a.sentence, a.who, a.reason, a.time, "    \
        "a.id, a.kind, a.state, a.deadline"
/* A START approval that no run asked for has the run 0. */
#define APPROVAL_FROM " FROM approvals a LEFT JOIN runs r ON r.no = a.run "
/* All that is approved, parameters 1 to 9. A START approval is not bound to the run that asked. */
#define APPROVAL_KEY                                                                                                   \
        "a.kind = ?1 AND (?1 = 'start' OR r.id = ?2) AND a.item = ?3 AND a.tree = ?4 AND a.base = ?5 AND "             \
        "a.evidence = ?6 AND a.item_sha256 = ?7 AND a.plan_id = ?8 AND a.sentence = ?9"

/* Of an event of another type only its type is read: the rest of a long one is on pages of its own. */
#define EVENT_BEGINS(prefix) "type BETWEEN " prefix " AND " prefix " || '~'"

#define STATEMENTS(X)                                                                                                  \
        X(BEGIN_READ, "BEGIN")                                                                                         \
        X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                                              \
        X(COMMIT, "COMMIT")                                                                                            \
        X(ROLLBACK, "ROLLBACK")                                                                                        \
        X(SYNC_NORMAL, "PRAGMA synchronous = NORMAL")                                                                  \
        X(SYNC_FULL, "PRAGMA synchronous = FULL")                                                                      \
        X(CACHE_SIZE, "PRAGMA cache_size = 64")                                                                        \
        X(CHECK, "PRAGMA integrity_check(1)")                                                                          \
        X(META_GET, "SELECT value FROM meta WHERE key = ?")                                                            \
        X(META_SET, "INSERT INTO meta(key, value) VALUES(?, ?)")                                                       \
        X(EVENT_ADD, "INSERT INTO events(run, sequence, type, body, hash) VALUES(?, ?, ?, ?, ?)")                      \
        X(EVENTS, "SELECT sequence, type, body, hash FROM events WHERE run = ?1 AND sequence >= ?2 AND (?3 IS NULL "   \
                  "OR " EVENT_BEGINS("?3") " OR " EVENT_BEGINS("?4") " OR " EVENT_BEGINS("?5") " OR " EVENT_BEGINS(    \
                          "?6") ") "                                                                                   \
                                "ORDER BY sequence")                                                                   \
        X(EVENT_HASH_BEFORE, "SELECT hash FROM events WHERE run = ? AND sequence < ? ORDER BY sequence DESC LIMIT 1")  \
        X(EVENT_ABOUT,                                                                                                 \
          "SELECT sequence FROM events WHERE run = ?1 AND type = ?2 AND "                                              \
          "coalesce(json_extract(body, '$.data.kind'), ?3) = ?3 AND "                                                  \
          "coalesce(json_extract(body, '$.data.evidence'), json_extract(body, '$.data.sha256'), '') = ?4 "             \
          "ORDER BY sequence DESC LIMIT 1")                                                                            \
        X(EVENTS_ORPHANED, "SELECT run FROM events WHERE run NOT IN (SELECT no FROM runs) LIMIT 1")                    \
        X(HEAD_GET, "SELECT events, head FROM runs WHERE no = ?")                                                      \
        X(HEAD_SET, "UPDATE runs SET events = ?2, head = ?3 WHERE no = ?1")                                            \
        X(RUN_CURSOR, "SELECT id, item, mood, identity, no FROM runs WHERE id = ?")                                    \
        X(RUN_NEXT, "SELECT coalesce(max(no), 0) + 1 FROM runs")                                                       \
        X(RUN_ADD,                                                                                                     \
          "INSERT INTO runs(no, id, item, item_sha256, title, mood, base, target_ref, snapshot_sha256, identity, "     \
          "worktree, created, moved, phase, owner_pid, owner_start, head, race, agent, claim_epoch) "                  \
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, 'created', ?13, ?14, ?15, ?16, ?17, ?18)")   \
        X(RUN_BY_ID, "SELECT " RUN_COLUMNS " FROM runs WHERE id = ?")                                                  \
        X(RUN_LAST, "SELECT " RUN_COLUMNS " FROM runs ORDER BY no DESC LIMIT 1")                                       \
        X(RUN_BY_PREFIX, "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 9")                  \
        X(RUNS, "SELECT " RUN_COLUMNS " FROM runs ORDER BY no DESC LIMIT ?2")                                          \
        X(RUNS_OF_ITEM, "SELECT " RUN_COLUMNS " FROM runs WHERE item = ?1 ORDER BY no DESC LIMIT ?2")                  \
        X(RUNS_OF_RACE, "SELECT " RUN_COLUMNS " FROM runs WHERE race = ?1 ORDER BY no DESC LIMIT ?2")                  \
        X(RACE_AHEAD, "SELECT " RUN_COLUMNS " FROM runs WHERE race = (SELECT race FROM runs WHERE id = ?1) "           \
                      "AND id <> ?1 AND phase IN ('landing', 'held', 'committed') ORDER BY no LIMIT 1")                \
        X(RUNS_OPEN, "SELECT " RUN_COLUMNS " FROM runs WHERE phase NOT IN ('committed', 'discarded', 'blocked') "      \
                     "AND phase <> 'held' AND (?1 IS NULL OR item = ?1) ORDER BY no DESC LIMIT ?2")                    \
        X(RUNS_HELD, "SELECT " RUN_COLUMNS " FROM runs WHERE phase NOT IN ('committed', 'discarded', 'blocked') "      \
                     "AND phase = 'held' AND (?1 IS NULL OR item = ?1) ORDER BY no DESC LIMIT ?2")                     \
        X(RUNS_VERIFY, "SELECT " RUN_COLUMNS " FROM runs ORDER BY no")                                                 \
        X(RUN_MOVE,                                                                                                    \
          "UPDATE runs SET phase = ?2, outcome = ?3, reasons = coalesce(?4, reasons), tree = coalesce(?5, tree), "     \
          "commit_id = coalesce(?6, commit_id), moved = ?7 WHERE no = ?1")                                             \
        X(RUN_ADOPT,                                                                                                   \
          "UPDATE runs SET owner_pid = ?4, owner_start = ?5 WHERE id = ?1 AND owner_pid = ?2 AND owner_start = ?3 "    \
          "AND phase = ?6 AND phase NOT IN ('committed', 'discarded', 'blocked') RETURNING no")                        \
        X(RUN_GIVE_BACK, "UPDATE runs SET owner_pid = 0, owner_start = 0 "                                             \
                         "WHERE id = ?1 AND owner_pid = ?2 AND owner_start = ?3")                                      \
        X(LINK_LAST, "SELECT position, hash FROM links ORDER BY position DESC LIMIT 1")                                \
        X(LINK_ADD, "INSERT INTO links(position, run, sequence, event, hash) VALUES(?, ?, ?, ?, ?)")                   \
        X(LINK_HAS, "SELECT 1 FROM links WHERE hash = ?")                                                              \
        X(LINK_OF_RUN, "SELECT sequence, event FROM links WHERE run = ?")                                              \
        X(LINKS, "SELECT l.position, l.sequence, l.event, l.hash, r.id, e.hash FROM links l "                          \
                 "LEFT JOIN runs r ON r.no = l.run LEFT JOIN events e ON e.run = l.run AND e.sequence = l.sequence "   \
                 "ORDER BY l.position")                                                                                \
        X(INTENT_SET, "INSERT OR REPLACE INTO intents(run, intent) VALUES(?, ?)")                                      \
        X(INTENT_GET, "SELECT intent FROM intents WHERE run = (SELECT no FROM runs WHERE id = ?)")                     \
        X(INTENT_CLEAR, "DELETE FROM intents WHERE run = ?")                                                           \
        X(ITEM_GET, "SELECT sha256, attempts, failures, last_outcome, last_run FROM items WHERE id = ?")               \
        X(ITEM_STARTED,                                                                                                \
          "INSERT INTO items(id, sha256, attempts, last_run) VALUES(?1, ?2, 1, ?3) ON CONFLICT(id) DO UPDATE SET "     \
          "attempts = iif(sha256 = ?2, attempts, 0) + 1, failures = iif(sha256 = ?2, failures, 0), sha256 = ?2, "      \
          "last_run = ?3")                                                                                             \
        X(ITEM_ENDED,                                                                                                  \
          "UPDATE items SET last_outcome = ?3, failures = CASE ?4 WHEN 0 THEN failures WHEN 1 THEN failures + 1 "      \
          "ELSE 0 END WHERE id = ?1 AND sha256 = ?2")                                                                  \
        X(APPROVAL_FIND, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE " APPROVAL_KEY " AND a.state IN (?10, ?11) "  \
                         "ORDER BY a.state = 'granted' DESC, a.id DESC LIMIT 1")                                       \
        X(APPROVAL_BY_ID, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.id = ?")                                   \
        X(APPROVAL_OF_RUN, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.kind = ?2 AND (r.id = ?1 OR a.id IN "     \
                           "(SELECT k.approval FROM approval_asks k JOIN runs q ON q.no = k.run WHERE q.id = ?1)) "    \
                           "ORDER BY a.id DESC LIMIT 1")                                                               \
        X(APPROVAL_OF_ITEM, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.kind = 'start' AND a.item = ? "          \
                            "ORDER BY a.id DESC LIMIT 1")                                                              \
        X(APPROVAL_GRANTED, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.kind = 'start' AND a.item = ? "          \
                            "AND a.state = 'granted' ORDER BY a.id DESC LIMIT 1")                                      \
        X(APPROVAL_LIKE, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE " APPROVAL_KEY " ORDER BY a.id DESC LIMIT 1") \
        X(APPROVALS_WAITING, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.kind = 'start' "                        \
                             "AND a.state = 'requested' ORDER BY a.id")                                                \
        X(APPROVAL_OVERDUE, "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE a.kind = 'start' "                         \
                            "AND a.state = 'requested' AND a.deadline > 0 AND a.deadline <= ? "                        \
                            "ORDER BY a.deadline LIMIT 1")                                                             \
        X(APPROVAL_ASK, "INSERT OR IGNORE INTO approval_asks(run, approval) SELECT no, ?2 FROM runs WHERE id = ?1 "    \
                        "RETURNING run")                                                                               \
        X(APPROVAL_ADD,                                                                                                \
          "INSERT INTO approvals(kind, run, item, tree, base, evidence, item_sha256, plan_id, sentence, time, "        \
          "deadline) VALUES(?1, coalesce((SELECT no FROM runs WHERE id = ?2), 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "   \
          "?11) RETURNING id")                                                                                         \
        X(APPROVAL_STEP, "UPDATE approvals SET state = ?2, who = ?3, reason = ?4, time = ?5 WHERE id = ?1")            \
        X(DEADLINE_SET, "INSERT OR REPLACE INTO deadlines(run, at) SELECT no, ?2 FROM runs WHERE id = ?1")             \
        X(DEADLINE_HOLD, "INSERT OR IGNORE INTO deadlines(run, at) VALUES(?, ?)")                                      \
        X(DEADLINE_GET, "SELECT at FROM deadlines WHERE run = (SELECT no FROM runs WHERE id = ?)")                     \
        X(DEADLINE_PASSED, "SELECT EXISTS (SELECT 1 FROM deadlines WHERE at <= ?1) OR EXISTS (SELECT 1 FROM "          \
                           "approvals WHERE kind = 'start' AND state = 'requested' AND deadline > 0 AND "              \
                           "deadline <= ?1)")                                                                          \
        X(DEADLINE_CLEAR, "DELETE FROM deadlines WHERE run = ?")                                                       \
        X(RUNS_OVERDUE, "SELECT " RUN_COLUMNS " FROM runs WHERE phase = 'held' AND no IN "                             \
                        "(SELECT run FROM deadlines WHERE at <= ?1) ORDER BY no LIMIT ?2")                             \
        X(ACCEPTANCE_SET, "INSERT OR REPLACE INTO acceptances(run, outcome, who, reason, time) "                       \
                          "SELECT no, ?2, ?3, ?4, ?5 FROM runs WHERE id = ?1")                                         \
        X(ACCEPTANCE_GET, "SELECT outcome, who, reason, time FROM acceptances "                                        \
                          "WHERE run = (SELECT no FROM runs WHERE id = ?)")                                            \
        X(EVIDENCE_ADD, "INSERT INTO evidence(key, tree, context, run, result, exit, log_sha256, cases, time, at) "    \
                        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                                        \
        X(EVIDENCE_GET,                                                                                                \
          "SELECT e.key, e.tree, e.context, e.run, e.result, e.log_sha256, e.time, c.text, e.exit, c.text IS NOT "     \
          "NULL "                                                                                                      \
          "FROM evidence e LEFT JOIN evidence_cases c ON c.digest = e.cases WHERE e.key = ?1 AND e.tree = ?2 AND "     \
          "(?3 IS NULL OR e.context = ?3) AND e.at BETWEEN ?4 AND ?5 ORDER BY e.no DESC LIMIT 1")                      \
        X(EVIDENCE_OLD, "SELECT 1 FROM evidence WHERE at < ? LIMIT 1")                                                 \
        X(EVIDENCE_DROP, "DELETE FROM evidence WHERE at < ?")                                                          \
        X(EVIDENCE_CASES_ADD, "INSERT OR IGNORE INTO evidence_cases(digest, text) VALUES(?, ?)")                       \
        X(EVIDENCE_CASES_DROP, "DELETE FROM evidence_cases WHERE digest NOT IN (SELECT cases FROM evidence)")          \
        X(LINE_JOIN, "INSERT OR REPLACE INTO line(ref, run, tree) VALUES(?1, ?2, '') RETURNING position")              \
        X(LINE_AHEAD,                                                                                                  \
          "SELECT position, run, tree, aside FROM line WHERE ref = ?1 AND position < ?2 ORDER BY position")            \
        X(LINE_SET, "UPDATE line SET tree = ?2, aside = ?3 WHERE position = ?1")                                       \
        X(LINE_LEAVE, "DELETE FROM line WHERE position = ?1")                                                          \
        X(LINE_FORGET, "DELETE FROM line WHERE run = ?1")                                                              \
        X(LINE_WIDTH_GET, "SELECT width FROM line_width WHERE ref = ?")                                                \
        X(LINE_WIDTH_SET, "INSERT INTO line_width(ref, width) VALUES(?1, ?2) "                                         \
                          "ON CONFLICT(ref) DO UPDATE SET width = ?2")                                                 \
        X(ADMISSION_SET, "INSERT OR REPLACE INTO admission(one, owner, evidence, risk, openings_sha256, time, "        \
                         "record) VALUES(1, ?, ?, ?, ?, ?, ?)")                                                        \
        X(ADMISSION_LOG, "INSERT INTO admissions(record, time) VALUES(?, ?)")                                          \
        X(ADMISSION_GET, "SELECT owner, evidence, risk, openings_sha256, time, record FROM admission")                 \
        STATEMENTS_QUEUE(X) STATEMENTS_REQUEST(X) STATEMENTS_FAILURE(X) STATEMENTS_STREAM(X) STATEMENTS_AUDIT(X)

enum sql {
#define X(name, text) SQL_##name,
        STATEMENTS(X)
#undef X
                SQL_COUNT
};

#endif
