/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap of runs by the time of the next event that each has. A run that has not begun stands there with the time of its birth,
 * and its first event is read when its turn comes; one that has nothing more is outside, until it has again.
 */
#include "lib/store/stream_internal.h"

#include "lib/base/clock.h"
#include "lib/store/event.h"

#include <stdlib.h>
#include <string.h>

struct store_stream *store_stream_new(struct store *store, const struct store_stream_filter *filter)
{
        struct store_stream *stream = xcalloc(1, sizeof(*stream));

        stream->store = store;
        stream->filter = *filter;
        if (filter->since_ms)
                clock_rfc3339_at(filter->since_ms, stream->since);
        if (filter->until_ms)
                clock_rfc3339_at(filter->until_ms, stream->until);
        return stream;
}

void store_stream_free(struct store_stream **stream)
{
        if (!*stream)
                return;
        for (size_t i = 0; i < (*stream)->len; i++) {
                stream_forget((*stream)->runs[i]);
                free((*stream)->runs[i]->id);
                free((*stream)->runs[i]);
        }
        free((*stream)->runs);
        free((*stream)->heap);
        free(*stream);
        *stream = NULL;
}

/* ---- The heap ---- */

static bool before(const struct store_stream *stream, size_t a, size_t b)
{
        const struct stream_run *x = stream->runs[a], *y = stream->runs[b];
        const int order = strcmp(x->time, y->time);

        return order ? order < 0 : x->no < y->no;
}

static void swap(size_t *a, size_t *b)
{
        const size_t kept = *a;

        *a = *b;
        *b = kept;
}

static void push(struct store_stream *stream, size_t run)
{
        size_t at = stream->heap_len++;

        stream->heap[at] = run;
        stream->runs[run]->queued = true;
        for (; at && before(stream, stream->heap[at], stream->heap[(at - 1) / 2]); at = (at - 1) / 2)
                swap(&stream->heap[at], &stream->heap[(at - 1) / 2]);
}

static void sink(struct store_stream *stream)
{
        for (size_t at = 0;;) {
                size_t least = at;

                for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < stream->heap_len; child++)
                        if (before(stream, stream->heap[child], stream->heap[least]))
                                least = child;
                if (least == at)
                        return;
                swap(&stream->heap[at], &stream->heap[least]);
                at = least;
        }
}

static void pop(struct store_stream *stream)
{
        stream->runs[stream->heap[0]]->queued = false;
        stream->heap[0] = stream->heap[--stream->heap_len];
        sink(stream);
}

/* ---- Runs ---- */

