/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/connection.h"

#include "lib/base/clock.h"
#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

static const struct {
        int code;
        enum err_code err;
        const char *text;
} failures[] = {
        {SQLITE_BUSY, ERR_BUSY, "another process keeps writing to it"},
        {SQLITE_LOCKED, ERR_BUSY, "another process keeps writing to it"},
        {SQLITE_FULL, ERR_STORE, "the disk is full"},
        {SQLITE_READONLY, ERR_STORE, "it cannot be written"},
        {SQLITE_CANTOPEN, ERR_STORE, "it cannot be opened"},
        {SQLITE_PERM, ERR_STORE, "it cannot be opened"},
        {SQLITE_NOTADB, ERR_STORE, "it is not a store of cupel; move it away, and a new one is begun"},
        {SQLITE_CORRUPT, ERR_STORE,
         "it is damaged; `sqlite3 FILE .recover` saves what can be read; moved away, a new one is begun"},
        {SQLITE_IOERR, ERR_STORE, "reading or writing failed"},
};

int connection_fail(const char *what, const char *path, struct sqlite3 *db, int code, struct err *err)
{
        const int errnum = db ? sqlite3_system_errno(db) : 0;

        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
                if (failures[i].code != (code & 0xff))
                        continue;
                err_set(err, failures[i].err, "%s %s: %s", what, path, failures[i].text);
                if (errnum && failures[i].err == ERR_STORE)
                        err->errnum = errnum;
                return -1;
        }
        return err_set(err, ERR_STORE, "%s %s: %s", what, path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* Short waits first: another writer is usually done within a fraction of a millisecond. */
static int wait_for_writer(void *path, int tries)
{
        static const unsigned step_us[] = {100, 100, 200, 200, 500, 500, 1000, 2000};
        const size_t last = sizeof(step_us) / sizeof(step_us[0]) - 1;
        unsigned us = (size_t)tries < last ? step_us[tries] : 2 * step_us[last];
        struct timespec pause = {.tv_nsec = (long)us * 1000};

        (void)path;
        if (tries > STORE_WAIT_MS / 4)
                return 0;
        nanosleep(&pause, NULL);
        return 1;
}

void connection_wait(struct sqlite3 *db, bool wait)
{
        sqlite3_busy_handler(db, wait ? wait_for_writer : NULL, NULL);
}

/* Closing a second descriptor of an existing file would drop the locks of another connection of this process
 * (sqlite.org/howtocorrupt.html, 2.2). */
int connection_create_file(const char *what, const char *path, struct err *err)
{
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0 && errno != EEXIST) {
                err_errno(err, "%s %s: it cannot be made", what, path);
                err->code = ERR_STORE;
                return -1;
        }
        if (fd < 0)
                return 0;
        close(fd);
        return 1;
}

/* Nobody asks how much memory it takes, and each piece of it was counted under a lock. Once it has begun, it is too late to say so. */
static void begin_sqlite(void)
{
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int connection_open(const char *what, const char *path, bool writes, struct sqlite3 **ret, struct err *err)
{
        const int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        int code;

        pthread_once(&once, begin_sqlite);
        code = sqlite3_open_v2(path, ret, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (code != SQLITE_OK)
                return connection_fail(what, path, *ret, code, err);
        sqlite3_extended_result_codes(*ret, 1);
        connection_wait(*ret, true);
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        return 0;
}

int connection_set_wal(const char *what, const char *path, struct sqlite3 *db, struct err *err)
{
        uint64_t deadline = clock_ms() + STORE_WAIT_MS;
        int code, tries = 0;

        while ((code = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) != SQLITE_OK &&
               (code & 0xff) == SQLITE_BUSY && clock_ms() < deadline)
                wait_for_writer(NULL, tries++);
        return code == SQLITE_OK ? 0 : connection_fail(what, path, db, code, err);
}
