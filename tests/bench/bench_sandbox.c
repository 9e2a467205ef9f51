/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the sandbox alone: from the spawn of cupel-sandbox to the end of a step that runs true(1), all layers on, as
 * scripts/bench compares it with one bwrap. Usage: bench-sandbox ROUNDS [FILES]; prints {"start_ms": median, "step_ms":
 * median of a further step of the same helper, "discard_ms": median of dropping the worktree in which the further step made
 * FILES new files: from letting the helper go to its end}.
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

static int run_step(struct sandbox_client *client, const char *script, int log, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct sandbox_result result = {0};

        step.name = xstrdup("bench");
        strv_add(&step.argv, script ? "sh" : "true");
        if (script) {
                strv_add(&step.argv, "-c");
                strv_add(&step.argv, script);
        }
        if (sandbox_step_run(client, &step, log, NULL, &result, err) < 0)
                return -1;
        if (result.reason != SANDBOX_REASON_EXIT || result.exit_code != 0)
                return err_set(err, ERR_SANDBOX, "the step ended with %s %d: %s", sandbox_reason_name(result.reason),
                               result.exit_code, result.message);
        return 0;
}

static int one_round(const char *program, const struct sandbox_plan *plan, const char *script, int log,
                     double ret_ms[3], struct err *err)
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
            run_step(&client, NULL, log, err) < 0)
                return -1;
        first = clock_us();
        ret_ms[0] = (double)(first - begin) / 1000;
        if (run_step(&client, NULL, log, err) < 0)
                return -1;
        ret_ms[1] = (double)(clock_us() - first) / 1000;
        if (run_step(&client, script, log, err) < 0)
                return -1;
        sandbox_event_release(&ready);
        begin = clock_us();
        sandbox_client_release(&client);
        waitpid(pid, NULL, 0);
        ret_ms[2] = (double)(clock_us() - begin) / 1000;
        return 0;
}

static double median(double *values, size_t len)
{
        qsort(values, len, sizeof(*values), compare);
        return values[len / 2];
}

int main(int argc, char **argv)
{
        size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
        unsigned long files = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
        double *ms[3] = {xcalloc(rounds + 1, sizeof(double)), xcalloc(rounds + 1, sizeof(double)),
                         xcalloc(rounds + 1, sizeof(double))};
        _cleanup_free_ char *script = xasprintf("for i in $(seq %lu); do echo $i > n$i; done", files);
        char folder[] = "/tmp/cupel-bench-XXXXXX";
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct err err = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", &err);
        int log = open("/dev/null", O_RDWR | O_CLOEXEC), status = 0;

        if (!program || !mkdtemp(folder) || log < 0)
                return 70;
        plan.worktree = xstrdup(folder);
        plan.scratch = xasprintf("%s/scratch", folder);
        plan.home = xstrdup("/home/bench");
        strv_add_printf(&plan.lower, "%s/lower", folder);
        mkdir(plan.lower.items[0], 0755);
        sandbox_plan_set_ids(&plan);
        for (size_t i = 0; status == 0 && i < rounds; i++) {
                double round[3] = {0};

                status = one_round(program, &plan, script, log, round, &err);
                for (size_t k = 0; k < 3; k++)
                        ms[k][i] = round[k];
        }
        if (status == 0)
                printf("{\"start_ms\": %.3f, \"step_ms\": %.3f, \"discard_ms\": %.3f}\n", median(ms[0], rounds),
                       median(ms[1], rounds), median(ms[2], rounds));
        else
                err_report(stderr, "bench-sandbox", &err);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
        for (size_t k = 0; k < 3; k++)
                free(ms[k]);
        return status == 0 ? 0 : 70;
}
