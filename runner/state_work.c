/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting → preparing → working: from the plan to the end of the agent's command.
 *
 * The plan is read and the repository opened while the director prepares the layers; the quarantine is made on the thread
 * while the agent works. So neither stands on the way of the run. A command that fails still has its worktree read back,
 * for the patch in the packet; its outcome is decided here already.
 */
#include "runner/attempts.h"
#include "runner/budget.h"
#include "runner/compose.h"
#include "runner/loop.h"
#include "runner/machine.h"
#include "runner/reason.h"

#include "lib/base/carry.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static int read_plan(struct runner *runner, int run_fd, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};

        if (fs_read_at(run_fd, "config_snapshot/plan.json", PLAN_BYTES_MAX, &bytes, err) < 0 ||
            plan_from_json(bytes.data, bytes.len, &runner->plan, err) < 0)
                return err_wrap(err, "plan.json");
        hash_bytes(bytes.data, bytes.len, runner->plan_id);
        return 0;
}

/* cupel itself, for `cupel note` inside: beside us, or where an installation has it. Without it the run goes on. */
static char *find_program(void)
{
        struct err err = ERR_INIT;
        char *path = sibling_path("cupel", &err);
        char self[PATH_MAX];
        ssize_t len;

        if (path)
                return path;
        len = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (len > 0) {
                _cleanup_free_ char *installed = NULL;

                self[len] = '\0';
                *strrchr(self, '/') = '\0';
                installed = xasprintf("%s/../../bin/cupel", self);
                path = realpath(installed, NULL);
        }
        return path;
}

static int64_t ask_for_agent(void *arg, struct err *err)
{
        return checkpoint_ask(arg, CHECKPOINT_AGENT, err);
}

int waiting_enter(struct runner *runner, struct err *err)
{
        _cleanup_fd_ int run_fd = fs_open_dir(runner->options.run_folder, err);
        struct err ignored = ERR_INIT;

        if (run_fd < 0 || read_plan(runner, run_fd, err) < 0)
                return -1;
        runner->logs_fd = fs_mkdir_open_at(run_fd, "logs", 0700, err);
        if (runner->logs_fd < 0)
                return -1;
        notes_init(&runner->notes, &runner->up, (uint64_t)runner->plan.budget.notes);
        runner->notes.left = budget_left;
        runner->notes.left_arg = runner;
        runner->notes.checkpoint = ask_for_agent;
        runner->notes.has_hosts = runner->plan.sandbox.network.allow.len > 0;
        runner->program = find_program();
        if (plan_has_network(&runner->plan))
                runner->node_module = sibling_path(COMPOSE_NODE_MODULE, &ignored);
        if (egress_link_open(&runner->egress, &runner->plan, err) < 0)
                return -1;
        return candidate_open(&runner->candidate, runner->options.repository, err);
}

int waiting_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        const struct plan *plan = &runner->plan;

        (void)event;
        if (runner->lowers.len == 0)
                return err_set(err, ERR_INTERNAL, "start: no layers");
        if (plan->worktree != WORKTREE_NONE && plan->agent.command.len)
                return machine_move(runner, RUNNER_STATE_PREPARING, err);
        strv_take(&runner->reasons, xasprintf("the mood %s runs no command", mood_names[plan->mood]));
        machine_end(runner, OUTCOME_OBSERVED);
        return 0;
}

void compose_fill(const struct runner *runner, struct compose_input *ret)
{
        const char *checkout = repo_workdir(runner->candidate.repo);

        *ret = (struct compose_input){
                .plan = &runner->plan,
                .run_folder = runner->options.run_folder,
                .worktree = checkout ? checkout : repo_gitdir(runner->candidate.repo),
                .checkout = checkout,
                .lowers = &runner->lowers,
                .objects = &runner->objects,
                .envp = runner->options.envp,
                .program = runner->program,
                .node_module = runner->node_module,
                .resumed = runner->resumed,
                .columns = runner->columns,
                .rows = runner->rows,
        };
}

int preparing_enter(struct runner *runner, struct err *err)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct compose_input input;

        compose_fill(runner, &input);
        if (compose_sandbox(&input, &plan, err) < 0)
                return -1;
        return sandbox_prepare(&runner->helper, &plan, err);
}

int preparing_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        runner->sandbox = *event->sandbox;
        runner->ready = true;
        return machine_move(runner, RUNNER_STATE_WORKING, err);
}

