/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_H
#define CUPEL_STORE_SQL_H

/* Every statement of lib/store, by name, in one table; the tables they speak of are in schema.c. */

#define RUN_COLUMNS                                                                                                    \
        "id, item, item_sha256, title, mood, base, target_ref, snapshot_sha256, identity, worktree, tree, commit_id, " \
        "reasons, created, moved, race, agent, phase, outcome, owner_pid, owner_start, events, no"
#define APPROVAL_COLUMNS                                                                                               \
        "r.id, a.item, a.tree, a.base, a.evidence, a.item_sha256, a.plan_id, a.sentence, a.who, a.reason, a.time, "    \
        "a.id, a.kind, a.state"
#define APPROVAL_FROM " FROM approvals a JOIN runs r ON r.no = a.run "
/* All that is approved, parameters 1 to 9. A START approval is not bound to the run that asked. */
#define APPROVAL_KEY                                                                                                   \
        "a.kind = ?1 AND (?1 = 'start' OR r.id = ?2) AND a.item = ?3 AND a.tree = ?4 AND a.base = ?5 AND "             \
        "a.evidence = ?6 AND a.item_sha256 = ?7 AND a.plan_id = ?8 AND a.sentence = ?9"

#define STATEMENTS(X)                                                                                                  \
        X(BEGIN_READ, "BEGIN")                                                                                         \
        X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                                              \
        X(COMMIT, "COMMIT")                                                                                            \
        X(ROLLBACK, "ROLLBACK")                                                                                        \
        X(SYNC_NORMAL, "PRAGMA synchronous = NORMAL")                                                                  \
        X(SYNC_FULL, "PRAGMA synchronous = FULL")                                                                      \
        X(CHECK, "PRAGMA integrity_check(1)")                                                                          \
        X(META_GET, "SELECT value FROM meta WHERE key = ?")                                                            \
        X(META_SET, "INSERT INTO meta(key, value) VALUES(?, ?)")                                                       \
        X(EVENT_ADD, "INSERT INTO events(run, sequence, type, body, hash) VALUES(?, ?, ?, ?, ?)")                      \
        X(EVENTS, "SELECT sequence, type, body, hash FROM events WHERE run = ? AND sequence >= ? ORDER BY sequence")   \
        X(EVENTS_ORPHANED, "SELECT run FROM events WHERE run NOT IN (SELECT no FROM runs) LIMIT 1")                    \
        X(HEAD_GET, "SELECT events, head FROM runs WHERE no = ?")                                                      \
        X(HEAD_SET, "UPDATE runs SET events = ?2, head = ?3 WHERE no = ?1")                                            \
        X(RUN_CURSOR, "SELECT id, item, mood, identity, no FROM runs WHERE id = ?")                                    \
        X(RUN_NEXT, "SELECT coalesce(max(no), 0) + 1 FROM runs")                                                       \
        X(RUN_ADD,                                                                                                     \
          "INSERT INTO runs(no, id, item, item_sha256, title, mood, base, target_ref, snapshot_sha256, identity, "     \
          "worktree, created, moved, phase, owner_pid, owner_start, head, race, agent) "                               \
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, 'created', ?13, ?14, ?15, ?16, ?17)")        \
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
          "RETURNING no")                                                                                              \
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
        X(APPROVAL_OF_RUN,                                                                                             \
          "SELECT " APPROVAL_COLUMNS APPROVAL_FROM "WHERE r.id = ? AND a.kind = ? ORDER BY a.id DESC LIMIT 1")         \
        X(APPROVAL_ADD,                                                                                                \
          "INSERT INTO approvals(kind, run, item, tree, base, evidence, item_sha256, plan_id, sentence, time) "        \
          "VALUES(?1, (SELECT no FROM runs WHERE id = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id")             \
        X(APPROVAL_STEP, "UPDATE approvals SET state = ?2, who = ?3, reason = ?4, time = ?5 WHERE id = ?1")            \
        X(ADMISSION_SET, "INSERT OR REPLACE INTO admission(one, owner, evidence, risk, openings_sha256, time) "        \
                         "VALUES(1, ?, ?, ?, ?, ?)")                                                                   \
        X(ADMISSION_GET, "SELECT owner, evidence, risk, openings_sha256, time FROM admission")

enum sql {
#define X(name, text) SQL_##name,
        STATEMENTS(X)
#undef X
                SQL_COUNT
};

#endif
