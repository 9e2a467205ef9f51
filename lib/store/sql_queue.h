/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SQL_QUEUE_H
#define CUPEL_STORE_SQL_QUEUE_H

/* The statements of the queue (lib/store/queue.h), a part of the table in lib/store/sql.h. */

#define QUEUE_COLUMNS                                                                                                  \
        "item, title, sha256, parent, policy, who, added, moved, mood, reason, waits_for, last_run, state, priority, " \
        "generation, epoch, attempts, requeues, crashes, tier, unmet, children, owner_pid, owner_start, lease"
#define QUEUE_ORDER "ORDER BY priority DESC, age"
#define QUEUE_READY "SELECT item FROM queue WHERE state = 'queued' AND unmet = 0 " QUEUE_ORDER " LIMIT 1"
/* Of a row d of queue_depends. What was never queued counts as done where a run by hand did it. */
#define QUEUE_MET                                                                                                      \
        "iif(EXISTS (SELECT 1 FROM queue n WHERE n.item = d.needs), "                                                  \
        "EXISTS (SELECT 1 FROM queue n WHERE n.item = d.needs AND n.state = 'done'), "                                 \
        "EXISTS (SELECT 1 FROM items i WHERE i.id = d.needs AND i.last_outcome IN ('committed', 'observed')))"
#define QUEUE_COUNT_UNMET "(SELECT count(*) FROM queue_depends d WHERE d.item = queue.item AND NOT " QUEUE_MET ")"
#define QUEUE_COUNT_CHILDREN                                                                                           \
        "(SELECT count(*) FROM queue c WHERE c.parent = queue.item AND c.parent <> '' AND c.state <> 'done')"
#define QUEUE_RUNS_OF_CLAIM "(SELECT 1 FROM runs r WHERE r.item = queue.item AND r.claim_epoch = queue.epoch AND "

