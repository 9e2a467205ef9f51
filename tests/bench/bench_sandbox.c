/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the sandbox alone, all layers on: from the spawn of cupel-sandbox to the end of a step that runs true(1), and to the
 * moment in which the step's program is there, as scripts/bench compares both with one bwrap.
 *
 *         bench-sandbox ROUNDS [FILES]     {"start_ms": median, "step_ms": median of a further step of the same helper,
 *                                          "discard_ms": median of dropping the worktree in which the further step made
 *                                          FILES new files: from letting the helper go to its end}
 *         bench-sandbox beside ROUNDS      {"cupel": median start_ms, "bwrap": …, "codex": …, "srt": …, "exec": {the same}}:
 *                                          each of those that are on the PATH, one after the other in each round, so that
 *                                          what else the machine does hits all of them. "exec": from the spawn until the
 *                                          program in the sandbox, date(1), reads the clock
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static int run_step(struct sandbox_client *client, const char *const *argv, int log, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct sandbox_result result = {0};

        step.name = xstrdup("bench");
        for (; *argv; argv++)
                strv_add(&step.argv, *argv);
        if (sandbox_step_run(client, &step, log, NULL, &result, err) < 0)
                return -1;
        if (result.reason != SANDBOX_REASON_EXIT || result.exit_code != 0)
                return err_set(err, ERR_SANDBOX, "the step ended with %s %d: %s", sandbox_reason_name(result.reason),
                               result.exit_code, result.message);
        return 0;
}

/* WEAKEN_LAYERS=… for the program that leaves layers out; NULL for the real one. */
static const char *weaken;

/* The same moment by both clocks: ours, and the wall's in nanoseconds, as date tells it. */
struct begin {
        uint64_t us;
        int64_t wall_ns;
};

static struct begin begin_now(void)
{
        struct timespec wall;

        clock_gettime(CLOCK_REALTIME, &wall);
        return (struct begin){clock_us(), (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec};
}

struct helper {
        struct sandbox_client client;
        pid_t pid;
        struct begin begin;
};

/* From its spawn to the end of its first step. */
static int start_helper(const char *program, const struct sandbox_plan *plan, const char *const *step, int log,
                        struct helper *ret, struct err *err)
{
        char *argv[] = {(char *)program, (char *)"helper", NULL};
        char *envp[] = {(char *)"PATH=/usr/bin:/bin", (char *)weaken, NULL};
        _cleanup_sandbox_event_ struct sandbox_event ready = {.fd = -1};
        int pair[2];

