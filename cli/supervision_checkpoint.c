/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints, from the supervisor's side: a person's wish goes to the runner, what the runner has staged is kept on a thread
 * (cli/checkpoint_keep.h), and the event that makes it count is written when it is durable. One that fails is told, and the run
 * goes on.
 */
#include "cli/supervision_internal.h"

#include "cli/launch_resume.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/queue.h"
#include "lib/store/store.h"
#include "policy/scrub.h"

#include <stdlib.h>
#include <string.h>

#define FAILURES_TOLD 100

/* ---- Those that fail ---- */

/* Each wish of a person is answered; whose a failure is, the caged side says. */
static bool may_tell(struct supervision *s, const char *by)
{
        if (strcmp(by, "user") == 0 && s->keep_asked > 0) {
                s->keep_asked--;
                return true;
        }
        return s->keep_failures++ < FAILURES_TOLD;
}

/* `cupel checkpoint` looks for this beside checkpoint.created. What could not be kept is named, and its name may be a secret. */
static void tell_failure(struct supervision *s, const char *by, const char *why)
{
        json_t *data;

        if (!may_tell(s, by))
                return;
        data = json_pack("{s:o, s:{s:s, s:s, s:o}}", "text", json_sprintf("no checkpoint: %.400s", why), "extra",
                         "checkpoint", "failed", "by", by, "why", json_quoted(why));
        redact_json(&s->redact, data);
        s->redact.count += scrub_json(data);
        json_array_append_new(s->records,
                              json_pack("{s:s, s:s, s:o}", "type", "note.status", "actor", "runner", "data", data));
        supervision_flush(s);
}

static void say_kept(struct supervision *s, int64_t step, const char *error)
{
        supervision_send(&s->runner,
                         json_pack("{s:s, s:I, s:s*}", "op", "kept", "step", (json_int_t)step, "error", error));
}

/* Somebody took the item out of the queue; by now it may be there again, for others. A held run's item is not claimed. */
static bool claim_is_over(const struct supervision *s)
{
        _cleanup_store_run_ struct store_run run = {0};
        _cleanup_store_queued_ struct store_queued item = {0};
        struct err err = ERR_INIT;

        return store_run_get(s->context->store, s->launch->run_id, &run, &err) == 0 && run.claim_epoch &&
               !phase_is_terminal(run.phase) && run.phase != PHASE_HELD &&
               store_queue_claimed(s->context->store, run.item, run.claim_epoch, &item, &err) < 0 &&
               err.code == ERR_LOST;
}

/* A run without its claim cannot land any more. */
void supervision_wish(struct supervision *s)
{
        if (claim_is_over(s)) {
                supervision_signal(s);
                return;
        }
        s->keep_asked++;
        if (s->stage == STAGE_WORKING && s->runner.fd >= 0 && !s->told)
                supervision_send(&s->runner, json_pack("{s:s}", "op", "checkpoint"));
        else
                tell_failure(s, "user", "the agent is not at work: there is nothing to keep");
}

struct json_t *supervision_resumed(const struct supervision *s)
{
        const struct launch_resume *resume = s->launch->resume;

        return resume ? json_sprintf("%s@%lld", resume->run, (long long)resume->step) : NULL;
}

/* ---- Where the log is ---- */

struct position {
        int64_t sequence;
        char hash[HASH_HEX];
};

static int take_position(const struct store_event_row *row, void *arg, struct err *err)
{
        struct position *position = arg;
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        const char *hash = event ? json_text_of(event, "hash") : "";

        if (!event)
                return -1;
        if (strlen(hash) != HASH_HEX - 1)
                return err_set(err, ERR_STORE, "event %lld has no hash", (long long)row->sequence);
        position->sequence = row->sequence;
        memcpy(position->hash, hash, HASH_HEX);
        return 0;
}

/* What the runner said before it is in the log, too. */
static int find_position(struct supervision *s, struct position *ret, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct store_events_filter filter = {.limit = 1};

        supervision_flush(s);
        if (store_run_get(s->context->store, s->launch->run_id, &run, err) < 0)
                return -1;
        filter.from = run.events;
        return store_events_each(s->context->store, run.id, &filter, take_position, ret, err);
}

/* ---- Those that are kept ---- */

static bool is_id(const char *text)
{
        return strlen(text) == GIT_HEX - 1 && strspn(text, "0123456789abcdef") == GIT_HEX - 1;
}

static bool is_asker(const char *by)
{
        return strcmp(by, "timer") == 0 || strcmp(by, "agent") == 0 || strcmp(by, "user") == 0;
}