int open_log(struct runner *runner, const char *name, struct err *err)
{
        cleanup_fd(&runner->log_fd);
        runner->log_fd = openat(runner->logs_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (runner->log_fd < 0)
                return err_errno(err, "logs/%s", name);
        return 0;
}

int digest_carried(struct runner *runner, char ret_hex[HASH_HEX], struct err *err)
{
        const char *checkout = repo_workdir(runner->candidate.repo);

        if (!checkout || runner->plan.sandbox.carry.len == 0)
                return 0;
        return carry_digest(checkout, &runner->plan.sandbox.carry, ret_hex, err);
}

static int prepare_candidate(struct runner *runner, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/quarantine", runner->options.run_folder);

        if (candidate_prepare(&runner->candidate, runner->options.base, folder, err) < 0)
                return -1;
        return digest_carried(runner, runner->carried, err);
}

bool runner_writes(const struct runner *runner)
{
        return runner->plan.worktree == WORKTREE_WRITE && runner->plan.may_commit;
}

/* The viewer's socket is the helper's alone from here on: its end is the end of the step. */
static int start_agent(struct runner *runner, const struct sandbox_step *step, struct err *err)
{
        _cleanup_fd_ int viewer = steal_fd(&runner->viewer_fd);

        if (viewer < 0)
                return sandbox_step_start(&runner->helper, step, runner->log_fd, err);
        return sandbox_step_start_attached(&runner->helper, step, runner->log_fd, viewer, err);
}

int working_enter(struct runner *runner, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct compose_input input;

        compose_fill(runner, &input);
        compose_agent(&input, &step);
        runner->work_wall_ms = step.limits.wall_ms;
        runner->work_began_ms = clock_ms();
        if (open_log(runner, "agent.log", err) < 0 || start_agent(runner, &step, err) < 0)
                return -1;
        say_phase(runner, "running");
        say_step(runner, "agent", "agent", NULL, 0);
        if (runner_writes(runner))
                loop_start_job(runner, prepare_candidate);
        return 0;
}

/* What the end of the command means for the run: `failed` with its outcome and reasons, or nothing to object. */
static void judge_work(struct runner *runner, const struct sandbox_result *result)
{
        _cleanup_str_ struct str reason = {0};

        if (result->reason == SANDBOX_REASON_EXIT && !result->signal && result->exit_code == 0)
                return;
        runner->failed = true;
        runner->outcome = sandbox_reason_is_budget(result->reason) ? OUTCOME_BUDGET_EXCEEDED : OUTCOME_WORK_FAILED;
        reason_of_end("the command", result, &reason);
        strv_take(&runner->reasons, str_steal(&reason));
        if (result->reason != SANDBOX_REASON_SETUP) /* what never began said nothing more */
                machine_explain_agent(
                        runner, result->reason == SANDBOX_REASON_EXIT && !result->signal ? result->exit_code : -1);
        if (result->reason == SANDBOX_REASON_WALL)
                say_record(runner, "receipt.timeout",
                           json_pack("{s:s, s:s}", "what", "agent", "default_taken", outcome_name(runner->outcome)));
}

/* The end of a run that may not write: its notes are its result. */
static void end_observed(struct runner *runner)
{
        if (runner->failed) {
                machine_end(runner, runner->outcome);
        } else if (runner->plan.needs_note && runner->notes.findings == 0) {
                strv_take(&runner->reasons, xasprintf("the mood %s must leave at least one note.observation or "
                                                      "note.conjecture; there is none",
                                                      mood_names[runner->plan.mood]));
                machine_explain_agent(runner, 0);
                machine_end(runner, OUTCOME_SELF_VERIFICATION_FAILED);
        } else {
                machine_end(runner, OUTCOME_OBSERVED);
        }
}

int working_on(struct runner *runner, const struct runner_event *event, struct err *err)
{
        if (event->type == RUNNER_EVENT_JOB) {
                runner->prepared = true;
                return 0;
        }
        if (event->type == RUNNER_EVENT_STARTED) {
                runner->work_began_ms = clock_ms();
                loop_watch_egress(runner);
                checkpoint_begin(runner);
                if (event->sandbox->fd >= 0)
                        loop_serve_notes(runner, steal_fd(&event->sandbox->fd));
                return egress_link_listen(&runner->egress, &runner->plan, event->sandbox, err);
        }
        checkpoint_end(runner);
        loop_end_notes(runner);
        loop_forget_egress(runner);
        egress_link_close(&runner->egress);
        if (scrub_log(runner, err) < 0)
                return -1;
        judge_work(runner, &event->sandbox->result);
        attempts_say_home(runner, &event->sandbox->result);
        say_limits(runner, "agent", &event->sandbox->result);
        say_step(runner, "agent", "agent", runner->failed ? "FAIL" : "PASS", event->sandbox->result.wall_ms);
        if (runner_writes(runner))
                return machine_move(runner, RUNNER_STATE_FREEZING, err);
        end_observed(runner);
        return 0;
}
