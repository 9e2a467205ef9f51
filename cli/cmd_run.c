/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel run: one work item, from launch to its end. What the run may do is decided before anything is started
 * (cli/launch.h); the supervisor carries it out (cli/supervisor.h); the exit status is the outcome's.
 */
#include "cli/attach.h"
#include "cli/command.h"
#include "cli/compete.h"
#include "cli/context.h"
#include "cli/launch.h"
#include "cli/local_changes.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/result.h"
#include "cli/supervisor.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct run_options {
        struct launch_request request;
        bool json, quiet, show_prompt, attach;
        const char *agents, *race; /* of a race; race: this run is one of its competitors */
        bool first;
        struct strv arguments; /* what its competitors are told */
};

static int check_race(const struct run_options *options, struct err *err)
{
        const struct item_options *item = &options->request.options;

        if (!options->agents)
                return err_set(err, ERR_INPUT, "--first is for --agents: cupel run ITEM.yaml --agents A,B --first");
        if (!options->first)
                return err_set(
                        err, ERR_INPUT,
                        "--agents needs --first: the first verified result wins and the others are cancelled. To "
                        "compare results, run the item once with each --agent, in the mood paranoid, which "
                        "holds them for you");
        if (item->agent || item->command_len)
                return err_set(err, ERR_INPUT, "--agents names who competes: leave %s away",
                               item->agent ? "--agent" : "the command behind --");
        if (options->attach || options->show_prompt)
                return err_set(err, ERR_INPUT, "%s is for one agent: use --agent",
                               options->attach ? "--attach" : "--show-prompt");
        return 0;
}

/* The competitors get what this command got, but for the race itself. */
static int take_race(struct run_options *options, const struct option_spec *table, struct err *err)
{
        const char *agents = options->agents;
        const bool json = options->json;

        if (check_race(options, err) < 0)
                return -1;
        options->agents = NULL;
        options->first = false;
        options->json = true;
        options_rebuild(table, &options->arguments);
        options->agents = agents;
        options->json = json;
        return 0;
}

/* What stands beside the options: the item's file, and a command behind --. */
static int take_rest(struct run_options *options, const struct option_rest *rest, struct err *err)
{
        struct item_options *item = &options->request.options;

        if (rest->len > 1)
                return err_set(err, ERR_INPUT, "run takes one work item, got %s too; a command goes behind --",
                               rest->items[1]);
        options->request.item_file = rest->len ? rest->items[0] : NULL;
        item->command = rest->command;
        item->command_len = rest->command_len;
        item->tty = options->attach;
        if (!rest->len && !item->title && !rest->command_len)
                return err_set(err, ERR_INPUT,
                               "nothing to run: name a work item file, or give --title, and --agent NAME or a command "
                               "behind --");
        return 0;
}

static int parse(int argc, char **argv, struct run_options *options, struct err *err)
{
        struct item_options *item = &options->request.options;
        struct option_rest rest = {0};
        const struct option_spec table[] = {
                {"title", 't', OPTION_TEXT, &item->title, "TEXT", "what is to be done, in one line"},
                {"agent", 'a', OPTION_TEXT, &item->agent, "NAME[:MODEL]", "who works: `cupel agents` lists them"},
                {"model", 0, OPTION_TEXT, &item->model, "MODEL", "the model that the agent is to use"},
                {"agents", 0, OPTION_TEXT, &options->agents, "A,B",
                 "these agents compete, each in a run of its own (at most 8)"},
                {"first", 0, OPTION_FLAG, &options->first, NULL,
                 "with --agents: the first verified result wins, the others are cancelled"},
                {"mood", 'm', OPTION_TEXT, &item->mood, "MOOD", "calm, curious, skeptical, paranoid, bold, petty …"},
                {"verify", 'v', OPTION_REPEAT, &item->verify, "NAME[=COMMAND]", "a verifier; may be repeated"},
                {"allow", 0, OPTION_REPEAT, &item->allow, "GLOB", "only these paths may change; may be repeated"},
                {"deny", 0, OPTION_REPEAT, &item->deny, "GLOB", "these paths may not change; may be repeated"},
                {"budget", 'b', OPTION_REPEAT, &item->budget, "KEY=VALUE", "wall=10m, cost_usd=2.50, diff_files=50 …"},
                {"base", 0, OPTION_TEXT, &options->request.base, "REV", "start from here, not from the target's tip"},
                {"target", 0, OPTION_TEXT, &item->target, "BRANCH", "land there (default: the checked-out branch)"},
                {"policy", 0, OPTION_TEXT, &options->request.policy_file, "FILE", "this policy, not the repository's"},
                {"bundle", 0, OPTION_TEXT, &options->request.bundle, "DIR", "files for the agent, at $CUPEL_BUNDLE"},
                {"arm", 0, OPTION_FLAG, &options->request.arm, NULL, "start an item that wants arming"},
                {"attach", 0, OPTION_FLAG, &options->attach, NULL,
                 "sit at the agent's terminal; Ctrl-] d leaves it, Ctrl-] q discards the run"},
                {"show-prompt", 0, OPTION_FLAG, &options->show_prompt, NULL, "print what the agent is told, and stop"},
                {"json", 0, OPTION_FLAG, &options->json, NULL, "the result as one JSON line, last on stdout"},
                {"quiet", 'q', OPTION_FLAG, &options->quiet, NULL, "no progress"},
                {"race", 0, OPTION_TEXT, &options->race, "ID:PID", NULL},
                {0}};
        int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got;
        if (take_rest(options, &rest, err) < 0)
                return -1;
        return options->agents || options->first ? take_race(options, table, err) : 0;
}

