/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a supervised run and its ends; what the two sides say is cli/supervision_messages.c. Never fails to its
 * caller: what goes wrong becomes the run's outcome (supervision_give_up).
 */
#include "cli/supervision_internal.h"

#include "cli/launch_resume.h"
#include "cli/recover.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CAGE_GRACE_MS 5000

void run_result_release(struct run_result *result)
{
        json_decref(result->cost);
        json_decref(result->next);
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
        record_refs_release(&s->refs);
        free(s->pending.notes);
        str_release(&s->pending.text);
        json_decref(s->cost);
        run_result_release(&s->verdict);
        redact_release(&s->redact);
        checkpoint_keep_release(&s->keep);
}

void supervision_set_verdict(struct supervision *s, enum outcome outcome, const struct strv *reasons)
{
        run_result_release(&s->verdict);
        s->verdict.outcome = outcome;
        strv_copy(&s->verdict.reasons, reasons);
}

/* One after the other where both at once failed: the records stay, and the move says why it could not be. */
static void move_with(struct supervision *s, enum phase to, const struct store_event *event)
{
        const struct store_move move = {.run = s->launch->run_id,
                                        .to = to,
                                        .outcome = STORE_OUTCOME_NONE,
                                        .actor = EVENT_ACTOR_SYSTEM,
                                        .events = event,
                                        .events_len = event ? 1 : 0};
        bool moved = supervision_has_records(s) && supervision_flush_with(s, &move);
        struct err err = ERR_INIT;
        char text[640];

        if (!moved)
                supervision_flush(s);
        if (moved || store_run_move(s->context->store, &move, &err) == 0) {
                terminal_phase(s->terminal, phase_name(to));
                return;
        }
        err_text(&err, text, sizeof(text));
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the store refused the move to %s: %s", phase_name(to), text);
}

