/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a real helper: what they may, what they leave, and how they end. */
#include "site.h"

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
}

static void teardown(void)
{
        bench_end(&bench);
}

TestSuite(step, .init = setup, .fini = teardown, .timeout = 60);

static void check_life(enum sandbox_tier tier)
{
        struct stat status;
        char *scratch = xstrdup(bench.plan.scratch);
        int upper;

        bench_start(&bench, tier);
        run_shell(&bench, SANDBOX_WORK,
                  "cat file && echo two > new && rm dir/file && mkdir made && ln -s /etc/shadow link");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        cr_assert_str_eq(bench.log, "one\n");
        upper = freeze_upper(&bench);
        cr_assert(fstatat(upper, "new", &status, 0) == 0 && status.st_size == 4);
        cr_assert(fstatat(upper, "dir/file", &status, 0) == 0 && S_ISCHR(status.st_mode));
        cr_assert(fstatat(upper, "link", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode));
        cr_assert(fstatat(upper, "file", &status, 0) < 0, "an unchanged file is in the upper");

        run_shell(&bench, SANDBOX_VERIFY, "test -f new && test ! -e dir/file && echo changed > new && touch more");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        run_shell(&bench, SANDBOX_VERIFY, "cat new; test ! -e more");
        cr_assert_eq(bench.result.exit_code, 0);
        cr_assert_str_eq(bench.log, "two\n");
        cr_assert(fstatat(upper, "more", &status, 0) < 0);
        run_shell(&bench, SANDBOX_READONLY, "cat new; ! touch file 2> /dev/null");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        close(upper);

        sandbox_client_release(&bench.client);
        waitpid(bench.pid, NULL, 0);
        bench.pid = 0;
        cr_assert(stat(scratch, &status) < 0, "scratch stays behind");
        free(scratch);
}

Test(step, work_is_frozen_and_verified_over)
{
        check_life(SANDBOX_TIER_A);
}

Test(step, the_same_without_overlay)
{
        bench.plan.force_copy = true;
        check_life(SANDBOX_TIER_B);
}

Test(step, the_same_with_the_upper_on_disk)
{
        bench.plan.upper = SANDBOX_UPPER_DISK;
        check_life(SANDBOX_TIER_A);
}

/* A room of the director: each verifier's worktree is fresh, the first one's too, which has the place of the work. */
static void check_room(enum sandbox_tier tier)
{
        bench.plan.no_work = true;
        bench_start(&bench, tier);
        for (int i = 0; i < 3; i++) {
                run_shell(&bench, SANDBOX_VERIFY, "cat file dir/file; test ! -e more && touch more && rm dir/file");
                cr_assert_eq(bench.result.exit_code, 0, "%d: %s", i, bench.log);
                cr_assert_str_eq(bench.log, "one\none\n");
        }
        run_shell(&bench, SANDBOX_READONLY, "cat dir/file; test ! -e more && ! touch more 2> /dev/null");
        cr_assert_str_eq(bench.log, "one\n");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
}

Test(step, nobody_worked_and_each_verifier_starts_fresh)
{
        check_room(SANDBOX_TIER_A);
}

Test(step, nobody_worked_without_overlay)
{
        bench.plan.force_copy = true;
        check_room(SANDBOX_TIER_B);
}

Test(step, nobody_worked_with_the_upper_on_disk)
{
        bench.plan.upper = SANDBOX_UPPER_DISK;
        check_room(SANDBOX_TIER_A);
}

Test(step, copy_is_refused_where_the_plan_wants_overlay)
{
        struct sandbox_event event;
        char *program = program_path("cupel-sandbox");
        char *argv[] = {program, (char *)"helper", NULL};
        int pair[2];

        bench.plan.force_copy = true;
        bench.plan.minimum = SANDBOX_TIER_A;
        cr_assert(channel_pair(pair, &bench.err) == 0 &&
                  spawn(program, argv, environ, &pair[1], 1, &bench.pid, &bench.err) == 0);
        close(pair[1]);
        free(program);
        sandbox_client_init(&bench.client, pair[0]);
        cr_assert(sandbox_prepare(&bench.client, &bench.plan, &bench.err) == 0);
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_READY, &event, &bench.err) < 0);
        cr_assert_eq(bench.err.code, ERR_SANDBOX);
        cr_assert(strstr(bench.err.message, "overlay"));
}

Test(step, carried_folders_are_there_and_stay_pristine)
{
        char *host = below(&bench, "base/dir");
        struct stat status;

        sandbox_shows_add(&bench.plan.carry, host, "node_modules");
        bench_start(&bench, SANDBOX_TIER_A);
        for (int i = 0; i < 2; i++) {
                run_shell(&bench, SANDBOX_WORK,
                          "cat node_modules/file && test ! -e node_modules/x && touch node_modules/x");
                cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        }
        run_shell(&bench, SANDBOX_WORK, "ls > /dev/null");
        run_shell(&bench, SANDBOX_READONLY, "cat node_modules/file");
        cr_assert_str_eq(bench.log, "one\n");
        cr_assert(fstatat(AT_FDCWD, host, &status, 0) == 0);
        free(host);
}

