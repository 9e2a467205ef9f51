/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables let SQLite do: of the statements that are run often, or over long logs, the way that they take. */
#include "fixture.h"

#include "lib/store/sql.h"

/* Column `column` of all rows that `prefix` and the statement give, one line each. */
static void ask(const struct fixture *f, const char *prefix, const char *sql, int column, struct str *ret)
{
        _cleanup_str_ struct str text = {0};
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;

        str_printf(&text, "%s %s", prefix, sql);
        cr_assert_eq(sqlite3_open(f->path, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_prepare_v2(db, str_text(&text), -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
        while (sqlite3_step(stmt) == SQLITE_ROW)
                str_printf(ret, "%s\n", (const char *)sqlite3_column_text(stmt, column));
        sqlite3_finalize(stmt);
        sqlite3_close(db);
}

#define X(name, text) static const char sql_##name[] __attribute__((unused)) = (text);
STATEMENTS(X)
#undef X

/* The index of events is asked of each note that is written, and a list of more than two words were a table. */
Test(schema, a_note_is_written_without_a_table_made_for_it)
{
        _cleanup_str_ struct str steps = {0};
        struct fixture f;

        fixture_open(&f);
        ask(&f, "EXPLAIN", sql_EVENT_ADD, 1, &steps);
        cr_expect(strstr(str_text(&steps), "IdxInsert") && !strstr(str_text(&steps), "Ephemeral"), "%s",
                  str_text(&steps));
        fixture_close(&f);
}

Test(schema, the_end_of_a_run_does_not_read_its_notes)
{
        _cleanup_str_ struct str plan = {0};
        struct fixture f;

        fixture_open(&f);
        ask(&f, "EXPLAIN QUERY PLAN", sql_FAILURE_EVENTS, 3, &plan);
        cr_expect_str_eq(str_text(&plan), "SEARCH events USING INDEX events_judged (run=?)\n");
        fixture_close(&f);
}

/* As an older cupel made it. */
Test(schema, a_run_ends_by_an_index_that_says_the_same_in_other_words)
{
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        raw(&f, "DROP INDEX events_judged; CREATE INDEX events_judged ON events(run, sequence) WHERE type IN "
                "('run.state', 'receipt.verifier', 'receipt.policy.decision', 'receipt.limits');");
        move_along(&f, "r", PHASE_COMMITTED);
        fixture_close(&f);
}
