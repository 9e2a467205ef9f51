/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freezing → reading → verifying: from the end of the work to the request that the director verify.
 *
 * All verifiers run even where one failed, so that a person sees everything at once. What a verifier writes goes to an
 * upper of its own and is gone with it. A refusal, a gate and a verifier that blocks end as self_verification_failed.
 */
#include "runner/attempts.h"
#include "runner/compose.h"
#include "runner/differential.h"
#include "runner/loop.h"
#include "runner/machine.h"
#include "runner/reason.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int freezing_enter(struct runner *runner, struct err *err)
{
        return sandbox_freeze(&runner->helper, err);
}

/* The frozen root and the quarantine may come in either order. */
int freezing_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        if (event->type == RUNNER_EVENT_FROZEN) {
                runner->upper_fd = steal_fd(&event->sandbox->fd);
                say_phase(runner, "frozen");
        } else {
                runner->prepared = true;
        }
        /* a checkpoint in the making has the thread */
        if (runner->prepared && runner->upper_fd >= 0 && !runner->job && !checkpoint_has_thread(&runner->checkpoint))
                return machine_move(runner, RUNNER_STATE_READING, err);
        return 0;
}

static int read_candidate(struct runner *runner, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/quarantine", runner->options.run_folder);
        const struct candidate_upper upper = {
                .fd = runner->upper_fd, .base = runner->options.base, .lowers = &runner->lowers, .folder = folder};

        return candidate_read(&runner->candidate, &runner->plan, &upper, err);
}

int reading_enter(struct runner *runner, struct err *err)
{
        (void)err;
        loop_start_job(runner, read_candidate);
        return 0;
}

static void add_all(struct strv *to, const struct strv *from)
{
        for (size_t i = 0; i < from->len; i++)
                strv_add(to, from->items[i]);
}

static void end_unchanged(struct runner *runner)
{
        uint64_t ignored = runner->candidate.readback.ignored;

        strv_add(&runner->reasons, "the command changed nothing that git would commit");
        if (ignored)
                strv_take(&runner->reasons,
                          xasprintf("%llu ignored files or folders were left out", (unsigned long long)ignored));
        if (runner->candidate.readback.outputs)
                strv_take(&runner->reasons, xasprintf("%llu files are outputs: kept in the packet, never committed",
                                                      (unsigned long long)runner->candidate.readback.outputs));
        machine_explain_agent(runner, 0);
        machine_end(runner, OUTCOME_NO_CHANGE);
}

int reading_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        struct candidate *candidate = &runner->candidate;
        bool whole = !candidate_is_refused(candidate) && !candidate_is_empty(candidate);

        (void)event;
        attempts_say(runner);
        if (whole)
                say_record(runner, "receipt.patch", candidate_patch_receipt(candidate));
        if (runner->failed) {
                machine_end(runner, runner->outcome);
                return 0;
        }
        if (!whole && !candidate_is_refused(candidate)) {
                end_unchanged(runner);
                return 0;
        }
        say_phase(runner, "self_verifying");
        add_all(&runner->reasons, &candidate->readback.refusals);
        if (whole) {
                say_record(runner, "receipt.policy.decision", candidate_gates_receipt(candidate));
                if (!gate_report_blocks(&candidate->gates))
                        return machine_move(runner, RUNNER_STATE_VERIFYING, err);
                gate_report_reasons(&candidate->gates, &runner->reasons);
        }
        machine_end(runner, OUTCOME_SELF_VERIFICATION_FAILED);
        return 0;
}

const struct plan_verifier *verifier_at_hand(const struct runner *runner)
{
        return &runner->plan.verifiers.items[runner->verifier];
}

