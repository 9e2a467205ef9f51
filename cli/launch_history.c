/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier runs on the same item noted, read from the store: whole, as a file of the snapshot, and as the digest that the
 * prompt quotes (policy/history.h). Runs that have not ended are somebody else's at this moment, and those that were blocked
 * never began: the digest leaves both out. Bounded; beyond it the oldest runs are lost.
 */
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "policy/history.h"

#define HISTORY_BYTES_MAX ((size_t)1 << 20)
#define HISTORY_RUNS_MAX 20

struct gathering {
        struct context *context;
        struct str lines;
        struct history digest;
        bool told; /* the run at hand is part of the digest */
};

static void tell_note(struct gathering *gathering, const struct store_event_row *row)
{
        _cleanup_json_ json_t *data = NULL;
        struct store_event_said said;

        store_event_said(row->json, &said);
        if (!history_tells(said.actor) || !said.data)
                return;
        data = json_loadb(said.data, said.len, 0, NULL);
        if (json_is_object(data))
                history_note(&gathering->digest, row->type, said.actor, data);
}

static int add_note(const struct store_event_row *row, void *arg, struct err *err)
{
        struct gathering *gathering = arg;

        (void)err;
        if (gathering->lines.len + row->len >= HISTORY_BYTES_MAX)
                return 1;
        str_append(&gathering->lines, row->json, row->len);
        str_putc(&gathering->lines, '\n');
        if (gathering->told)
                tell_note(gathering, row);
        return 0;
}

static bool has_failed(enum outcome outcome)
{
        return outcome != OUTCOME_COMMITTED && outcome != OUTCOME_OBSERVED && outcome != OUTCOME_HELD &&
               outcome != OUTCOME_CANCELLED;
}

static int add_run(const struct store_run *run, void *arg, struct err *err)
{
        static const char *const types[] = {"note.", "split.", "spec.", "receipt.preference.", NULL};
        const struct store_events_filter notes = {.type_prefixes = types};
        struct gathering *gathering = arg;

        if (gathering->lines.len >= HISTORY_BYTES_MAX)
                return 1;
        gathering->told = run->outcome != STORE_OUTCOME_NONE && run->outcome != OUTCOME_BLOCKED;
        if (gathering->told) {
                _cleanup_json_ json_t *reasons = has_failed(run->outcome) ? json_loads(run->reasons, 0, NULL) : NULL;

                history_run(&gathering->digest, run->created, outcome_name(run->outcome), reasons);
        }
        return store_events_each(gathering->context->store, run->id, &notes, add_note, gathering, err);
}

int launch_add_history(struct launch *launch, struct context *context, struct err *err)
{
        struct gathering gathering = {.context = context};
        const struct store_runs_filter same = {.item = launch_item_id(launch), .limit = HISTORY_RUNS_MAX};
        int status = context->store ? store_runs_each(context->store, &same, add_run, &gathering, err) : 0;

        if (status >= 0) {
                launch_add_file(launch, "history.jsonl", "store", str_text(&gathering.lines), gathering.lines.len);
                history_end(&gathering.digest, &launch->history);
        }
        str_release(&gathering.lines);
        history_release(&gathering.digest);
        return status < 0 ? -1 : 0;
}
