/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_STREAM_INTERNAL_H
#define CUPEL_STORE_STREAM_INTERNAL_H

/* Between the runs of a stream (stream.c) and the events of one of them (stream_event.c). */

#include "lib/base/clock.h"
#include "lib/store/db.h"
#include "lib/store/stream.h"

#define ALL_EVERY_MS 1000 /* how often runs that are over are looked at */
#define DISORDER_MS 60000 /* times of one run's events are in order but for this: writers wait for each other */

struct stream_run {
        int64_t no, events, seen; /* `events` as last counted; `seen` of them were given */
        char *id, *type, *body;   /* the next event, once it is read */
        char time[CLOCK_RFC3339]; /* of it */
        char hash[HASH_HEX], previous[HASH_HEX];
        bool over, queued;
};

struct store_stream {
        struct store *store;
        struct store_stream_filter filter;
        char since[CLOCK_RFC3339], until[CLOCK_RFC3339]; /* "": none */
        struct stream_run **runs;                        /* sorted by `no` */
        size_t len;
        size_t *heap, heap_len; /* indexes of runs */
        bool begun;
        uint64_t looked; /* clock_ms() when all were counted */
        bool counted;    /* … in this read */
};

/* The run's event of that sequence becomes its next one; 0: it is not there, 1: it is. */
int stream_load(struct store_stream *stream, struct stream_run *run, int64_t sequence, struct err *err);
void stream_forget(struct stream_run *run);

/* Whether the filter lets it through. */
bool stream_wants(const struct store_stream *stream, const struct stream_run *run);

#endif
