/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a supervised run and its ends; what the two sides say is cli/supervision_messages.c. Never fails to its
 * caller: what goes wrong becomes the run's outcome (supervision_give_up).
 */
#include "cli/supervision_internal.h"

#include "lib/base/clock.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CAGE_GRACE_MS 5000

void run_result_release(struct run_result *result)
{
        json_decref(result->cost);
        free(result->commit);
        free(result->tree);
        strv_release(&result->reasons);
        *result = (struct run_result){0};
}

static void know_secrets(struct supervision *s)
{
        _cleanup_strv_ struct strv names = {0};

        plan_secret_names(&s->launch->plan, &names);
        for (size_t i = 0; i < names.len; i++)
                redact_add(&s->redact, getenv(names.items[i]));
}

void supervision_init(struct supervision *s, struct context *context, struct launch *launch, struct terminal *terminal)
{
        *s = (struct supervision){.context = context,
                                  .launch = launch,
                                  .terminal = terminal,
                                  .director_pid = -1,
                                  .cage_pid = -1,
                                  .egress_pid = -1,
                                  .verdict.outcome = OUTCOME_INTERNAL_ERROR,
                                  .records = json_array()};
        channel_init(&s->director, -1);
        channel_init(&s->runner, -1);
        channel_init(&s->egress, -1);
        know_secrets(s);
        supervision_know_credentials(s);
}

void supervision_release(struct supervision *s)
{
        channel_release(&s->director);
        channel_release(&s->runner);
        channel_release(&s->egress);
        strv_release(&s->refused);
        strv_release(&s->unpriced);
        json_decref(s->records);
        json_decref(s->cost);
        run_result_release(&s->verdict);
        redact_release(&s->redact);
}

void supervision_set_verdict(struct supervision *s, enum outcome outcome, const struct strv *reasons)
{
        run_result_release(&s->verdict);
        s->verdict.outcome = outcome;
        strv_copy(&s->verdict.reasons, reasons);
}

void supervision_move(struct supervision *s, enum phase to)
{
        const struct store_move move = {
                .run = s->launch->run_id, .to = to, .outcome = STORE_OUTCOME_NONE, .actor = EVENT_ACTOR_SYSTEM};
        struct err err = ERR_INIT;
        char text[640];

        if (store_run_move(s->context->store, &move, &err) == 0) {
                terminal_phase(s->terminal, phase_name(to));
                return;
        }
        err_text(&err, text, sizeof(text));
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the store refused the move to %s: %s", phase_name(to), text);
}

/* A peer that is gone is seen as a closed socket, where it is dealt with; a failed send needs nothing here. */
void supervision_send(struct channel *channel, json_t *owned)
{
        struct err err = ERR_INIT;

        if (channel->fd >= 0 && channel_send(channel, owned, NULL, 0, &err) < 0)
                shutdown(channel->fd, SHUT_WR);
        json_decref(owned);
}

static void send_op(struct channel *channel, const char *op)
{
        supervision_send(channel, json_pack("{s:s}", "op", op));
}

/* The caged side is over: the director verifies the candidate, or ends the run. */
static void ask_director(struct supervision *s)
{
        supervision_judge_upstreams(s);
        s->stage = STAGE_DECIDING;
        if (s->verify && !s->stopping) {
                supervision_move(s, PHASE_AWAITING_DIRECTOR);
                if (s->stage == STAGE_DECIDING && s->verify) {
                        send_op(&s->director, "verify");
                        return;
                }
        }
        if (s->stopping && s->verify)
                supervision_set_verdict(s, OUTCOME_CANCELLED, &(struct strv){0});
        supervision_send(&s->director,
                         json_pack("{s:s,s:s,s:o}", "op", "discard", "outcome", outcome_name(s->verdict.outcome),
                                   "reasons", json_from_strv(&s->verdict.reasons)));
}

void supervision_caged_end(struct supervision *s)
{
        if (s->stage == STAGE_CLOSING && s->cage_pid < 0 && !supervision_egress_lingers(s))
                ask_director(s);
}

void supervision_end_cage(struct supervision *s)
{
        s->stage = STAGE_CLOSING;
        s->deadline = s->cage_pid < 0 ? 0 : clock_ms() + CAGE_GRACE_MS;
        supervision_caged_end(s);
}