#define STATEMENTS_QUEUE(X)                                                                                            \
        X(QUEUE_GET, "SELECT " QUEUE_COLUMNS " FROM queue WHERE item = ?")                                             \
        X(QUEUE_BYTES, "SELECT bytes FROM queue_bytes WHERE item = ?")                                                 \
        X(QUEUE_LIST,                                                                                                  \
          "SELECT " QUEUE_COLUMNS " FROM queue WHERE ?1 OR state NOT IN ('done', 'failed', 'dropped') " QUEUE_ORDER)   \
        X(QUEUE_IN_STATE, "SELECT " QUEUE_COLUMNS " FROM queue WHERE state = ? " QUEUE_ORDER)                          \
        X(QUEUE_NEEDS, "SELECT d.needs, (SELECT state FROM queue n WHERE n.item = d.needs), " QUEUE_MET                \
                       " FROM queue_depends d WHERE d.item = ? ORDER BY d.needs")                                      \
        X(QUEUE_NEEDED, "SELECT d.item, q.state, 0 FROM queue_depends d JOIN queue q ON q.item = d.item "              \
                        "WHERE d.needs = ? ORDER BY q.age")                                                            \
        X(QUEUE_CHILDREN,                                                                                              \
          "SELECT item, state, state = 'done' FROM queue WHERE parent = ? AND parent <> '' ORDER BY age")              \
        X(QUEUE_COUNT, "SELECT state, count(*), sum(state = 'queued' AND unmet = 0) FROM queue GROUP BY state")        \
        X(QUEUE_ADD,                                                                                                   \
          "INSERT INTO queue(item, age, title, sha256, parent, policy, who, added, moved, priority) "                  \
          "VALUES(?1, (SELECT coalesce(max(age), 0) + 1 FROM queue), ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8) "                 \
          "ON CONFLICT(item) DO UPDATE SET age = (SELECT max(age) + 1 FROM queue), title = ?2, sha256 = ?3, "          \
          "parent = ?4, policy = ?5, who = ?6, added = ?7, moved = ?7, priority = ?8, mood = '', reason = '', "        \
          "waits_for = '', last_run = '', state = 'queued', generation = generation + 1, attempts = 0, requeues = 0, " \
          "crashes = 0, tier = 0")                                                                                     \
        X(QUEUE_BYTES_SET, "INSERT OR REPLACE INTO queue_bytes(item, bytes) VALUES(?, ?)")                             \
        X(QUEUE_DEPENDS_CLEAR, "DELETE FROM queue_depends WHERE item = ?")                                             \
        X(QUEUE_DEPENDS_ADD, "INSERT OR IGNORE INTO queue_depends(item, needs) VALUES(?, ?)")                          \
        X(QUEUE_EDGES, "SELECT d.item, d.needs FROM queue_depends d JOIN queue q ON q.item = d.item "                  \
                       "WHERE q.state <> 'done' "                                                                      \
                       "UNION ALL SELECT parent, item FROM queue WHERE parent <> '' AND state <> 'done'")              \
        X(QUEUE_KNOWS, "SELECT EXISTS (SELECT 1 FROM queue WHERE item = ?1) "                                          \
                       "OR EXISTS (SELECT 1 FROM queue_depends WHERE needs = ?1)")                                     \
        X(QUEUE_RECOUNT,                                                                                               \
          "UPDATE queue SET unmet = " QUEUE_COUNT_UNMET ", children = " QUEUE_COUNT_CHILDREN " WHERE item = ?")        \
        X(QUEUE_RECOUNT_NEEDED, "UPDATE queue SET unmet = " QUEUE_COUNT_UNMET                                          \
                                " WHERE item IN (SELECT item FROM queue_depends WHERE needs = ?)")                     \
        X(QUEUE_PEEK, QUEUE_READY)                                                                                     \
        X(QUEUE_CLAIM,                                                                                                 \
          "UPDATE queue SET state = 'claimed', epoch = epoch + 1, owner_pid = ?1, owner_start = ?2, "                  \
          "lease = ?3, moved = ?4, waits_for = '' WHERE item = (" QUEUE_READY ") RETURNING " QUEUE_COLUMNS)            \
        X(QUEUE_TAKE, "UPDATE queue SET state = 'claimed', epoch = epoch + 1, owner_pid = ?1, owner_start = ?2, "      \
                      "lease = ?3, moved = ?4, waits_for = '' WHERE item = ?5 AND state = 'queued' RETURNING epoch")   \
        X(QUEUE_RENEW, "UPDATE queue SET lease = ?3 WHERE state = 'claimed' AND owner_pid = ?1 AND owner_start = ?2")  \
        X(QUEUE_RETURN,                                                                                                \
          "UPDATE queue SET state = 'queued', owner_pid = 0, owner_start = 0, lease = 0, moved = ?3, reason = ?4 "     \
          "WHERE item = ?1 AND epoch = ?2 AND state = 'claimed' "                                                      \
          "AND NOT EXISTS " QUEUE_RUNS_OF_CLAIM "r.phase IN ('landing', 'held', 'committed')) "                        \
          "AND (?5 OR NOT EXISTS " QUEUE_RUNS_OF_CLAIM "r.phase NOT IN ('committed', 'discarded', 'blocked'))) "       \
          "RETURNING item")                                                                                            \
        X(QUEUE_RUN, "UPDATE queue SET last_run = ?2 WHERE item = ?1")                                                 \
        X(QUEUE_MOVE, "UPDATE queue SET state = ?2, moved = ?3, reason = ?4, waits_for = ?5, mood = ?6, tier = ?7, "   \
                      "attempts = ?8, "                                                                                \
                      "requeues = ?9, crashes = ?10, owner_pid = 0, owner_start = 0, lease = 0 WHERE item = ?1")       \
        X(SPLIT_BEGIN, "SAVEPOINT split")                                                                              \
        X(SPLIT_UNDO, "ROLLBACK TO split")                                                                             \
        X(SPLIT_END, "RELEASE split")

#endif