void supervision_move(struct supervision *s, enum phase to)
{
        move_with(s, to, NULL);
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

#define PROCESSES_TYPE "receipt.processes"

/* All of the caged side is reaped by now. With the move, so that it costs no transaction of its own. */
static void move_to_director(struct supervision *s)
{
        _cleanup_json_ json_t *data = processes_json(&s->processes);
        const struct store_event event = {.type = PROCESSES_TYPE, .actor = EVENT_ACTOR_SYSTEM, .data = data};

        move_with(s, PHASE_AWAITING_DIRECTOR, data ? &event : NULL);
}

static void tell_processes(struct supervision *s)
{
        json_t *data = processes_json(&s->processes);

        if (!data)
                return;
        json_array_append_new(s->records,
                              json_pack("{s:s, s:s, s:o}", "type", PROCESSES_TYPE, "actor", "system", "data", data));
        supervision_flush(s);
}

/* A run that was blocked while it worked names what its item waits for, as one that was blocked before does. */
static json_t *discard_message(const struct supervision *s)
{
        json_t *message = json_pack("{s:s,s:s,s:o}", "op", "discard", "outcome", outcome_name(s->verdict.outcome),
                                    "reasons", json_from_strv(&s->verdict.reasons));

        if (s->verdict.outcome == OUTCOME_BLOCKED && s->launch->waits.len)
                json_object_set_new(message, "waits_for", json_from_strv(&s->launch->waits));
        return message;
}

/* The caged side is over: the director verifies the candidate, or ends the run. */
static void ask_director(struct supervision *s)
{
        supervision_flush(s);
        if (s->stage != STAGE_CLOSING)
                return; /* that failed, and was told to the director already */
        supervision_judge_upstreams(s);
        s->stage = STAGE_DECIDING;
        if (s->verify && !s->stopping) {
                move_to_director(s);
                if (s->stage == STAGE_DECIDING && s->verify) {
                        send_op(&s->director, "verify");
                        if (s->turn == DIRECTOR_WAITS)
                                s->turn = DIRECTOR_DECIDES;
                        return;
                }
        }
        tell_processes(s);
        if (s->stopping && s->verify)
                supervision_set_verdict(s, OUTCOME_CANCELLED, &(struct strv){0});
        supervision_send(&s->director, discard_message(s));
}

void supervision_caged_end(struct supervision *s)
{
        if (s->stage == STAGE_CLOSING && s->cage_pid < 0 && s->keeping == KEEPING_NONE &&
            !supervision_egress_lingers(s))
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

void supervision_note_footprint(struct supervision *s)
{
        json_array_append_new(s->records, json_pack("{s:s, s:s, s:o}", "type", "receipt.preconditions", "actor",
                                                    "system", "data", launch_receipt(s->launch)));
        json_array_append_new(s->records, json_pack("{s:s, s:s, s:o}", "type", "receipt.plan", "actor", "system",
                                                    "data", launch_plan_receipt(s->launch)));
        json_array_append_new(s->records, json_pack("{s:s, s:s, s:o}", "type", "receipt.context.footprint", "actor",
                                                    "system", "data", launch_footprint(s->launch)));
}

void supervision_director_closed(struct supervision *s)
{
        if (s->stage == STAGE_ENDED)
                return;
        if (s->cage_pid > 0)
                kill(s->cage_pid, SIGKILL);
        s->stage = STAGE_ENDED;
}

/* Our own programs keep to what they may send: who does not was taken over. Written with the burst that it came in. */
void supervision_note_attack(struct supervision *s, const char *who, const char *what)
{
        json_array_append_new(s->records,
                              json_pack("{s:s, s:s, s:{s:[{s:s, s:o, s:s, s:o, s:i}]}}", "type",
                                        "receipt.attack.report", "actor", "system", "data", "items", "kind", "channel",
                                        "what", json_sprintf("%s sent what it may not send", who), "answer",
                                        "the run was ended", "why", json_quoted(what), "times", 1));
}

void supervision_runner_closed(struct supervision *s, int how)
{
        if (s->told)
                return;
        if (how == SUPERVISION_DEAF) {
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "receiving from the runner failed");
        } else if (how == SUPERVISION_GARBAGE) {
                s->distrusted = true;
                supervision_note_attack(s, "the runner", "it is no message");
                supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the runner sent what is no message");
        } else if (s->cage_pid < 0)
                supervision_give_up(s, OUTCOME_INTERRUPTED, "the runner ended without a result");
        else
                s->deadline = clock_ms() + CAGE_GRACE_MS; /* its end says why; one that never comes is not waited for */
}

void supervision_await_runner(const struct supervision *s)
{
        struct pollfd end = {.fd = s->runner.fd}; /* no event: only the end of its side counts */

        poll(&end, 1, CAGE_GRACE_MS);
}

void supervision_lost_cage(struct supervision *s, int wait_status, const char *cage, const char *how, const char *so)
{
        if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == outcome_exit_status(OUTCOME_SANDBOX_UNAVAILABLE))
                supervision_give_up(
                        s, OUTCOME_SANDBOX_UNAVAILABLE,
                        "%s cannot be built here; `cupel doctor` names the layer that is missing and its remedy", cage);
        else
                supervision_give_up(s, OUTCOME_INTERRUPTED, "%s (%s %d)%s", how,
                                    WIFSIGNALED(wait_status) ? "signal" : "exit status",
                                    WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status), so);
}

void supervision_cage_exited(struct supervision *s, int wait_status)
{
        s->cage_pid = -1;
        s->deadline = 0;
        if (s->stage == STAGE_CLOSING)
                supervision_caged_end(s);
        else if (!s->told)
                supervision_lost_cage(s, wait_status, "the cage", "the runner ended without a result", "");
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

/* The item that a resumed run took from the queue stays its own for as long as somebody supervises it. */
static void renew_claim(struct supervision *s)
{
        struct store_claim claim = {.owner = owner_self(), .until = clock_ms() + RESUME_LEASE_MS};
        struct err ignored = ERR_INIT; /* a lease that could not be renewed is tried again with the next tick */

        if (!s->launch->resume || !s->launch->resume->from_queue || clock_ms() < s->renew_at)
                return;
        if (store_queue_renew(s->context->store, &claim, &ignored) == 0)
                s->renew_at = clock_ms() + RESUME_LEASE_MS / 4;
}

void supervision_tick(struct supervision *s)
{
        terminal_tick(s->terminal);
        renew_claim(s);
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