static int check(const struct supervision *s, const struct checkpoint_keep *staged, struct err *err)
{
        if (s->keeping != KEEPING_NONE || staged->step != s->kept + 1)
                return err_set(err, ERR_INPUT, "checkpoint: step %lld is not the next", (long long)staged->step);
        if (!staged->tree || !is_id(staged->tree) || (staged->state && !is_id(staged->state)) || !is_asker(staged->by))
                return err_set(err, ERR_INPUT, "checkpoint: no tree, or nobody who asked");
        if (staged->files < 0 || staged->bytes < 0 || staged->paused_ms < 0)
                return err_set(err, ERR_INPUT, "checkpoint: less than nothing");
        return 0;
}

static void begin(struct supervision *s, const struct checkpoint_keep *staged)
{
        struct position position = {0};
        struct err err = ERR_INIT;
        char text[512];

        if (find_position(s, &position, &err) < 0) {
                err_text(&err, text, sizeof(text));
                tell_failure(s, staged->by, text);
                say_kept(s, staged->step, text);
                return;
        }
        checkpoint_keep_release(&s->keep);
        s->keep = (struct checkpoint_keep){.run = xstrdup(s->launch->run_id),
                                           .run_folder = xstrdup(s->launch->run_folder),
                                           .base = xstrdup(s->launch->base),
                                           .identity = xstrdup(s->launch->identity),
                                           .snapshot = xstrdup(s->launch->snapshot),
                                           .by = xstrdup(staged->by),
                                           .tree = xstrdup(staged->tree),
                                           .state = staged->state ? xstrdup(staged->state) : NULL,
                                           .state_path = xstrdup(s->launch->plan.checkpoint.state),
                                           .step = staged->step,
                                           .sequence = position.sequence,
                                           .files = staged->files,
                                           .bytes = staged->bytes,
                                           .paused_ms = staged->paused_ms,
                                           .state_bytes = s->launch->plan.checkpoint.state_bytes};
        memcpy(s->keep.log_hash, position.hash, HASH_HEX);
        s->keeping = KEEPING_WANTED;
}

int supervision_on_checkpoint(struct supervision *s, struct json_t *message, struct err *err)
{
        const char *event, *by = "", *tree = NULL, *state = NULL, *error = NULL;
        struct checkpoint_keep staged = {0};
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"by", JSON_FIELD_STRING, &by, true},
                                            {"step", JSON_FIELD_INT, &staged.step, false},
                                            {"tree", JSON_FIELD_STRING, &tree, false},
                                            {"state", JSON_FIELD_STRING, &state, false},
                                            {"files", JSON_FIELD_INT, &staged.files, false},
                                            {"bytes", JSON_FIELD_INT, &staged.bytes, false},
                                            {"paused_ms", JSON_FIELD_INT, &staged.paused_ms, false},
                                            {"error", JSON_FIELD_STRING, &error, false},
                                            {0}};

        if (json_fields(message, "checkpoint", fields, err) < 0)
                return -1;
        if (error && is_asker(by)) {
                tell_failure(s, by, error);
                return 0;
        }
        /* borrowed from the message: begin() copies */
        staged.by = (char *)by;
        staged.tree = (char *)tree;
        staged.state = (char *)state;
        if (check(s, &staged, err) < 0)
                return -1;
        begin(s, &staged);
        return 0;
}

int supervision_keep(struct supervision *s, struct err *err)
{
        return checkpoint_keep(&s->keep, err);
}

static int append(struct supervision *s, struct err *err)
{
        const struct checkpoint_keep *keep = &s->keep;
        _cleanup_json_ json_t *data = json_pack(
                "{s:I, s:s, s:s, s:s, s:s*, s:I, s:I, s:I}", "step", (json_int_t)keep->step, "tree", keep->tree, "by",
                keep->by, "sha256", keep->sha256, "state", keep->state, "files", (json_int_t)keep->files, "bytes",
                (json_int_t)keep->bytes, "paused_ms", (json_int_t)keep->paused_ms);
        const struct store_event event = {
                .run = s->launch->run_id, .type = "checkpoint.created", .actor = EVENT_ACTOR_SYSTEM, .data = data};

        supervision_flush(s);
        return store_event_append(s->context->store, &event, NULL, err);
}

void supervision_kept(struct supervision *s, const struct err *failed)
{
        struct err err = *failed;
        const int64_t step = s->keep.step;
        char text[512];

        s->keeping = KEEPING_NONE;
        if (err.code == ERR_OK && append(s, &err) == 0) {
                s->kept = step;
                checkpoint_prune(s->launch->run_folder, s->launch->plan.checkpoint.keep);
                terminal_say(s->terminal, "checkpoint %lld", (long long)step);
                say_kept(s, step, NULL);
        } else {
                err_text(&err, text, sizeof(text));
                tell_failure(s, s->keep.by, text);
                say_kept(s, step, text);
        }
        supervision_caged_end(s);
}