/* The first attempt's log has the plain name; each further one its number. */
static void log_name(const struct runner *runner, int64_t attempt, char ret[128])
{
        if (runner->differential.on_base)
                snprintf(ret, 128, "verify.%s.base.log", verifier_at_hand(runner)->name);
        else if (attempt == 1)
                snprintf(ret, 128, "verify.%s.log", verifier_at_hand(runner)->name);
        else
                snprintf(ret, 128, "verify.%s.%lld.log", verifier_at_hand(runner)->name, (long long)attempt);
}

static int start_attempt(struct runner *runner, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct compose_input input;
        char log[128];

        log_name(runner, runner->verdict.attempts + 1, log);
        compose_fill(runner, &input);
        compose_verifier(&input, verifier_at_hand(runner), &step);
        differential_ask(runner, &step);
        if (open_log(runner, log, err) < 0)
                return -1;
        return sandbox_step_start(&runner->helper, &step, runner->log_fd, err);
}

static void conclude(struct runner *runner)
{
        machine_say_results(runner);
        if (runner->verify_failed || runner->verify_over_budget) {
                machine_end(runner, runner->verify_failed ? OUTCOME_SELF_VERIFICATION_FAILED : OUTCOME_BUDGET_EXCEEDED);
                return;
        }
        say_record(runner, "note.request.verify",
                   json_pack("{s:s, s:o}", "tree", runner->candidate.readback.tree, "results",
                             json_copy(runner->results)));
        machine_end_verify(runner);
}

static int digest_carried_again(struct runner *runner, struct err *err)
{
        return digest_carried(runner, runner->carried_after, err);
}

/* Somebody outside of the run wrote to what the verifiers used: what they said holds for neither state. */
static void compare_carried(struct runner *runner)
{
        if (strcmp(runner->carried, runner->carried_after) == 0)
                return;
        runner->verify_failed = true;
        strv_add(&runner->reasons, "a carried folder (sandbox.carry) was changed in the checkout during the run; the "
                                   "verifiers' results say nothing (INCONCLUSIVE)");
}

static int next_verifier(struct runner *runner, struct err *err)
{
        for (; runner->verifier < runner->plan.verifiers.len; runner->verifier++) {
                const struct plan_verifier *verifier = verifier_at_hand(runner);

                if (verifier->gate == VERIFY_DIRECTOR || !plan_verifier_applies(verifier, &runner->candidate.changes))
                        continue;
                runner->verdict = (struct verdict){0};
                runner->verifier_ms = 0;
                differential_end(runner);
                say_step(runner, verifier->name, "self", NULL, 0);
                return start_attempt(runner, err);
        }
        if (runner->carried[0])
                loop_start_job(runner, digest_carried_again);
        else
                conclude(runner);
        return 0;
}

int verifying_enter(struct runner *runner, struct err *err)
{
        runner->results = json_array();
        runner->verifier = 0;
        return next_verifier(runner, err);
}

static void add_reasons(struct runner *runner, const struct sandbox_result *result)
{
        const struct plan_verifier *verifier = verifier_at_hand(runner);
        _cleanup_free_ char *who = xasprintf("the verifier %s", verifier->name);
        _cleanup_str_ struct str reason = {0}, said = {0};
        char log[128], timeout[CLOCK_RFC3339];

        if (runner->verdict.result == VERIFIER_PASS)
                return;
        if (runner->verdict.result == VERIFIER_FLAKY) {
                strv_take(&runner->reasons, xasprintf("%s passed only on attempt %lld (FLAKY)", who,
                                                      (long long)runner->verdict.attempts));
                return;
        }
        if (runner->differential.why && result->reason == SANDBOX_REASON_EXIT)
                str_printf(&said, ": %s", runner->differential.why);
        if (runner->verdict.result == VERIFIER_PRE_EXISTING) {
                strv_take(&runner->reasons,
                          xasprintf("%s fails as it does on the base%s (PRE_EXISTING)", who, str_text(&said)));
                return;
        }
        clock_human((uint64_t)verifier->timeout_ms, timeout);
        if (result->reason == SANDBOX_REASON_WALL)
                str_printf(&reason, "%s did not end within its timeout of %s", who, timeout);
        else
                reason_of_end(who, result, &reason);
        str_printf(&reason, "%s (%s)", str_text(&said), verifier_result_name(runner->verdict.result));
        strv_take(&runner->reasons, str_steal(&reason));
        log_name(runner, runner->verdict.attempts, log);
        reason_log_tail(runner->logs_fd, log, &runner->reasons);
}