/* Past what is certainly older than wanted, by halves. */
static int skip_old(struct store_stream *stream, struct stream_run *run, struct err *err)
{
        char margin[CLOCK_RFC3339];
        int64_t low = 0, high = run->events; /* the first `low` are too old */

        clock_rfc3339_at(stream->filter.since_ms - DISORDER_MS, margin);
        while (low < high) {
                const int64_t middle = low + (high - low) / 2;
                const int got = stream_load(stream, run, middle + 1, err);

                if (got < 0)
                        return -1;
                if (got && strcmp(run->time, margin) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        run->seen = low;
        stream_forget(run);
        return 0;
}

/* Where a run is not read from its first event on, its chain goes on from the one before. */
static int take_previous(struct store_stream *stream, struct stream_run *run, struct err *err)
{
        snprintf(run->previous, sizeof(run->previous), "%s", STORE_HASH_NONE);
        if (!run->seen)
                return 0;
        if (stream_load(stream, run, run->seen, err) < 0)
                return -1;
        snprintf(run->previous, sizeof(run->previous), "%s", run->hash);
        stream_forget(run);
        return 0;
}

static int begin_run(struct store_stream *stream, struct stream_run *run, struct err *err)
{
        const bool skip = stream->filter.from_now && !stream->begun;

        if (skip)
                run->seen = run->events;
        else if (stream->filter.since_ms && skip_old(stream, run, err) < 0)
                return -1;
        return take_previous(stream, run, err);
}

static void add_run(struct store_stream *stream, struct sqlite3_stmt *stmt)
{
        struct stream_run *run = xcalloc(1, sizeof(*run));

        run->no = db_column_int(stmt, 0);
        run->id = xstrdup(db_column(stmt, 1));
        run->events = db_column_int(stmt, 2);
        snprintf(run->time, sizeof(run->time), "%s", db_column(stmt, 3));
        stream->runs = xgrow(stream->runs, stream->len, sizeof(*stream->runs));
        stream->heap = xgrow(stream->heap, stream->len, sizeof(*stream->heap));
        stream->runs[stream->len++] = run;
}

static int find_new(struct store_stream *stream, struct err *err)
{
        const size_t known = stream->len;
        struct sqlite3_stmt *stmt = db_use(stream->store, SQL_STREAM_RUNS, err);
        int got;

        if (stream->filter.run && known)
                return 0;
        if (!stmt)
                return -1;
        db_int(stmt, 1, known ? stream->runs[known - 1]->no : 0);
        db_text(stmt, 2, stream->filter.run);
        db_text(stmt, 3, stream->filter.item);
        db_text(stmt, 4, stream->filter.mood);
        while ((got = db_step(stream->store, stmt, err)) > 0)
                if (!stream->until[0] || strcmp(db_column(stmt, 3), stream->until) <= 0)
                        add_run(stream, stmt);
        for (size_t i = known; got == 0 && i < stream->len; i++)
                got = begin_run(stream, stream->runs[i], err);
        return got;
}

static int count_run(struct store_stream *stream, struct stream_run *run, struct err *err)
{
        struct sqlite3_stmt *get = db_use(stream->store, SQL_STREAM_RUN, err);
        enum phase phase;
        int got;

        if (!get)
                return -1;
        db_int(get, 1, run->no);
        if ((got = db_step(stream->store, get, err)) <= 0)
                return got;
        run->events = db_column_int(get, 0);
        run->over = phase_from_name(db_column(get, 1), &phase) == 0 && phase_is_terminal(phase);
        db_done(get);
        return 0;
}

/* Those that are over, too: one statement, both lists in the order of `no`. */
static int count_all(struct store_stream *stream, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(stream->store, SQL_STREAM_COUNTS, err);
        size_t at = 0;
        int got;

        if (!stmt)
                return -1;
        while ((got = db_step(stream->store, stmt, err)) > 0 && at < stream->len) {
                if (db_column_int(stmt, 0) != stream->runs[at]->no)
                        continue;
                stream->runs[at++]->events = db_column_int(stmt, 1);
        }
        db_done(stmt);
        stream->looked = clock_ms();
        stream->counted = true;
        return got < 0 ? -1 : 0;
}

static int count_events(struct store_stream *stream, struct err *err)
{
        stream->counted = false;
        if (clock_ms() - stream->looked >= ALL_EVERY_MS && count_all(stream, err) < 0)
                return -1;
        for (size_t i = 0; i < stream->len; i++)
                if (!stream->runs[i]->over && count_run(stream, stream->runs[i], err) < 0)
                        return -1;
        return 0;
}

static int queue_run(struct store_stream *stream, size_t at, struct err *err)
{
        struct stream_run *run = stream->runs[at];
        int got;

        if (run->queued || run->seen >= run->events)
                return 0;
        /* one that has not begun stands at its birth, unread */
        got = run->seen ? stream_load(stream, run, run->seen + 1, err) : 1;
        if (got > 0)
                push(stream, at);
        return got < 0 ? -1 : 0;
}

static int look(struct store_stream *stream, struct err *err)
{
        if (find_new(stream, err) < 0 || count_events(stream, err) < 0)
                return -1;
        stream->begun = true;
        for (size_t i = 0; i < stream->len; i++)
                if (queue_run(stream, i, err) < 0)
                        return -1;
        return 0;
}

/* ---- The stream ---- */

static int give(struct store_stream *stream, struct stream_run *run, store_event_fn *each, void *arg, struct err *err)
{
        _cleanup_str_ struct str json = {0};
        int said = 0;

        run->seen++;
        if (stream_wants(stream, run)) {
                event_put_json(&json, run->body, run->hash, run->previous);
                said = each(&(struct store_event_row){.run = run->id,
                                                      .sequence = run->seen,
                                                      .type = run->type,
                                                      .json = json.data,
                                                      .len = json.len},
                            arg, err);
        }
        memcpy(run->previous, run->hash, sizeof(run->previous));
        stream_forget(run);
        return said;
}

/* The next event of the run in front; it may turn out to be later than others. */
static int step(struct store_stream *stream, store_event_fn *each, void *arg, struct err *err)
{
        const size_t at = stream->heap[0];
        struct stream_run *run = stream->runs[at];
        int said = 0;

        if (!run->body) {
                if (stream_load(stream, run, run->seen + 1, err) < 0)
                        return -1;
                if (!run->body) {
                        pop(stream); /* counted, and not there: cupel events --verify names it */
                        run->seen = run->events;
                        return 0;
                }
                sink(stream);
                return 0;
        }
        said = give(stream, run, each, arg, err);
        if (said < 0)
                return -1;
        pop(stream);
        return queue_run(stream, at, err) < 0 ? -1 : said;
}

int store_stream_read(struct store_stream *stream, store_event_fn *each, void *arg, struct err *err)
{
        int said = 0;

        if (look(stream, err) < 0)
                return -1;
        while (said == 0 && stream->heap_len)
                said = step(stream, each, arg, err);
        return said < 0 ? -1 : 0;
}

int store_stream_again_ms(const struct store_stream *stream)
{
        const uint64_t past = clock_ms() - stream->looked;

        if (stream->counted)
                return -1;
        return past < ALL_EVERY_MS ? (int)(ALL_EVERY_MS - past) : 0;
}
