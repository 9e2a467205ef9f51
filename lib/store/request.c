/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/request.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/event.h"
#include "lib/store/queue_internal.h"
#include "lib/store/rows.h"
#include "lib/store/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void store_request_release(struct store_request *request)
{
        free(request->memory_);
        *request = (struct store_request){0};
}

/* ---- reading ---- */

static int read_row(struct sqlite3_stmt *stmt, void *ret, struct err *err)
{
        static const size_t texts[] = {offsetof(struct store_request, run),   offsetof(struct store_request, item),
                                       offsetof(struct store_request, title), offsetof(struct store_request, type),
                                       offsetof(struct store_request, json),  offsetof(struct store_request, decision)};
        const size_t count = sizeof(texts) / sizeof(texts[0]);
        struct store_request *request = ret;

        (void)err;
        *request = (struct store_request){.sequence = db_column_int(stmt, (int)count + 1)};
        snprintf(request->id, sizeof(request->id), "%lld.%lld", (long long)db_column_int(stmt, (int)count),
                 (long long)request->sequence);
        request->memory_ = db_copy_texts(stmt, texts, count, request);
        return 0;
}

struct request_call {
        store_request_fn *each;
        void *arg;
};

static void release_row(void *row)
{
        store_request_release(row);
}

static int say_row(const void *row, const void *call, struct err *err)
{
        const struct request_call *to = call;

        return to->each(row, to->arg, err);
}

int store_requests_each(struct store *store, const struct store_requests_filter *filter, store_request_fn *each,
                        void *arg, struct err *err)
{
        static const struct row_kind kind = {sizeof(struct store_request), read_row, release_row};
        const struct request_call call = {each, arg};
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_REQUESTS, err);

        if (!stmt)
                return -1;
        db_int(stmt, 1, filter->all);
        db_text(stmt, 2, filter->run);
        db_int(stmt, 3, filter->limit > 0 ? filter->limit : -1);
        return rows_each(store, stmt, &kind, say_row, &call, err);
}

static int no_such(const char *id, struct err *err)
{
        return err_set(err, ERR_NOT_FOUND, "there is no request \"%.64s\" (`cupel requests` lists them)", id);
}

/* "17.9", whole numbers from 1. */
static int parse_id(const char *id, int64_t ret_numbers[2], struct err *err)
{
        const char *at = id;

        for (int i = 0; i < 2; i++) {
                char *end = NULL;

                errno = 0;
                ret_numbers[i] = *at >= '1' && *at <= '9' ? strtoll(at, &end, 10) : 0;
                if (!ret_numbers[i] || errno || *end != (i ? '\0' : '.'))
                        return no_such(id, err);
                at = end + 1;
        }
        return 0;
}

int store_request_get(struct store *store, const char *id, struct store_request *ret, struct err *err)
{
        struct sqlite3_stmt *get;
        int64_t numbers[2] = {0};
        int got;

        if (parse_id(id, numbers, err) < 0 || !(get = db_use(store, SQL_REQUEST_GET, err)))
                return -1;
        db_int(get, 1, numbers[0]);
        db_int(get, 2, numbers[1]);
        if ((got = db_step(store, get, err)) == 1)
                read_row(get, ret, err);
        db_done(get);
        return got == 0 ? no_such(id, err) : got < 0 ? -1 : 0;
}

/* ---- deciding ---- */

static json_t *data_of(const char *body)
{
        _cleanup_json_ json_t *event = json_loads(body, 0, NULL);

        return json_incref(json_object_get(event, "data"));
}

static int check_open(const struct store_request *request, struct err *err)
{
        _cleanup_json_ json_t *data = data_of(request->decision);
        const char *by = json_string_value(json_object_get(data, "by"));
        const char *decision = json_string_value(json_object_get(data, "decision"));

        if (!request->decision[0])
                return 0;
        return err_set(err, ERR_CONFLICT, "request %s was %s already, by %s", request->id,
                       decision ? decision : "decided", by ? by : "somebody");
}

static int write_decision(struct store *store, const struct store_request *request,
                          const struct store_decision *decision, struct err *err)
{
        _cleanup_json_ json_t *asked = data_of(request->json);
        const char *question = json_string_value(json_object_get(asked, "question"));
        const char *claim = json_string_value(json_object_get(asked, "claim"));
        const char *about = question ? question : claim ? claim : request->type;
        _cleanup_json_ json_t *data = json_pack("{s:o, s:o, s:o, s:s, s:s}", "question", json_quoted(about), "answer",
                                                json_quoted(decision->answer), "by", json_quoted(decision->by),
                                                "request", request->id, "decision", decision->decision);
        const struct store_event event = {
                .type = "receipt.preference.decision", .actor = EVENT_ACTOR_USER, .data = data};

        if (decision->reason)
                json_object_set_new(data, "reason", json_quoted(decision->reason));
        return cursor_load(store, request->run, err) < 0 ? -1 : event_write(store, &event, NULL, err);
}

