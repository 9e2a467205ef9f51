/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the sandbox alone: from the spawn of cupel-sandbox to the end of a step that runs true(1), all layers on, as
 * scripts/bench compares it with one bwrap. Usage: bench-sandbox ROUNDS; prints {"start_ms": median, "step_ms": median of
 * each further step of the same helper}.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/spawn.h"
#include "sandbox/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static int run_true(struct sandbox_client *client, int log, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct sandbox_result result = {0};

        step.name = xstrdup("bench");
        strv_add(&step.argv, "true");
        if (sandbox_step_run(client, &step, log, NULL, &result, err) < 0)
                return -1;
        if (result.reason != SANDBOX_REASON_EXIT || result.exit_code != 0)
                return err_set(err, ERR_SANDBOX, "true ended with %s %d: %s", sandbox_reason_name(result.reason),
                               result.exit_code, result.message);
        return 0;
}

static int one_round(const char *program, const struct sandbox_plan *plan, int log, double ret_ms[2], struct err *err)
{
        char *argv[] = {(char *)program, (char *)"helper", NULL};
        char *envp[] = {(char *)"PATH=/usr/bin:/bin", NULL};
        struct sandbox_client client;
        struct sandbox_event ready = {0};
        uint64_t begin = clock_us(), first;
        int pair[2];
        pid_t pid;

        if (channel_pair(pair, err) < 0 || spawn(program, argv, envp, &pair[1], 1, &pid, err) < 0)
                return -1;
        close(pair[1]);
        sandbox_client_init(&client, pair[0]);
        if (sandbox_prepare(&client, plan, err) < 0 || sandbox_wait(&client, SANDBOX_EVENT_READY, &ready, err) < 0 ||
            run_true(&client, log, err) < 0)
                return -1;
        first = clock_us();
        ret_ms[0] = (double)(first - begin) / 1000;
        if (run_true(&client, log, err) < 0)
                return -1;
        ret_ms[1] = (double)(clock_us() - first) / 1000;
        sandbox_event_release(&ready);
        sandbox_client_release(&client);
        waitpid(pid, NULL, 0);
        return 0;
}

int main(int argc, char **argv)
{
        size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
        double *start = calloc(rounds + 1, sizeof(*start)), *step = calloc(rounds + 1, sizeof(*step));
        char folder[] = "/tmp/cupel-bench-XXXXXX";
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct err err = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", &err);
        int log = open("/dev/null", O_RDWR | O_CLOEXEC), status = 0;

        if (!program || !start || !step || !mkdtemp(folder) || log < 0)
                return 70;
        plan.worktree = xstrdup(folder);
        plan.scratch = xasprintf("%s/scratch", folder);
        plan.home = xstrdup("/home/bench");
        strv_add_printf(&plan.lower, "%s/lower", folder);
        mkdir(plan.lower.items[0], 0755);
        sandbox_plan_set_ids(&plan);
        for (size_t i = 0; status == 0 && i < rounds; i++) {
                double ms[2] = {0};

                status = one_round(program, &plan, log, ms, &err);
                start[i] = ms[0];
                step[i] = ms[1];
        }
        if (status == 0) {
                qsort(start, rounds, sizeof(*start), compare);
                qsort(step, rounds, sizeof(*step), compare);
                printf("{\"start_ms\": %.3f, \"step_ms\": %.3f}\n", start[rounds / 2], step[rounds / 2]);
        } else {
                err_report(stderr, "bench-sandbox", &err);
        }
        fs_remove_tree_at(AT_FDCWD, folder, &err);
        free(start);
        free(step);
        return status == 0 ? 0 : 70;
}
