/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/statement.h"

#include "lib/base/str.h"

#include <sqlite3.h>
#include <string.h>

void db_finalize(struct sqlite3_stmt **stmt)
{
        sqlite3_finalize(*stmt);
        *stmt = NULL;
}

void db_text(struct sqlite3_stmt *stmt, int index, const char *text)
{
        sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

void db_bytes(struct sqlite3_stmt *stmt, int index, const char *text, size_t len)
{
        sqlite3_bind_text64(stmt, index, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

void db_blob(struct sqlite3_stmt *stmt, int index, const void *bytes, size_t len)
{
        sqlite3_bind_blob64(stmt, index, bytes, len, SQLITE_STATIC);
}

void db_int(struct sqlite3_stmt *stmt, int index, int64_t value)
{
        sqlite3_bind_int64(stmt, index, value);
}

void db_done(struct sqlite3_stmt *stmt)
{
        sqlite3_reset(stmt);
}

const char *db_column(struct sqlite3_stmt *stmt, int column)
{
        const char *text = (const char *)sqlite3_column_text(stmt, column);

        return text ? text : "";
}

int64_t db_column_int(struct sqlite3_stmt *stmt, int column)
{
        return sqlite3_column_int64(stmt, column);
}

bool db_column_is_null(struct sqlite3_stmt *stmt, int column)
{
        return sqlite3_column_type(stmt, column) == SQLITE_NULL;
}

const void *db_column_blob(struct sqlite3_stmt *stmt, int column, size_t *ret_len)
{
        const void *bytes = sqlite3_column_blob(stmt, column);

        *ret_len = (size_t)sqlite3_column_bytes(stmt, column);
        return bytes ? bytes : "";
}

char *db_copy_texts(struct sqlite3_stmt *stmt, const size_t *offsets, size_t count, void *object)
{
        size_t total = 0;
        char *memory, *at;

        for (size_t i = 0; i < count; i++)
                total += strlen(db_column(stmt, (int)i)) + 1;
        at = memory = xcalloc(1, total);
        for (size_t i = 0; i < count; i++) {
                const char *text = db_column(stmt, (int)i);

                *(const char **)(void *)((char *)object + offsets[i]) = at;
                at = stpcpy(at, text) + 1;
        }
        return memory;
}

const char *db_column_or_null(struct sqlite3_stmt *stmt, int column)
{
        return (const char *)sqlite3_column_text(stmt, column);
}