static int count_open(struct store *store, const char *run, int64_t *ret, struct err *err)
{
        struct sqlite3_stmt *count = db_use_run(store, SQL_REQUESTS_OPEN, run, err);

        if (!count)
                return -1;
        *ret = db_column_int(count, 0);
        db_done(count);
        return 0;
}

/* The answer to the question that decides; where none was asked, it goes on. */
static int goes_on(struct store *store, const char *run, const struct store_decision *decision, bool *ret,
                   struct err *err)
{
        struct sqlite3_stmt *said;
        _cleanup_json_ json_t *data = NULL;
        const char *answer;
        const int got = db_find(store, SQL_REQUEST_SAID, run, &said, err);

        if (got < 0)
                return -1;
        if (got > 0)
                data = data_of(db_column(said, 0));
        db_done(said);
        answer = json_string_value(json_object_get(data, "answer"));
        *ret = !answer || !decision->goes_on || decision->goes_on(answer);
        return 0;
}

static int close_held(struct store *store, const struct store_run *run, const struct store_decision *decision,
                      struct store_decided *ret, bool *ret_moved, struct err *err)
{
        const struct store_next next = {.what = ret->dropped ? NEXT_DROP : NEXT_RETRY,
                                        .mood = decision->mood,
                                        .reason = ret->dropped ? "a person decided that it is dropped"
                                                               : "a person has answered"};
        _cleanup_json_ json_t *reasons =
                json_pack("[o]", json_sprintf("%s by %s", ret->dropped ? "dropped" : "answered", decision->by));
        const struct store_move move = {.run = run->id,
                                        .to = PHASE_DISCARDED,
                                        .outcome = ret->dropped ? OUTCOME_REJECTED : OUTCOME_OBSERVED,
                                        .expect_from = true,
                                        .from = PHASE_HELD,
                                        .actor = EVENT_ACTOR_SYSTEM,
                                        .reasons = reasons,
                                        .next = &next};

        ret->closed = true;
        return run_move(store, &move, ret_moved, err);
}

/* The item that the end of a failure plan asks about. */
static int resume_item(struct store *store, const struct store_run *run, struct store_decided *ret, bool *ret_moved,
                       struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        const struct queue_change change = {.state = ret->dropped ? STORE_ITEM_DROPPED : STORE_ITEM_QUEUED,
                                            .reason = ret->dropped ? "a person decided that it is dropped"
                                                                   : "a person has answered",
                                            .waits_for = "",
                                            .mood = ""};
        int got = queue_find(store, run->item, &row, err);

        if (got <= 0 || row.state != STORE_ITEM_ASKED || !run->claim_epoch || row.epoch != run->claim_epoch) {
                ret->dropped = false;
                return got < 0 ? -1 : 0;
        }
        ret->resumed = !ret->dropped;
        *ret_moved = true;
        return queue_write(store, &row, &change, err);
}

/* The last answer has consequences. */
static int follow(struct store *store, const struct store_request *request, const struct store_decision *decision,
                  struct store_decided *ret, bool *ret_moved, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        bool on = true;

        if (count_open(store, request->run, &ret->left, err) < 0)
                return -1;
        if (ret->left || strcmp(request->type, "note.request.help") != 0)
                return 0;
        if (store_run_get(store, request->run, &run, err) < 0 || goes_on(store, run.id, decision, &on, err) < 0)
                return -1;
        ret->dropped = !on;
        if (run.phase == PHASE_HELD && !run.tree[0]) {
                ret->resumed = on && run.claim_epoch;
                return close_held(store, &run, decision, ret, ret_moved, err);
        }
        return resume_item(store, &run, ret, ret_moved, err);
}

int store_request_decide(struct store *store, const struct store_decision *decision, struct store_decided *ret,
                         struct err *err)
{
        _cleanup_store_request_ struct store_request request = {0};
        struct store_decided decided = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        bool moved = false;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 ||
            store_request_get(store, decision->request, &request, err) < 0 || check_open(&request, err) < 0 ||
            write_decision(store, &request, decision, err) < 0 ||
            follow(store, &request, decision, &decided, &moved, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        if (moved)
                store_queue_wake(store);
        *ret = decided;
        return 0;
}