void supervision_give_up(struct supervision *s, enum outcome outcome, const char *format, ...)
{
        _cleanup_strv_ struct strv reasons = {0};
        char text[1024];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (s->stage == STAGE_ENDED)
                return;
        strv_add(&reasons, text);
        s->verify = false;
        s->told = true;
        s->given_up = true;
        supervision_set_verdict(s, outcome, &reasons);
        if (s->stage == STAGE_DECIDING) {
                send_op(&s->director, "stop");
                return;
        }
        if (s->cage_pid > 0)
                kill(s->cage_pid, SIGKILL);
        supervision_end_cage(s);
}

static int append_records(struct supervision *s, struct err *err)
{
        size_t index;
        json_t *record;

        json_array_foreach(s->records, index, record)
        {
                struct store_event event = {.run = s->launch->run_id,
                                            .type = json_string_value(json_object_get(record, "type")),
                                            .data = json_object_get(record, "data")};

                if (event_actor_from_name(json_string_value(json_object_get(record, "actor")), &event.actor) < 0 ||
                    store_event_append(s->context->store, &event, NULL, err) < 0)
                        return -1;
        }
        return 0;
}

void supervision_note_footprint(struct supervision *s)
{
        json_array_append_new(s->records, json_pack("{s:s, s:s, s:o}", "type", "receipt.context.footprint", "actor",
                                                    "system", "data", launch_footprint(s->launch)));
}

void supervision_flush(struct supervision *s)
{
        struct err err = ERR_INIT;
        char text[640];
        int status = 0;

        if (!json_array_size(s->records))
                return;
        status = store_batch_begin(s->context->store, &err);
        if (status == 0)
                status = append_records(s, &err) == 0 ? store_batch_commit(s->context->store, &err) : -1;
        json_array_clear(s->records);
        if (status == 0)
                return;
        store_batch_abort(s->context->store);
        err_text(&err, text, sizeof(text));
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the log could not be written: %s", text);
}

void supervision_director_closed(struct supervision *s)
{
        if (s->stage == STAGE_ENDED)
                return;
        if (s->cage_pid > 0)
                kill(s->cage_pid, SIGKILL);
        s->stage = STAGE_ENDED;
}

void supervision_runner_closed(struct supervision *s, bool garbage)
{
        if (s->told)
                return;
        if (garbage)
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the runner sent what is no message");
        else if (s->cage_pid < 0)
                supervision_give_up(s, OUTCOME_INTERRUPTED, "the runner ended without a result");
        else
                s->deadline = clock_ms() + CAGE_GRACE_MS; /* its end says why; one that never comes is not waited for */
}

void supervision_cage_exited(struct supervision *s, int wait_status)
{
        s->cage_pid = -1;
        s->deadline = 0;
        if (s->stage == STAGE_CLOSING)
                supervision_caged_end(s);
        else if (!s->told && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 31)
                supervision_give_up(
                        s, OUTCOME_SANDBOX_UNAVAILABLE,
                        "the cage cannot be built here; `cupel doctor` names the layer that is missing and its remedy");
        else if (!s->told)
                supervision_give_up(s, OUTCOME_INTERRUPTED, "the runner ended without a result (%s %d)",
                                    WIFSIGNALED(wait_status) ? "signal" : "exit status",
                                    WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
}

void supervision_signal(struct supervision *s)
{
        bool again = s->stopping;

        s->stopping = true;
        if (s->stage == STAGE_DECIDING) {
                send_op(&s->director, "stop");
        } else if (again || s->stage == STAGE_PREPARING) {
                supervision_give_up(s, OUTCOME_CANCELLED, "cancelled by a signal");
        } else if (s->stage == STAGE_WORKING) {
                send_op(&s->runner, "stop");
                s->deadline = clock_ms() + CAGE_GRACE_MS;
        }
        if (!again)
                terminal_say(s->terminal, "stopping: the run is being discarded");
}

void supervision_tick(struct supervision *s)
{
        terminal_tick(s->terminal);
        if (s->stage == STAGE_WORKING && clock_ms() > s->latest) {
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR,
                                    "the runner gave no result, long after all that it may wait for");
                return;
        }
        if (!s->deadline || clock_ms() < s->deadline)
                return;
        s->deadline = 0;
        if (supervision_egress_late(s))
                return;
        if (!s->told && !s->stopping)
                supervision_give_up(s, OUTCOME_INTERRUPTED, "the runner ended without a result");
        else if (s->stopping)
                supervision_give_up(s, OUTCOME_CANCELLED, "cancelled by a signal");
        else
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the caged side did not end after its result");
}