Test(step, what_the_host_has_is_not_there)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "ls -A $HOME; ls /tmp; test ! -e /run -a ! -e /sys -a ! -e /etc/shadow; id -u");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        cr_assert(!strstr(bench.log, "\n0\n"), "a step is root: %s", bench.log);
        cr_assert(strncmp(bench.log, strrchr(bench.folder, '/') + 1, 5) == 0, "only the worktree's way in /tmp: %s",
                  bench.log);
}

Test(step, shown_folders_keep_their_path_and_are_read_only)
{
        char *host = below(&bench, "base/dir");

        sandbox_shows_add(&bench.plan.read, host, "/home/nobody-here/tools");
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "cat ~/tools/file && touch ~/mine && ! touch ~/tools/x 2> /dev/null");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        free(host);
}

Test(step, attacks_are_refused)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "attack | grep '^not' && exit 1; exit 0");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
}

Test(step, an_orphan_is_dead_before_the_read_back)
{
        struct stat before, after;
        int upper;

        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "attack raw orphan");
        cr_assert_eq(bench.result.exit_code, 0);
        upper = freeze_upper(&bench);
        cr_assert(fstatat(upper, "orphan", &before, 0) == 0);
        run_shell(&bench, SANDBOX_VERIFY, "! pgrep attack");
        cr_assert(fstatat(upper, "orphan", &after, 0) == 0);
        cr_assert_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
        close(upper);
}

static void expect_end(const char *command, struct sandbox_limits limits, enum sandbox_reason reason)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, command);

        step.limits = limits;
        run_step(&bench, &step);
        cr_expect_eq(bench.result.reason, reason, "%s ended with %s", command,
                     sandbox_reason_name(bench.result.reason));
}

Test(step, budgets_end_a_step)
{
        bench_start(&bench, SANDBOX_TIER_A);
        expect_end("sleep 100", (struct sandbox_limits){.wall_ms = 100}, SANDBOX_REASON_WALL);
        expect_end("attack raw burn", (struct sandbox_limits){.cpu_ms = 100}, SANDBOX_REASON_CPU);
        expect_end("attack raw eat_memory", (struct sandbox_limits){.memory_bytes = 64 << 20}, SANDBOX_REASON_MEMORY);
        expect_end("attack raw eat_headless", (struct sandbox_limits){.memory_bytes = 64 << 20, .wall_ms = 20000},
                   SANDBOX_REASON_MEMORY);
        expect_end("cat /dev/zero", (struct sandbox_limits){.output_bytes = 1 << 20}, SANDBOX_REASON_OUTPUT);
        expect_end("attack raw fork_bomb", (struct sandbox_limits){.wall_ms = 500, .processes = 50},
                   SANDBOX_REASON_PROCESSES);
        expect_end("cat /dev/zero > big; sleep 100", (struct sandbox_limits){.wall_ms = 60000}, SANDBOX_REASON_DISK);
}

Test(step, removed_files_count_in_an_upper_on_disk)
{
        bench.plan.upper = SANDBOX_UPPER_DISK;
        bench.plan.upper_inodes = 4096;
        bench_start(&bench, SANDBOX_TIER_A);
        expect_end("exec 3> gone; rm gone; head -c 12M /dev/zero >&3; (sleep 1) & (sleep 1) & wait",
                   (struct sandbox_limits){.wall_ms = 60000}, SANDBOX_REASON_EXIT);
        expect_end(
                "exec 3> one; exec 4> two; rm one two; head -c 12M /dev/zero >&3; head -c 12M /dev/zero >&4; sleep 100",
                (struct sandbox_limits){.wall_ms = 60000}, SANDBOX_REASON_DISK);
        cr_assert(bench.result.uses[SANDBOX_LIMIT_DISK].peak > (16 << 20));
        cr_assert(bench.result.uses[SANDBOX_LIMIT_DISK].by == SANDBOX_MEANS_POLLED);
        expect_end("attack raw fill_headless", (struct sandbox_limits){.wall_ms = 20000}, SANDBOX_REASON_DISK);
        expect_end("mkdir m; i=0; while [ $i -lt 5000 ]; do : > m/$i; i=$((i + 1)); done; sleep 100",
                   (struct sandbox_limits){.wall_ms = 60000}, SANDBOX_REASON_DISK);
}

