/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/carry_out.h"

#include "cli/attach.h"
#include "cli/defer.h"
#include "cli/director_call.h"
#include "cli/launch_resume.h"
#include "cli/launch_spend.h"
#include "cli/local_changes.h"
#include "cli/render.h"
#include "cli/result.h"
#include "cli/show_view.h"
#include "cli/supervisor.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/redact.h"
#include "policy/scrub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What must change before a queue tries it again, in lines. */
static void put_waits(const struct launch *launch, struct str *out)
{
        for (size_t i = 0; i < launch->waits.len; i++)
                str_printf(out, "%s%s", i ? "\n" : "", launch->waits.items[i]);
}

/* Such a run has its packet as every other: it is over, whatever becomes of that. */
static void write_packet(struct context *context, const struct launch *launch, struct run_result *result)
{
        const struct director_call call = {
                .context = context, .mode = "recover", .run = launch->run_id, .snapshot = launch->snapshot};
        _cleanup_director_answer_ struct director_answer answer = {0};
        struct err err = ERR_INIT;
        char text[512];

        if (director_call(&call, &answer, &err) == 0)
                return;
        err_text(&err, text, sizeof(text));
        strv_add_printf(&result->reasons, "its packet could not be written: %s", text);
}

/* The report that is made of them hides the same. */
static void hide_values(const struct plan *plan, json_t *reasons)
{
        _cleanup_redact_ struct redact redact = {0};
        _cleanup_strv_ struct strv names = {0};

        plan_secret_names(plan, &names);
        for (size_t i = 0; i < names.len; i++)
                redact_add(&redact, getenv(names.items[i]));
        redact_record(&redact, reasons);
        (void)scrub_json(reasons);
}

/* A run that ends before anything is started: blocked, with its reasons; deferential, with its questions. */
static int end_at_once(struct context *context, const struct launch *launch, struct run_result *result, struct err *err)
{
        const bool held = launch->plan.worktree == WORKTREE_NONE && !launch->missing.len;
        _cleanup_json_ json_t *reasons = NULL;
        _cleanup_json_ json_t *questions = held ? defer_questions(context, launch) : json_array();
        _cleanup_json_ json_t *receipt = launch_receipt(launch);
        struct store_event events[1 + MOOD_QUESTIONS_MAX] = {
                {.type = "receipt.preconditions", .actor = EVENT_ACTOR_SYSTEM, .data = receipt}};
        _cleanup_str_ struct str waits = {0};
        struct store_next wait = {.what = NEXT_WAIT};
        struct store_move move = {.run = launch->run_id,
                                  .to = held ? PHASE_HELD : PHASE_BLOCKED,
                                  .outcome = held ? OUTCOME_HELD : OUTCOME_BLOCKED,
                                  .actor = EVENT_ACTOR_SYSTEM,
                                  .events = events,
                                  .events_len = 1 + json_array_size(questions),
                                  .next = held ? NULL : &wait,
                                  .wait_ms = launch->plan.approval.deadline_ms};

        put_waits(launch, &waits);
        wait.waits_for = str_text(&waits);
        result->outcome = move.outcome;
        strv_copy(&result->reasons, &launch->missing);
        for (size_t i = 0; i < json_array_size(questions); i++) {
                const json_t *question = json_array_get(questions, i);

                events[1 + i] = (struct store_event){
                        .type = "note.request.help", .actor = EVENT_ACTOR_SYSTEM, .data = question};
                strv_add_printf(&result->reasons, "asks: %s", json_string_value(json_object_get(question, "question")));
        }
        reasons = json_from_strv(&result->reasons);
        hide_values(&launch->plan, reasons);
        move.reasons = reasons;
        if (store_run_move(context->store, &move, err) < 0 || launch_close_folder(launch, err) < 0)
                return -1;
        write_packet(context, launch, result);
        return 0;
}

/* A command that was promised hosts or folders and meets none would fail for no reason that anybody sees. */
static void say_what_is_missing(struct terminal *terminal, const struct plan *plan)
{
        for (size_t i = 0; i < plan->declared.len; i++)
                if (!strncmp(plan->declared.items[i], "network.", strlen("network.")) ||
                    !strncmp(plan->declared.items[i], "sandbox.", strlen("sandbox.")))
                        terminal_say(terminal, "%s", plan->declared.items[i]);
}

static bool ends_at_once(const struct launch *launch)
{
        return launch->missing.len || launch->plan.worktree == WORKTREE_NONE;
}

static int supervised(struct context *context, struct launch *launch, const struct carry_out *how,
                      struct run_result *result, struct err *err)
{
        struct attach attach = ATTACH_NONE;
        _cleanup_str_ struct str title = {0};
        struct terminal terminal;
        struct local_changes *changes = NULL;
        int status;

        if (ends_at_once(launch))
                return end_at_once(context, launch, result, err);
        terminal_init(&terminal, context->terminal_err, how->quiet, context->colour_err);
        if (how->attach)
                terminal.attach = &attach;
        render_line(&title, launch->plan.title);
        terminal_say(&terminal, "run %s  %s", launch->run_id, str_text(&title));
        if (launch->resume)
                terminal_say(&terminal, "%s of %s, from checkpoint %lld", launch->resume->relation, launch->resume->run,
                             (long long)launch->resume->step);
        say_what_is_missing(&terminal, &launch->plan);
        if (launch->plan.mood_why)
                terminal_say(&terminal, "mood %s: %s (another: --mood)", mood_names[launch->plan.mood],
                             launch->plan.mood_why);
        if (context->terminal_err && !how->quiet)
                changes = local_changes_start(repo_gitdir(context->repo));
        status = supervise(context, launch, &terminal, result, err);
        launch_spend_settle(launch, context);
        terminal_end(&terminal);
        local_changes_report(changes, launch->base);
        return status;
}

int carry_out(struct context *context, struct launch *launch, const struct carry_out *how, struct err *err)
{
        _cleanup_run_result_ struct run_result result = {0};
        struct err no_matter; /* where it could not be started, supervise() says so */

        supervisor_hold_signals();
        if (launch_write(launch, context, err) < 0)
                return -1;
        if (!ends_at_once(launch))
                (void)director_start_ahead(context, launch, &no_matter);
        if (launch_create(launch, context, err) < 0)
                return -1;
        if (supervised(context, launch, how, &result, err) < 0)
                return err_wrap(err, "run %s", launch->run_id);
        if (outcome_exit_status(result.outcome))
                result.next = next_of_run(context->store, launch->run_id);
        if (how->json)
                result_print_json(stdout, launch, &result);
        else
                result_print(stdout, launch, &result, context->colour_out);
        return outcome_exit_status(result.outcome);
}
