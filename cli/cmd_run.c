/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel run: one work item, from launch to its end. What the run may do is decided before anything is started
 * (cli/launch.h); the supervisor carries it out (cli/supervisor.h); the exit status is the outcome's.
 */
#include "cli/attach.h"
#include "cli/carry_out.h"
#include "cli/command.h"
#include "cli/compete.h"
#include "cli/context.h"
#include "cli/jobs.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct run_options {
        struct launch_request request;
        bool json, quiet, show_prompt, attach;
        const char *agents, *race; /* of a race; race: this run is one of its competitors */
        const char *claim;         /* a worker starts it */
        bool first, no_reuse;
        const char *jobs;
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
        if (!rest->len && !item->title && !rest->command_len && !options->claim)
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
                {"mood", 'm', OPTION_TEXT, &item->mood, "MOOD", "calm, curious, skeptical, paranoid, bold, … (below)"},
                {"verify", 'v', OPTION_REPEAT, &item->verify, "NAME[=COMMAND]", "a verifier; may be repeated"},
                {"allow", 0, OPTION_REPEAT, &item->allow, "GLOB", "only these paths may change; may be repeated"},
                {"deny", 0, OPTION_REPEAT, &item->deny, "GLOB", "these paths may not change; may be repeated"},
                {"budget", 'b', OPTION_REPEAT, &item->budget, "KEY=VALUE", "wall=10m, cost_usd=2.50, diff_files=50 …"},
                {"base", 0, OPTION_TEXT, &options->request.base, "REV", "start from here, not from the target's tip"},
                {"target", 0, OPTION_TEXT, &item->target, "BRANCH", "land there (default: the checked-out branch)"},
                {"policy", 0, OPTION_TEXT, &options->request.policy_file, "FILE", "this policy, not the repository's"},
                {"bundle", 0, OPTION_TEXT, &options->request.bundle, "DIR", "files for the agent, at $CUPEL_BUNDLE"},
                {"arm", 0, OPTION_FLAG, &options->request.arm, NULL, "start an item that wants arming"},
                {"jobs", 'j', OPTION_TEXT, &options->jobs, "N",
                 "director's verifiers at once (default: CPUs, at most 4)"},
                {"no-reuse", 0, OPTION_FLAG, &options->no_reuse, NULL,
                 "run every verifier, also where the same tree passed it within a day"},
                {"attach", 0, OPTION_FLAG, &options->attach, NULL,
                 "sit at the agent's terminal; Ctrl-] d leaves it, Ctrl-] q discards the run"},
                {"show-prompt", 0, OPTION_FLAG, &options->show_prompt, NULL, "print what the agent is told, and stop"},
                {"json", 0, OPTION_FLAG, &options->json, NULL, "the result as one JSON line, last on stdout"},
                {"quiet", 'q', OPTION_FLAG, &options->quiet, NULL, "no progress"},
                {"race", 0, OPTION_TEXT, &options->race, "ID:PID", NULL},
                {LAUNCH_CLAIM, 0, OPTION_TEXT, &options->claim, "ITEM:EPOCH", NULL},
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

static int run(struct context *context, struct run_options *options, struct launch_claim *claim, struct err *err)
{
        struct launch_request *request = &options->request;
        _cleanup_launch_ struct launch launch;

        launch_init(&launch);
        if (options->claim && launch_take_claim(context, options->claim, claim, request, err) < 0)
                return -1;
        if (options->attach && attach_check(err) < 0)
                return -1;
        if (options->race && compete_join(options->race, &launch.race, err) < 0)
                return -1;
        if (jobs_choose(options->jobs, &launch.jobs, err) < 0)
                return -1;
        launch.no_reuse = options->no_reuse;
        launch.agent = request->options.agent;
        if (launch_read(&launch, context, request, err) < 0)
                return -1;
        if (options->show_prompt) {
                show_prompt(&launch.plan, options->json);
                return 0;
        }
        return carry_out(context, &launch,
                         &(struct carry_out){.json = options->json, .quiet = options->quiet, .attach = options->attach},
                         err);
}

int cmd_run(struct context *context, int argc, char **argv, struct err *err)
{
        struct run_options options = {0};
        struct launch_claim claim = {0};
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
                status = run(context, &options, &claim, err);
        else if (status == 1)
                status = 0;
        launch_claim_release(&claim);
        release(&options);
        return status;
}