static void release(struct run_options *options)
{
        strv_release(&options->request.options.verify);
        strv_release(&options->request.options.allow);
        strv_release(&options->request.options.deny);
        strv_release(&options->request.options.budget);
        strv_release(&options->arguments);
}

/* A run that ends before anything is started: blocked, with its reasons; deferential, with its questions. */
static int end_at_once(struct context *context, const struct launch *launch, struct run_result *result, struct err *err)
{
        const bool held = launch->plan.worktree == WORKTREE_NONE && !launch->missing.len;
        _cleanup_json_ json_t *reasons = NULL;
        _cleanup_json_ json_t *question =
                json_pack("{s:o,s:[s,s],s:s}", "question",
                          json_sprintf("%s: should a run try this as it is written?", launch->plan.title), "options",
                          "yes, run it calm", "no, drop it", "default", "no, drop it");
        const struct store_event ask = {.type = "note.request.help", .actor = EVENT_ACTOR_SYSTEM, .data = question};
        struct store_move move = {.run = launch->run_id,
                                  .to = held ? PHASE_HELD : PHASE_BLOCKED,
                                  .outcome = held ? OUTCOME_HELD : OUTCOME_BLOCKED,
                                  .actor = EVENT_ACTOR_SYSTEM,
                                  .events = held ? &ask : NULL,
                                  .events_len = held ? 1 : 0};

        result->outcome = move.outcome;
        strv_copy(&result->reasons, &launch->missing);
        if (held)
                strv_add(&result->reasons,
                         "this mood runs no command; it asks whether the item should be tried as it is written");
        reasons = json_from_strv(&result->reasons);
        move.reasons = reasons;
        if (store_run_move(context->store, &move, err) < 0)
                return -1;
        return launch_close_folder(launch, err);
}

/* A command that was promised hosts or folders and meets none would fail for no reason that anybody sees. */
static void say_what_is_missing(struct terminal *terminal, const struct plan *plan)
{
        for (size_t i = 0; i < plan->declared.len; i++)
                if (!strncmp(plan->declared.items[i], "network.", strlen("network.")) ||
                    !strncmp(plan->declared.items[i], "sandbox.", strlen("sandbox.")))
                        terminal_say(terminal, "%s", plan->declared.items[i]);
}

static int carry_out(struct context *context, struct launch *launch, const struct run_options *options,
                     struct run_result *result, struct err *err)
{
        struct attach attach = ATTACH_NONE;
        _cleanup_str_ struct str title = {0};
        struct terminal terminal;
        struct local_changes *changes = NULL;
        int status;

        if (launch->missing.len || launch->plan.worktree == WORKTREE_NONE)
                return end_at_once(context, launch, result, err);
        terminal_init(&terminal, context->terminal_err, options->quiet, context->colour_err);
        if (options->attach)
                terminal.attach = &attach;
        render_line(&title, launch->plan.title);
        terminal_say(&terminal, "run %s  %s", launch->run_id, str_text(&title));
        say_what_is_missing(&terminal, &launch->plan);
        if (context->terminal_err && !options->quiet)
                changes = local_changes_start(repo_gitdir(context->repo));
        status = supervise(context, launch, &terminal, result, err);
        terminal_end(&terminal);
        local_changes_report(changes, launch->base);
        return status;
}

/* A work item may be somebody else's: on a terminal its text is made harmless. */
static void show_prompt(const struct plan *plan, bool json)
{
        _cleanup_json_ json_t *all =
                json_pack("{s:s, s:I, s:s*, s:s*}", "prompt", plan->prompt, "bytes", (json_int_t)strlen(plan->prompt),
                          "agent", plan->agent.name, "model", plan->agent.model);
        _cleanup_str_ struct str safe = {0};
        const char *prompt = plan->prompt;

        if (json) {
                json_dumpf(all, stdout, JSON_COMPACT);
                putchar('\n');
                return;
        }
        render_safe(&safe, prompt, strlen(prompt));
        fputs(isatty(STDOUT_FILENO) ? str_text(&safe) : prompt, stdout);
}

static int run(struct context *context, const struct run_options *options, struct err *err)
{
        _cleanup_launch_ struct launch launch;
        _cleanup_run_result_ struct run_result result = {0};

        launch_init(&launch);
        if (options->attach && attach_check(err) < 0)
                return -1;
        if (options->race && compete_join(options->race, &launch.race, err) < 0)
                return -1;
        launch.agent = options->request.options.agent;
        if (launch_read(&launch, context, &options->request, err) < 0)
                return -1;
        if (options->show_prompt) {
                show_prompt(&launch.plan, options->json);
                return 0;
        }
        supervisor_hold_signals();
        if (launch_create(&launch, context, err) < 0)
                return -1;
        if (carry_out(context, &launch, options, &result, err) < 0)
                return err_wrap(err, "run %s", launch.run_id);
        if (options->json)
                result_print_json(stdout, &launch, &result);
        else
                result_print(stdout, &launch, &result, context->colour_out);
        return outcome_exit_status(result.outcome);
}

int cmd_run(struct context *context, int argc, char **argv, struct err *err)
{
        struct run_options options = {0};
        int status = parse(argc, argv, &options, err);

        if (status == 0 && options.agents)
                status = compete(context,
                                 &(struct compete_request){.agents = options.agents,
                                                           .arguments = &options.arguments,
                                                           .launch = &options.request,
                                                           .json = options.json,
                                                           .quiet = options.quiet},
                                 err);
        else if (status == 0)
                status = run(context, &options, err);
        else if (status == 1)
                status = 0;
        release(&options);
        return status;
}
