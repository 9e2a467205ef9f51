/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of the state machine: dispatch, moves and the end. What the states do is in state_work.c (waiting, preparing,
 * working) and state_verify.c (freezing, reading, verifying).
 *
 * Every way out leads through finish(), once: reasons, the layers that were really in force, and the outcome.
 */
#include "runner/machine.h"
#include "runner/attempts.h"
#include "runner/loop.h"
#include "runner/reason.h"

#include "lib/base/json.h"
#include "policy/scrub.h"

#include <string.h>
#include <sys/resource.h>

static const struct {
        int (*enter)(struct runner *runner, struct err *err);
        int (*on)(struct runner *runner, const struct runner_event *event, struct err *err);
} states[RUNNER_STATE_COUNT] = {
        [RUNNER_STATE_WAITING] = {waiting_enter, waiting_on},
        [RUNNER_STATE_PREPARING] = {preparing_enter, preparing_on},
        [RUNNER_STATE_WORKING] = {working_enter, working_on},
        [RUNNER_STATE_FREEZING] = {freezing_enter, freezing_on},
        [RUNNER_STATE_READING] = {reading_enter, reading_on},
        [RUNNER_STATE_VERIFYING] = {verifying_enter, verifying_on},
};

int machine_move(struct runner *runner, enum runner_state next, struct err *err)
{
        if (state_move(&runner->state, next, err) < 0)
                return -1;
        return states[next].enter ? states[next].enter(runner, err) : 0;
}

int machine_tick(struct runner *runner, const struct runner_event *event, struct err *err)
{
        if (!state_accepts(runner->state, event->type))
                return err_set(err, ERR_INTERNAL, "\"%s\" arrived while %s", runner_event_name(event->type),
                               state_name(runner->state));
        return states[runner->state].on(runner, event, err);
}

void say_phase(struct runner *runner, const char *phase)
{
        uplink_put(&runner->up, json_pack("{s:s, s:s}", "event", "phase", "to", phase));
}

void say_step(struct runner *runner, const char *name, const char *gate, const char *result, uint64_t ms)
{
        json_t *message = json_pack("{s:s, s:s, s:s, s:s}", "event", "step", "name", name, "gate", gate, "state",
                                    result ? "end" : "start");

        if (result) {
                json_object_set_new(message, "result", json_string(result));
                json_object_set_new(message, "ms", json_integer((json_int_t)ms));
        }
        uplink_put(&runner->up, message);
}

void say_record(struct runner *runner, const char *type, struct json_t *data)
{
        event_fit(data);
        uplink_put_record(&runner->up, type, EVENT_ACTOR_RUNNER, data);
        json_decref(data);
}

int scrub_log(struct runner *runner, struct err *err)
{
        uint64_t hidden = 0;

        if (runner->log_fd < 0)
                return 0;
        if (scrub_file(runner->log_fd, &hidden, err) < 0)
                return -1;
        runner->scrubbed += hidden;
        return 0;
}

void say_limits(struct runner *runner, const char *step, const struct sandbox_result *result)
{
        struct sandbox_result told = *result;

        told.redacted += runner->scrubbed;
        runner->scrubbed = 0;
        say_record(runner, "receipt.limits", sandbox_result_receipt(step, &told));
        attempts_say_killed(runner, step, result);
}

/* What stood between the agent and the host, by name: only what the helper reported. */
static json_t *layers_in_force(const struct runner *runner)
{
        static const char *const uppers[] = {[SANDBOX_UPPER_AUTO] = "upper",
                                             [SANDBOX_UPPER_TMPFS] = "tmpfs upper",
                                             [SANDBOX_UPPER_DISK] = "disk upper"};
        json_t *list = json_array();

        if (!runner->ready)
                return list;
        if (runner->sandbox.tier <= SANDBOX_TIER_C)
                json_array_append_new(list, json_string("namespaces"));
        else
                json_array_append_new(list, json_string("weaker: no namespaces, no cage but Landlock"));
        json_array_append_new(list, json_string("seccomp"));
        if (runner->sandbox.landlock_abi)
                json_array_append_new(list, json_sprintf("landlock abi %u", runner->sandbox.landlock_abi));
        json_array_append_new(list, json_string(runner->sandbox.worktree));
        json_array_append_new(list, json_string(uppers[runner->sandbox.upper]));
        return list;
}

static struct json_t *sandbox_told(const struct runner *runner)
{
        return json_pack("{s:s, s:o}", "tier", runner->ready ? sandbox_tier_name(runner->sandbox.tier) : "none",
                         "layers", layers_in_force(runner));
}

/* The packet names what the command ran in, however the run ended. */
void machine_say_results(struct runner *runner)
{
        json_t *results = runner->results ? json_copy(runner->results) : json_array();

        if (runner->said_results || !runner->ready)
                json_decref(results);
        else
                say_record(runner, "receipt.verifier.results",
                           json_pack("{s:s, s:o, s:o}", "plan_id", runner->plan_id, "results", results, "sandbox",
                                     sandbox_told(runner)));
        runner->said_results = true;
}

/* Of this process; what it left to others their own receipts tell. */
static json_t *own_usage(void)
{
        struct rusage use = {0};

        (void)getrusage(RUSAGE_SELF, &use);
        return json_pack("{s:I, s:I}", "cpu_ms",
                         (json_int_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
                                 (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000,
                         "memory_peak", (json_int_t)use.ru_maxrss * 1024);
}

static void finish(struct runner *runner, const char *outcome)
{
        if (runner->done)
                return;
        loop_dismiss_helper(runner); /* its mounts take their time, and nobody can go on before they are gone */
        machine_say_results(runner);
        runner->state = RUNNER_STATE_DONE;
        runner->done = true;
        reasons_bound(&runner->reasons);
        if (runner->notes.git_told > NOTES_VETOES_MAX)
                uplink_put(&runner->up,
                           json_pack("{s:s, s:s, s:I}", "event", "dropped", "what", "further attempts with git",
                                     "count", (json_int_t)(runner->notes.git_told - NOTES_VETOES_MAX)));
        if (runner->notes.refused)
                uplink_put(&runner->up, json_pack("{s:s, s:s, s:I}", "event", "dropped", "what", "notes", "count",
                                                  (json_int_t)runner->notes.refused));
        uplink_put(&runner->up, json_pack("{s:s, s:s, s:o, s:s, s:o, s:s*, s:s*}", "event", "result", "outcome",
                                          outcome, "reasons", json_from_strv(&runner->reasons), "tier",
                                          runner->ready ? sandbox_tier_name(runner->sandbox.tier) : "none", "usage",
                                          own_usage(), "meant", runner->meaning ? outcome_name(runner->meant) : NULL,
                                          "meaning", runner->meaning));
}

void machine_end(struct runner *runner, enum outcome outcome)
{
        finish(runner, outcome_name(outcome));
}

void machine_end_verify(struct runner *runner)
{
        finish(runner, "verify");
}

static enum outcome outcome_of(const struct err *err)
{
        switch (err->code) {
        case ERR_SANDBOX:
                return OUTCOME_SANDBOX_UNAVAILABLE;
        case ERR_REFUSED:
                return OUTCOME_SELF_VERIFICATION_FAILED;
        default:
                return OUTCOME_INTERNAL_ERROR;
        }
}

void machine_fail(struct runner *runner, const struct err *err)
{
        char text[1024];

        if (runner->done)
                return;
        err_text(err, text, sizeof(text));
        strv_add(&runner->reasons, text);
        machine_end(runner, outcome_of(err));
}
