/* SPDX-License-Identifier: Apache-2.0 */
/* One event of a stream: read by its key, and judged by what its text says where that is certain, without taking it apart. */
#include "lib/store/stream_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/event.h"

#include <stdlib.h>
#include <string.h>

void stream_forget(struct stream_run *run)
{
        free(run->type);
        free(run->body);
        run->type = run->body = NULL;
}

int stream_load(struct store_stream *stream, struct stream_run *run, int64_t sequence, struct err *err)
{
        struct sqlite3_stmt *get = db_use(stream->store, SQL_STREAM_EVENT, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, run->no);
        db_int(get, 2, sequence);
        if ((got = db_step(stream->store, get, err)) <= 0)
                return got;
        stream_forget(run);
        run->type = xstrdup(db_column(get, 0));
        run->body = xstrdup(db_column(get, 1));
        snprintf(run->hash, sizeof(run->hash), "%s", db_column(get, 2));
        event_take_time(run->body, run->time);
        db_done(get);
        return 1;
}

static bool names(const struct json_t *event, const char *ref)
{
        const char *refs = json_text_of(event, "refs");
        const size_t len = strlen(ref);

        if (strcmp(json_text_of(event, "id"), ref) == 0)
                return true;
        while ((refs = strstr(refs, ref))) {
                const bool begins = refs == json_text_of(event, "refs") || refs[-1] == ' ';

                if (begins && (refs[len] == ' ' || refs[len] == '\0'))
                        return true;
                refs += len;
        }
        return false;
}

static bool has_ref(const char *body, const char *ref)
{
        _cleanup_json_ json_t *event = strstr(body, ref) ? json_loads(body, 0, NULL) : NULL;

        return event && names(event, ref);
}

/* {"actor":"…", is how every body begins. */
static bool is_of(const char *body, const char *actor)
{
        static const char mark[] = "{\"actor\":\"";
        const size_t len = strlen(actor);

        return strncmp(body, mark, strlen(mark)) == 0 && strncmp(body + strlen(mark), actor, len) == 0 &&
               body[strlen(mark) + len] == '"';
}

bool stream_wants(const struct store_stream *stream, const struct stream_run *run)
{
        const struct store_stream_filter *filter = &stream->filter;

        return (!filter->type_prefix || !strncmp(run->type, filter->type_prefix, strlen(filter->type_prefix))) &&
               (!filter->actor || is_of(run->body, filter->actor)) &&
               (!stream->since[0] || strcmp(run->time, stream->since) >= 0) &&
               (!stream->until[0] || strcmp(run->time, stream->until) <= 0) &&
               (!filter->ref || has_ref(run->body, filter->ref));
}
