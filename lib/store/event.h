/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_EVENT_H
#define CUPEL_STORE_EVENT_H

/*
 * Writing events, for the files of this folder: within a transaction that is open, cursor_load() finds the run, then each
 * event_write() checks one event, chains it and inserts it; db_commit() books the end of the chain on the run.
 */

#include "lib/base/clock.h"
#include "lib/store/db.h"

/* ERR_NOT_FOUND where there is no such run. */
int cursor_load(struct store *store, const char *run, struct err *err);
/* `event->run` is not looked at. ERR_INPUT and ERR_REFUSED leave the transaction as it was. */
int event_write(struct store *store, const struct store_event *event, char *ret_id, struct err *err);
/* Several, of that run, which is the cursor's then. */
int event_write_all(struct store *store, const char *run, const struct store_event *events, size_t len,
                    struct err *err);

/* The CloudEvent as text: the stored body with hash and previous hash added. */
struct str;
void event_put_json(struct str *out, const char *body, const char *hash, const char *previous);

/* The attribute `time` of an event's text, without taking it apart. */
void event_take_time(const char *body, char ret[CLOCK_RFC3339]);

/* ahdb.c: a delta that is about to be written, into the projection that is kept; and all there are, into an empty one. */
int ahdb_see(struct store *store, const struct store_event *event, const char *body, struct err *err);
int ahdb_fill(struct store *store, struct err *err);

/* SHA-256 over the texts one after the other. */
void chain_hash(const char *previous, const char *text, size_t len, char ret_hex[HASH_HEX]);

/* Links the last event of the cursor's run, which ends it, into the chain of the store. */
int chain_link(struct store *store, struct err *err);
/* The link's own hash: previous link, run id, hash of the event. */
void chain_link_hash(const char *previous, const char *run, const char *event, char ret_hex[HASH_HEX]);

#endif