Test(step, the_log_keeps_head_and_tail)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "seq -f 'line %.0f' 0 99999");

        bench_start(&bench, SANDBOX_TIER_A);
        step.limits.log_bytes = 1000;
        run_step(&bench, &step);
        cr_assert(strstr(bench.log, "line 0\n"));
        cr_assert(strstr(bench.log, "bytes of output left out]"));
        cr_assert(strstr(bench.log, "line 99999\n"));
        cr_assert_lt(strlen(bench.log), 1100);
        cr_assert_eq(bench.result.output_bytes - bench.result.left_out, 1000);
}

/* A log is the kept bytes and one line about the rest, however fast the command writes. */
static void expect_log(uint64_t log_bytes, uint64_t output_bytes, uint64_t most)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "cat /dev/zero");

        step.limits.log_bytes = log_bytes;
        step.limits.output_bytes = output_bytes;
        run_step(&bench, &step);
        cr_expect_eq(bench.result.reason, SANDBOX_REASON_OUTPUT);
        cr_expect_geq((uint64_t)bench.log_size, most);
        cr_expect_leq((uint64_t)bench.log_size, most + 96, "%lld bytes", (long long)bench.log_size);
        cr_expect_eq(bench.result.output_bytes, output_bytes + 1);
}

Test(step, a_spent_output_budget_bounds_the_log)
{
        bench_start(&bench, SANDBOX_TIER_A);
        expect_log(0, 1 << 20, 1 << 20);
        expect_log(16 << 20, 1 << 20, 1 << 20);
        expect_log(4096, 1 << 20, 4096);
        expect_log(0, 1, 1);
}

static int cancel_at_once(void *arg)
{
        (*(int *)arg)++;
        return 1;
}

Test(step, a_watched_descriptor_cancels)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "sleep 100");
        int calls = 0, pipes[2];
        struct sandbox_watch watch = {.ready = cancel_at_once, .arg = &calls};

        cr_assert(pipe(pipes) == 0 && write(pipes[1], "x", 1) == 1);
        watch.fd = pipes[0];
        bench_start(&bench, SANDBOX_TIER_A);
        cr_assert(sandbox_step_run(&bench.client, &step, -1, &watch, &bench.result, &bench.err) == 0);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_KILLED);
        cr_assert_eq(calls, 1);
        sandbox_step_release(&step);
}

Test(step, what_cannot_start_says_why)
{
        struct sandbox_step step = SANDBOX_STEP_INIT;

        bench_start(&bench, SANDBOX_TIER_A);
        step.name = xstrdup("missing");
        strv_add(&step.argv, "no-such-command");
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_SETUP);
        cr_assert(strstr(bench.result.message, "no-such-command"));
        cr_assert(strstr(bench.log, "no-such-command"));
}

/* The host's tree lies over the step's root until PID 1 has left it, which takes long here: ".." of "/" leads there. */
Test(step, a_working_folder_that_is_a_link_stays_inside)
{
        struct sandbox_step step;

        bench.program = "../tests/bin/cupel-sandbox-weak";
        setenv("WEAKEN_LAYERS", "late-leave", 1);
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "ln -s /.. up");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        step = shell_step(SANDBOX_WORK, "pwd -P && test . -ef / && test -d cupel");
        step.cwd = xasprintf("%s/up", bench.plan.worktree);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
}

/* In a cage all of the host is read-only already; here it is not. */
Test(step, devices_of_the_host_keep_their_modes_and_times)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK,
                  "for file in /dev/null /dev/zero /dev/full /dev/random /dev/urandom /proc/keys; do "
                  "test -e $file || continue; test -w $file && ! touch -c $file 2> /dev/null && "
                  "! chmod +r $file 2> /dev/null || echo $file; done");
        cr_assert_str_eq(bench.log, "", "changed, or cannot be written: %s", bench.log);
}

/* Deeper than anything that is copied. */
static void nest(const char *folder, bool make)
{
        char *command =
                xasprintf(make ? "cd %s && for i in $(seq 260); do mkdir d && cd d; done" : "rm -r %s/d", folder);

        cr_assert(system(command) == 0);
        free(command);
}

/* What of it was made is out of the next one's way. */
Test(step, a_step_that_could_not_begin_leaves_the_next_one_its_place)
{
        char *host = below(&bench, "carried");
        struct sandbox_step step = shell_step(SANDBOX_WORK, "true");

        cr_assert(mkdir(host, 0755) == 0);
        put_file(host, "file", "one\n");
        bench.plan.force_copy = true;
        sandbox_shows_add(&bench.plan.carry, host, "node_modules");
        bench_start(&bench, SANDBOX_TIER_B);
        nest(host, true);
        cr_assert(sandbox_step_run(&bench.client, &step, -1, NULL, &bench.result, &bench.err) < 0);
        sandbox_step_release(&step);
        nest(host, false);
        run_shell(&bench, SANDBOX_WORK, "cat node_modules/file");
        cr_assert_str_eq(bench.log, "one\n");
        free(host);
}