static void record_verdict(struct runner *runner, const struct sandbox_result *result)
{
        const struct plan_verifier *verifier = verifier_at_hand(runner);
        const char *name = verifier_result_name(runner->verdict.result);
        json_t *receipt =
                json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:s, s:I}", "name", verifier->name, "gate", "self",
                          "command", verifier->run, "result", name, "exit", result->exit_code, "ms",
                          (json_int_t)runner->verifier_ms, "log_sha256", runner->differential.log_sha256, "ended",
                          sandbox_reason_name(result->reason), "attempts", (json_int_t)runner->verdict.attempts);

        /* all of them together are one event, so that its list has no names of tests */
        json_array_append_new(runner->results, json_copy(receipt));
        differential_receipt(runner, receipt);
        say_record(runner, "receipt.verifier", receipt);
        if (result->reason == SANDBOX_REASON_WALL)
                say_record(runner, "receipt.timeout",
                           json_pack("{s:s, s:s}", "what", verifier->name, "default_taken", name));
        say_step(runner, verifier->name, "self", name, runner->verifier_ms);
}

/* Its own timeout is the verifier's matter, and says that it is inconclusive; every other limit is the item's budget. */
static bool is_over_budget(const struct sandbox_result *result)
{
        return sandbox_reason_is_budget(result->reason) && result->reason != SANDBOX_REASON_WALL;
}

static int hash_log(struct runner *runner, struct err *err)
{
        if (lseek(runner->log_fd, 0, SEEK_SET) < 0)
                return err_errno(err, "log of %s", verifier_at_hand(runner)->name);
        if (hash_fd(runner->log_fd, runner->differential.log_sha256, err) < 0)
                return err_wrap(err, "log of %s", verifier_at_hand(runner)->name);
        return 0;
}

/* 1: another attempt was started, here or on the base; 0: the verdict is there. */
static int take_attempt(struct runner *runner, const struct sandbox_event *event, struct err *err)
{
        enum test_opinion opinion;
        bool again = false;

        runner->verifier_ms += event->result.wall_ms;
        opinion = differential_hear(runner, event);
        if (scrub_log(runner, err) < 0)
                return -1;
        if (!runner->differential.on_base) {
                again = verdict_add(&runner->verdict, &event->result, opinion, verifier_at_hand(runner)->retries);
                if (hash_log(runner, err) < 0)
                        return -1;
        }
        if (!again && differential_due(runner))
                again = runner->differential.on_base = true;
        else
                runner->differential.on_base = false;
        return again ? (start_attempt(runner, err) < 0 ? -1 : 1) : 0;
}

int verifying_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        const struct sandbox_result *result;
        char step[128];
        int again;

        if (event->type == RUNNER_EVENT_STARTED)
                return 0;
        if (event->type == RUNNER_EVENT_JOB) {
                compare_carried(runner);
                conclude(runner);
                return 0;
        }
        again = take_attempt(runner, event->sandbox, err);
        if (again)
                return again < 0 ? -1 : 0;
        result = &runner->differential.end;
        record_verdict(runner, result);
        add_reasons(runner, result);
        log_name(runner, 1, step);
        *strrchr(step, '.') = '\0';
        say_limits(runner, step, result);
        if (verdict_blocks(runner->verdict.result))
                *(is_over_budget(result) ? &runner->verify_over_budget : &runner->verify_failed) = true;
        runner->verifier++;
        return next_verifier(runner, err);
}
