/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: arguments, descriptors, signals, one loop, one exit. What cannot be told to the supervisor (wrong arguments,
 * no loop) is reported on standard error with the error's exit status; everything else is a result, and exit status 0.
 */
#include "runner/runner.h"
#include "runner/loop.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/memory.h"
#include "lib/base/signals.h"
#include "sandbox/cage.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

void runner_init(struct runner *runner, const struct runner_options *options)
{
        *runner = (struct runner){
                .options = *options, .viewer_fd = -1, .logs_fd = -1, .log_fd = -1, .upper_fd = -1, .job_err = ERR_INIT};
        plan_init(&runner->plan);
        channel_init(&runner->supervisor, options->supervisor_fd);
        uplink_init(&runner->up, options->supervisor_fd);
        sandbox_client_init(&runner->helper, options->helper_fd);
        egress_link_init(&runner->egress);
        notes_init(&runner->notes, &runner->up, 0);
        checkpoint_init(&runner->checkpoint);
}

void runner_release(struct runner *runner)
{
        notes_release(&runner->notes);
        checkpoint_release(&runner->checkpoint);
        candidate_release(&runner->candidate);
        differential_end(runner);
        json_decref(runner->results);
        cleanup_fd(&runner->viewer_fd);
        cleanup_fd(&runner->logs_fd);
        cleanup_fd(&runner->log_fd);
        cleanup_fd(&runner->upper_fd);
        strv_release(&runner->lowers);
        strv_release(&runner->objects);
        strv_release(&runner->reasons);
        free(runner->program);
        free(runner->meaning);
        free(runner->resumed);
        free(runner->node_module);
        egress_link_close(&runner->egress);
        plan_release(&runner->plan);
        uplink_release(&runner->up);
        sandbox_client_release(&runner->helper);
        channel_release(&runner->supervisor);
}

static int parse_arguments(int argc, char **argv, struct runner_options *ret, struct err *err)
{
        const struct {
                const char *name;
                const char **value;
        } options[] = {{"--run-folder", &ret->run_folder}, {"--repository", &ret->repository}, {"--base", &ret->base}};
        const size_t count = sizeof(options) / sizeof(options[0]);

        for (int i = 1; i < argc; i += 2) {
                size_t at = 0;

                while (at < count && strcmp(options[at].name, argv[i]) != 0)
                        at++;
                if (at == count || i + 1 == argc)
                        return err_set(err, ERR_INPUT, "%.64s: unknown option, or its value is missing", argv[i]);
                *options[at].value = argv[i + 1];
        }
        for (size_t i = 0; i < count; i++)
                if (!*options[i].value)
                        return err_set(err, ERR_INPUT, "%s is missing; cupel starts this program", options[i].name);
        return 0;
}

static int set_nonblocking(int fd, struct err *err)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fs_set_cloexec(fd, 1) < 0)
                return err_errno(err, "descriptor %d; cupel starts this program", fd);
        return 0;
}

static int run(struct runner *runner, struct err *err)
{
        if (set_nonblocking(runner->options.supervisor_fd, err) < 0 ||
            set_nonblocking(runner->options.helper_fd, err) < 0)
                return -1;
        return loop_run(runner, err);
}

int runner_main(int argc, char **argv, char *const *envp)
{
        struct runner_options options = {.supervisor_fd = CAGED_CONTROL_FD, .helper_fd = CAGED_HELPER_FD, .envp = envp};
        struct err err = ERR_INIT;
        struct runner runner;
        int failed, status;

        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signals_spare_writers();
        if (parse_arguments(argc, argv, &options, &err) < 0) {
                err_report(stderr, "cupel-runner", &err);
                return err_exit_status(&err);
        }
        runner_init(&runner, &options);
        failed = run(&runner, &err);
        if (failed && err.code != ERR_OK)
                err_report(stderr, "cupel-runner", &err);
        status = failed ? (err.code == ERR_OK ? 70 : err_exit_status(&err)) : 0;
        /* A job that still runs owns the candidate; the cage goes with this process either way. */
        if (runner.job)
                _exit(status);
        memory_leave(status);
        runner_release(&runner);
        return status;
}
