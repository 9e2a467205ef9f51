/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_CONNECTION_H
#define CUPEL_STORE_CONNECTION_H

/*
 * What every SQLite file of ours has in common, before anybody knows what is in it: private from birth, a write-ahead log so that
 * readers never wait, short waits for other writers, a distrusted schema, errors as one sentence. `what` begins that sentence:
 * "store", "ledger". Only files of this folder include it.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct sqlite3;

/* Where there is none: an empty one, 0600, which what SQLite puts beside it takes over: 1. An existing file is not opened: 0. */
int connection_create_file(const char *what, const char *path, struct err *err);

/* On failure *ret may be set: the caller closes it in any case (sqlite3_open_v2). */
int connection_open(const char *what, const char *path, bool writes, struct sqlite3 **ret, struct err *err);

/* Whether another writer is waited for, as after connection_open(), or is an error at once. */
void connection_wait(struct sqlite3 *db, bool wait);

/* Once per file. Two that create it at once can deadlock on the change of mode, which SQLite reports without asking our wait. */
int connection_set_wal(const char *what, const char *path, struct sqlite3 *db, struct err *err);

/* Turns what the database said into err; returns -1. ERR_BUSY: waited for as long as we wait, else ERR_STORE. */
int connection_fail(const char *what, const char *path, struct sqlite3 *db, int code, struct err *err);

#endif
