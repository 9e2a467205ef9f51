/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_STREAM_H
#define CUPEL_STORE_STREAM_H

/*
 * The events of many runs as one stream, in the order of their times; of one run always in the order of its log.
 *
 *         struct store_stream *stream = store_stream_new(store, &filter);
 *         store_stream_read(stream, each, arg, err);              all that there is
 *         watch = store_watch_open(folder);                       before the first read: nothing falls in between
 *         for (;;) {
 *                 store_watch_wait(watch, also, ms, err);         somebody wrote, or the time is up
 *                 store_stream_read(stream, each, arg, err);      what is new, in runs that are new, too
 *         }
 *
 * Nothing is held open between two events: who reads slowly keeps nobody from writing, nor the log from being copied back. Memory
 * is a line per run, and one event of each run that is under way. The callback may use the store.
 *
 * What was added to a run that is over shows up to a second late.
 */

#include "lib/store/store.h"

struct store_stream;

/* NULL: all. Texts are borrowed until the stream is freed. */
struct store_stream_filter {
        const char *run;         /* a full id */
        const char *item, *mood; /* of the run */
        const char *type_prefix;
        const char *actor;
        const char *ref;            /* an event's id, or what its refs name */
        int64_t since_ms, until_ms; /* since the epoch, both included; 0: no bound */
        bool from_now;              /* nothing that is there already */
};

struct store_stream *store_stream_new(struct store *store, const struct store_stream_filter *filter);
void store_stream_free(struct store_stream **stream);
#define _cleanup_store_stream_ __attribute__((cleanup(store_stream_free)))

/* A callback that returns 1 ends this read; the next one goes on behind that event. */
int store_stream_read(struct store_stream *stream, store_event_fn *each, void *arg, struct err *err);

/* Milliseconds until another look may find what no write will tell of; -1: none. */
int store_stream_again_ms(const struct store_stream *stream);

/*
 * Waiting for writes to the store in `folder`, by inotify(7): one watch on the folder, so that it works before there is a store. 0: the
 * time is up; 1: somebody wrote, or `also` (-1: none) is ready or gone. Where the kernel gives no watch: only the time counts.
 */
int store_watch_open(const char *folder); /* the descriptor, or -1 */
int store_watch_wait(int watch, int also, int timeout_ms, struct err *err);

#endif
