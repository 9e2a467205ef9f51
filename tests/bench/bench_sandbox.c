/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the sandbox alone: from the spawn of cupel-sandbox to the end of a step that runs true(1), all layers on, as
 * scripts/bench compares it with one bwrap.
 *
 *         bench-sandbox ROUNDS [FILES]     {"start_ms": median, "step_ms": median of a further step of the same helper,
 *                                          "discard_ms": median of dropping the worktree in which the further step made
 *                                          FILES new files: from letting the helper go to its end}
 *         bench-sandbox beside ROUNDS      {"cupel": median start_ms, "bwrap": …, "codex": …, "srt": …}: each of those that
 *                                          are on the PATH, one after the other in each round, so that what else the machine
 *                                          does hits all of them
 *         bench-sandbox layers ROUNDS      {layer: ms}: what the start takes less when that layer is left out; the fastest
 *                                          tenth of each, by turns: a cost is small beside what else a machine does
 *                                          (../tests/bin/cupel-sandbox-weak)
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

/* WEAKEN_LAYERS=… for the program that leaves layers out; NULL for the real one. */
static const char *weaken;

static int one_round(const char *program, const struct sandbox_plan *plan, const char *script, int log,
                     double ret_ms[3], struct err *err)
{
        char *argv[] = {(char *)program, (char *)"helper", NULL};
        char *envp[] = {(char *)"PATH=/usr/bin:/bin", (char *)weaken, NULL};
        struct sandbox_client client;
        struct sandbox_event ready = {0};
        uint64_t begin, first;
        int pair[2];
        pid_t pid;

        mkdir(plan->scratch, 0700); /* as a run's folder has it */
        begin = clock_us();
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

static double quantile(double *values, size_t len, size_t parts)
{
        qsort(values, len, sizeof(*values), compare);
        return values[len / parts];
}

static double median(double *values, size_t len)
{
        return quantile(values, len, 2);
}

struct bench {
        const char *program;
        const struct sandbox_plan *plan;
        size_t rounds;
        int log;
};

static int measure(const struct bench *bench, unsigned long files, struct err *err)
{
        size_t rounds = bench->rounds;
        double *ms[3] = {xcalloc(rounds + 1, sizeof(double)), xcalloc(rounds + 1, sizeof(double)),
                         xcalloc(rounds + 1, sizeof(double))};
        _cleanup_free_ char *script = xasprintf("for i in $(seq %lu); do echo $i > n$i; done", files);
        int status = 0;

        for (size_t i = 0; status == 0 && i < rounds; i++) {
                double round[3] = {0};

                status = one_round(bench->program, bench->plan, script, bench->log, round, err);
                for (size_t k = 0; k < 3; k++)
                        ms[k][i] = round[k];
        }
        if (status == 0)
                printf("{\"start_ms\": %.3f, \"step_ms\": %.3f, \"discard_ms\": %.3f}\n", median(ms[0], rounds),
                       median(ms[1], rounds), median(ms[2], rounds));
        for (size_t k = 0; k < 3; k++)
                free(ms[k]);
        return status;
}

/* ---- Beside others ---- */

#define SLOW_ROUNDS 20 /* of who takes many times as long */

static const struct other {
        const char *name, *argv[12];
        bool slow;
} others[] = {
        {"bwrap",
         {"bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "true", NULL},
         false},
        {"codex", {"codex", "sandbox", "true", NULL}, true},
        {"srt", {"srt", "true", NULL}, true},
};
#define OTHERS (sizeof(others) / sizeof(*others))

static char *find_on_path(const char *name)
{
        _cleanup_free_ char *copy = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
        char *rest = copy;

        for (char *folder; (folder = strsep(&rest, ":"));) {
                char *file = xasprintf("%s/%s", folder, name);

                if (access(file, X_OK) == 0)
                        return file;
                free(file);
        }
        return NULL;
}

/* -1: it does not run here. */
static double time_other(const char *file, const struct other *other, int null)
{
        uint64_t begin = clock_us();
        struct err err = ERR_INIT;
        int status = -1;
        pid_t pid;

        if (spawn_away(file, (char *const *)other->argv, environ, NULL, 0, null, &pid, &err) < 0 ||
            waitpid(pid, &status, 0) < 0 || status != 0)
                return -1;
        return (double)(clock_us() - begin) / 1000;
}

static int beside(const struct bench *bench, struct err *err)
{
        double *ours = xcalloc(bench->rounds + 1, sizeof(double)), *theirs[OTHERS];
        char *files[OTHERS];
        size_t taken[OTHERS] = {0};

        for (size_t k = 0; k < OTHERS; k++) {
                theirs[k] = xcalloc(bench->rounds + 1, sizeof(double));
                files[k] = find_on_path(others[k].name);
        }
        for (size_t i = 0; i < bench->rounds; i++) {
                double round[3];

                if (one_round(bench->program, bench->plan, NULL, bench->log, round, err) < 0)
                        return -1;
                ours[i] = round[0];
                for (size_t k = 0; k < OTHERS; k++) {
                        double took = files[k] && (!others[k].slow || i < SLOW_ROUNDS)
                                              ? time_other(files[k], &others[k], bench->log)
                                              : -1;

                        if (took >= 0)
                                theirs[k][taken[k]++] = took;
                }
        }
        printf("{\"cupel\": %.3f", median(ours, bench->rounds));
        for (size_t k = 0; k < OTHERS; k++) {
                if (taken[k])
                        printf(", \"%s\": %.3f", others[k].name, median(theirs[k], taken[k]));
                free(theirs[k]);
                free(files[k]);
        }
        printf("}\n");
        free(ours);
        return 0;
}

/* ---- Layers ---- */

/* Namespaces and mounts carry each other and cannot be left out one by one: what stands here can. */
static const char *const layers[] = {"none",      "net",     "seccomp", "landlock",  "caps,bounding,securebits,nnp",
                                     "rlimits",   "keyring", "proc-ro", "proc-mask", "nested",
                                     "ro-system", "uts",     "ipc",     "cgroup"};

static int start_without(const struct bench *bench, const char *layer, double *ret_ms, struct err *err)
{
        _cleanup_free_ char *variable = xasprintf("WEAKEN_LAYERS=%s", layer);
        double round[3];
        int status;

        weaken = variable;
        status = one_round(bench->program, bench->plan, NULL, bench->log, round, err);
        weaken = NULL;
        *ret_ms = round[0];
        return status;
}

static int compare_layers(struct bench *bench, struct err *err)
{
        _cleanup_free_ char *beside_us = sibling_path("cupel-sandbox", err);
        _cleanup_free_ char *program = NULL;
        double *with = xcalloc(bench->rounds + 1, sizeof(double)),
               *without = xcalloc(bench->rounds + 1, sizeof(double));

        if (!beside_us)
                return -1;
        *strrchr(beside_us, '/') = '\0';
        program = xasprintf("%s/../tests/bin/cupel-sandbox-weak", beside_us);
        bench->program = program;
        printf("{");
        for (size_t k = 0; k < sizeof(layers) / sizeof(*layers); k++) {
                for (size_t i = 0; i < bench->rounds; i++)
                        if (start_without(bench, "", &with[i], err) < 0 ||
                            start_without(bench, layers[k], &without[i], err) < 0)
                                return -1;
                printf("%s\"%s\": %.3f", k ? ", " : "", layers[k],
                       quantile(with, bench->rounds, 10) - quantile(without, bench->rounds, 10));
        }
        printf("}\n");
        free(with);
        free(without);
        return 0;
}

int main(int argc, char **argv)
{
        bool is_beside = argc > 1 && strcmp(argv[1], "beside") == 0;
        bool is_layers = argc > 1 && strcmp(argv[1], "layers") == 0;
        int first = is_beside || is_layers ? 2 : 1;
        char folder[] = "/tmp/cupel-bench-XXXXXX";
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;
        struct err err = ERR_INIT, ignored;
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", &err);
        struct bench bench = {program, &plan, argc > first ? strtoul(argv[first], NULL, 10) : 50,
                              open("/dev/null", O_RDWR | O_CLOEXEC)};
        int status;

        if (!program || !mkdtemp(folder) || bench.log < 0)
                return 70;
        plan.worktree = xstrdup(folder);
        plan.scratch = xasprintf("%s/scratch", folder);
        plan.home = xstrdup("/home/bench");
        strv_add_printf(&plan.lower, "%s/lower", folder);
        mkdir(plan.lower.items[0], 0755);
        sandbox_plan_set_ids(&plan);
        if (is_beside)
                status = beside(&bench, &err);
        else if (is_layers)
                status = compare_layers(&bench, &err);
        else
                status = measure(&bench, argc > 2 ? strtoul(argv[2], NULL, 10) : 0, &err);
        if (status < 0)
                err_report(stderr, "bench-sandbox", &err);
        fs_remove_tree_at(AT_FDCWD, folder, &ignored);
        return status == 0 ? 0 : 70;
}
