/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packets_keep.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/failure.h"
#include "lib/store/queue.h"
#include "lib/store/request.h"

#include <string.h>

struct gathering {
        const struct packets_keep *keep;
        json_t *kept;      /* {RUN: why} */
        json_t *explained; /* {SIGNATURE: true} */
        json_t *seen;      /* {SIGNATURE: true}: its newest packet is known */
};

static void add(struct gathering *gathering, const char *run, const char *why)
{
        if (run[0] && !json_object_get(gathering->kept, run))
                json_object_set_new(gathering->kept, run, json_string(why));
}

static int take_request(const struct store_request *request, void *arg, struct err *err)
{
        (void)err;
        add(arg, request->run, "it asks something");
        return 0;
}

static int take_item(const struct store_queued *item, void *arg, struct err *err)
{
        (void)err;
        add(arg, item->last_run, "the queue goes on from it");
        return 0;
}

static int take_resume(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);

        if (!event)
                return -1;
        add(arg, json_text_of(json_object_get(event, "data"), "run"), "a run was resumed from it");
        return 0;
}

static int take_open(const struct store_run *run, void *arg, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "receipt.resume"};
        struct gathering *gathering = arg;

        return store_events_each(gathering->keep->store, run->id, &filter, take_resume, gathering, err);
}

static int resumed(struct gathering *gathering, struct err *err)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN}, held = {.which = STORE_RUNS_HELD};

        if (store_runs_each(gathering->keep->store, &open, take_open, gathering, err) < 0)
                return -1;
        return store_runs_each(gathering->keep->store, &held, take_open, gathering, err);
}

static bool explains_itself(const struct store_failure *failure)
{
        return !blocker_is_failure(failure->outcome) || failure->blocker == BLOCKER_PERSON ||
               failure->blocker == BLOCKER_STOP;
}

static int take_explained(const struct store_failure *failure, void *arg, struct err *err)
{
        const struct gathering *gathering = arg;

        (void)err;
        if (failure->operator_said[0])
                json_object_set_new(gathering->explained, failure->signature, json_true());
        return 0;
}

static bool is_last_of_item(struct store *store, const struct store_failure *failure)
{
        struct store_item item = {.last_run = ""};
        struct err gone = ERR_INIT;

        return store_item_get(store, failure->item, &item, &gone) == 0 && strcmp(item.last_run, failure->run) == 0;
}

/* Newest first. */
static int take_failure(const struct store_failure *failure, void *arg, struct err *err)
{
        struct gathering *gathering = arg;
        const struct packets_keep *keep = gathering->keep;

        (void)err;
        if (failure->outcome == OUTCOME_INTERRUPTED && keep->has_packet(keep->data, failure->run, true) &&
            is_last_of_item(keep->store, failure))
                add(gathering, failure->run, "it can be resumed");
        if (explains_itself(failure) || json_object_get(gathering->explained, failure->signature) ||
            json_object_get(gathering->seen, failure->signature) || !keep->has_packet(keep->data, failure->run, false))
                return 0;
        json_object_set_new(gathering->seen, failure->signature, json_true());
        add(gathering, failure->run, "the last packet of an unexplained failure");
        return 0;
}

static int unexplained(struct gathering *gathering, struct err *err)
{
        const struct store_failures_filter all = {0};

        if (store_failures_each(gathering->keep->store, &all, take_explained, gathering, err) < 0)
                return -1;
        return store_failures_each(gathering->keep->store, &all, take_failure, gathering, err);
}

struct json_t *packets_keep(const struct packets_keep *keep, struct err *err)
{
        _cleanup_json_ json_t *explained = json_object(), *seen = json_object(), *kept = json_object();
        struct gathering gathering = {.keep = keep, .kept = kept, .explained = explained, .seen = seen};
        const struct store_requests_filter open = {.all = false};

        if (store_requests_each(keep->store, &open, take_request, &gathering, err) < 0 ||
            store_queue_each(keep->store, false, take_item, &gathering, err) < 0 || resumed(&gathering, err) < 0 ||
            unexplained(&gathering, err) < 0)
                return NULL;
        return json_incref(kept);
}
