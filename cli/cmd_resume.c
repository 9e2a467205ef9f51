/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel resume RUN[@STEP]: a new run that begins with what a checkpoint of RUN kept, by that checkpoint's own snapshot. With
 * --with it goes by another policy or work item, and is a fork. From there on it is a run as any other.
 */
#include "cli/attach.h"
#include "cli/carry_out.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/jobs.h"
#include "cli/launch_resume.h"
#include "cli/options.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct resume_options {
        struct launch_resume_request request;
        struct carry_out how;
        struct strv with;
        const char *jobs;
        bool no_reuse;
        char *run;
};

/* RUN@STEP; "@last" is a run, and so is "@last@2" one with a step. */
static int split_run(struct resume_options *options, const char *text, struct err *err)
{
        const char *at = strrchr(text, '@');
        char *end = NULL;

        if (!at || at == text || strcmp(text, "@last") == 0) {
                options->run = xstrdup(text);
        } else {
                errno = 0;
                options->request.step = strtoll(at + 1, &end, 10);
                if (!at[1] || *end || errno || options->request.step < 1 || options->request.step > 999999)
                        return err_set(err, ERR_INPUT, "\"%.200s\": behind @ stands a step, from 1: cupel resume RUN@2",
                                       text);
                options->run = xmemdup(text, (size_t)(at - text));
        }
        options->request.run = options->run;
        return 0;
}

static int take_with(struct resume_options *options, struct err *err)
{
        const struct {
                const char *name;
                const char **value;
        } words[] = {{"policy", &options->request.policy}, {"work-item", &options->request.work_item}};

        for (size_t i = 0; i < options->with.len; i++) {
                const char *text = options->with.items[i], *equals = strchr(text, '=');
                size_t at = 0;

                while (at < 2 && (!equals || strlen(words[at].name) != (size_t)(equals - text) ||
                                  strncmp(words[at].name, text, (size_t)(equals - text)) != 0))
                        at++;
                if (at == 2 || !equals[1])
                        return err_set(err, ERR_INPUT, "--with %.200s: expected policy=FILE or work-item=FILE", text);
                if (*words[at].value)
                        return err_set(err, ERR_INPUT, "--with %s is given twice", words[at].name);
                *words[at].value = equals + 1;
        }
        return 0;
}

static int parse(int argc, char **argv, struct resume_options *options, struct err *err)
{
        struct option_rest rest = {0};
        const struct option_spec table[] = {
                {"with", 'w', OPTION_REPEAT, &options->with, "KEY=FILE",
                 "policy=FILE or work-item=FILE: go by that instead, as a fork; may be repeated"},
                {"arm", 0, OPTION_FLAG, &options->request.arm, NULL, "start an item that wants arming"},
                {"attach", 0, OPTION_FLAG, &options->how.attach, NULL,
                 "sit at the agent's terminal; Ctrl-] d leaves it, Ctrl-] q discards the run"},
                {"jobs", 'j', OPTION_TEXT, &options->jobs, "N",
                 "director's verifiers at once (default: CPUs, at most 4)"},
                {"no-reuse", 0, OPTION_FLAG, &options->no_reuse, NULL,
                 "run every verifier, also where the same tree passed it within a day"},
                {"json", 0, OPTION_FLAG, &options->how.json, NULL, "the result as one JSON line, last on stdout"},
                {"quiet", 'q', OPTION_FLAG, &options->how.quiet, NULL, "no progress"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got;
        if (options_expect(&rest, argv[0], 1, 1, err) < 0 || split_run(options, rest.items[0], err) < 0)
                return -1;
        return take_with(options, err);
}

static int resume(struct context *context, struct resume_options *options, struct err *err)
{
        _cleanup_launch_ struct launch launch;

        launch_init(&launch);
        if ((options->how.attach && attach_check(err) < 0) || jobs_choose(options->jobs, &launch.jobs, err) < 0)
                return -1;
        launch.no_reuse = options->no_reuse;
        if (launch_resume(&launch, context, &options->request, err) < 0)
                return -1;
        return carry_out(context, &launch, &options->how, err);
}

int cmd_resume(struct context *context, int argc, char **argv, struct err *err)
{
        struct resume_options options = {0};
        int status = parse(argc, argv, &options, err);

        if (status == 0)
                status = resume(context, &options, err);
        else if (status == 1)
                status = 0;
        strv_release(&options.with);
        free(options.run);
        return status;
}