        mkdir(plan->scratch, 0700); /* as a run's folder has it */
        ret->begin = begin_now();
        if (channel_pair(pair, err) < 0 || spawn(program, argv, envp, &pair[1], 1, &ret->pid, err) < 0)
                return -1;
        close(pair[1]);
        sandbox_client_init(&ret->client, pair[0]);
        if (sandbox_prepare(&ret->client, plan, err) < 0 ||
            sandbox_wait(&ret->client, SANDBOX_EVENT_READY, &ready, err) < 0)
                return -1;
        return run_step(&ret->client, step, log, err);
}

static double ms_since(uint64_t begin)
{
        return (double)(clock_us() - begin) / 1000;
}

static void end_helper(struct helper *helper)
{
        sandbox_client_release(&helper->client);
        waitpid(helper->pid, NULL, 0);
}

static const char *const nothing[] = {"true", NULL};

static int one_round(const char *program, const struct sandbox_plan *plan, const char *script, int log,
                     double ret_ms[3], struct err *err)
{
        const char *const further[] = {"sh", "-c", script ? script : "true", NULL};
        struct helper helper;
        uint64_t begin;

        if (start_helper(program, plan, nothing, log, &helper, err) < 0)
                return -1;
        ret_ms[0] = ms_since(helper.begin.us);
        begin = clock_us();
        if (run_step(&helper.client, nothing, log, err) < 0)
                return -1;
        ret_ms[1] = ms_since(begin);
        if (run_step(&helper.client, further, log, err) < 0)
                return -1;
        begin = clock_us();
        end_helper(&helper);
        ret_ms[2] = ms_since(begin);
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
#define WORDS_MAX 10

static const struct other {
        const char *name, *words[WORDS_MAX];
        bool slow;
} others[] = {
        {"bwrap", {"bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", NULL}, false},
        {"codex", {"codex", "sandbox", NULL}, true},
        {"srt", {"srt", NULL}, true},
};
#define OTHERS (sizeof(others) / sizeof(*others))

/* What the program does in each of them: nothing, timed to its end; or it tells when it was there. */
enum { TO_THE_END, TO_EXEC, WAYS };
static const char *const clock_told[] = {"date", "+%s%N", NULL};
static const char *const *const programs[WAYS] = {nothing, clock_told};

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

static int begin_log(int log)
{
        return ftruncate(log, 0) == 0 && lseek(log, 0, SEEK_SET) == 0 ? 0 : -1;
}

/* -1: the log should have the time, and has not. */
static double took_ms(const struct begin *begin, int way, int log)
{
        char text[32] = {0};
        int64_t told;

        if (way == TO_THE_END)
                return ms_since(begin->us);
        told = pread(log, text, sizeof(text) - 1, 0) > 0 ? strtoll(text, NULL, 10) : 0;
        return told < begin->wall_ns ? -1 : (double)(told - begin->wall_ns) / 1e6;
}

static double time_ours(const struct bench *bench, int way, struct err *err)
{
        struct helper helper;
        double took;

        if (begin_log(bench->log) < 0)
                return err_errno(err, "empty the log");
        if (start_helper(bench->program, bench->plan, programs[way], bench->log, &helper, err) < 0)
                return -1;
        took = took_ms(&helper.begin, way, bench->log);
        end_helper(&helper);
        return took < 0 ? err_set(err, ERR_SYSTEM, "date +%%s%%N does not tell the time here") : took;
}

/* -1: it does not run here. */
static double time_other(const char *file, const struct other *other, int way, int log)
{
        const char *argv[WORDS_MAX + 3] = {0};
        struct err err = ERR_INIT;
        struct begin begin;
        int status = -1;
        size_t len = 0;
        pid_t pid;

        for (; other->words[len]; len++)
                argv[len] = other->words[len];
        for (const char *const *word = programs[way]; *word; word++)
                argv[len++] = *word;
        if (begin_log(log) < 0)
                return -1;
        begin = begin_now();
        if (spawn_away(file, (char *const *)argv, environ, NULL, 0, log, &pid, &err) < 0 ||
            waitpid(pid, &status, 0) < 0 || status != 0)
                return -1;
        return took_ms(&begin, way, log);
}

struct beside {
        char *files[OTHERS];
        double *ours, *theirs[OTHERS];
        size_t taken[OTHERS];
};

static int beside_once(const struct bench *bench, struct beside *beside, int way, size_t round, struct err *err)
{
        if ((beside->ours[round] = time_ours(bench, way, err)) < 0)
                return -1;
        for (size_t k = 0; k < OTHERS; k++) {
                double took = beside->files[k] && (!others[k].slow || round < SLOW_ROUNDS)
                                      ? time_other(beside->files[k], &others[k], way, bench->log)
                                      : -1;

                if (took >= 0)
                        beside->theirs[k][beside->taken[k]++] = took;
        }
        return 0;
}

static void beside_print(struct beside *beside, size_t rounds)
{
        printf("\"cupel\": %.3f", median(beside->ours, rounds));
        for (size_t k = 0; k < OTHERS; k++) {
                if (beside->taken[k])
                        printf(", \"%s\": %.3f", others[k].name, median(beside->theirs[k], beside->taken[k]));
                free(beside->theirs[k]);
                free(beside->files[k]);
        }
        free(beside->ours);
}

static int beside_all(struct bench *bench, struct err *err)
{
        struct beside ways[WAYS] = {0};

        for (int way = 0; way < WAYS; way++) {
                ways[way].ours = xcalloc(bench->rounds + 1, sizeof(double));
                for (size_t k = 0; k < OTHERS; k++) {
                        ways[way].theirs[k] = xcalloc(bench->rounds + 1, sizeof(double));
                        ways[way].files[k] = find_on_path(others[k].name);
                }
        }
        for (size_t i = 0; i < bench->rounds; i++)
                for (int way = 0; way < WAYS; way++)
                        if (beside_once(bench, &ways[way], way, i, err) < 0)
                                return -1;
        printf("{");
        beside_print(&ways[TO_THE_END], bench->rounds);
        printf(", \"exec\": {");
        beside_print(&ways[TO_EXEC], bench->rounds);
        printf("}}\n");
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
        double round[3] = {0};
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
                              memfd_create("bench", MFD_CLOEXEC)};
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
                status = beside_all(&bench, &err);
        else if (is_layers)
                status = compare_layers(&bench, &err);
        else
                status = measure(&bench, argc > 2 ? strtoul(argv[2], NULL, 10) : 0, &err);
        if (status < 0)
                err_report(stderr, "bench-sandbox", &err);
        fs_remove_tree_at(AT_FDCWD, folder, &ignored);
        return status == 0 ? 0 : 70;
}
