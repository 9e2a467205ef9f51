/* SPDX-License-Identifier: Apache-2.0 */
/* The cage, with hostile code in the runner's place: the kernel refuses every write but in the run's folder. */
#include "site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "sandbox/cage.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

static struct bench bench;
static struct cage_plan cage;
static struct spawn_ahead ahead;

static void setup(void)
{
        static const char *const folders[] = {"home",
                                              "home/repo",
                                              "home/repo/.git",
                                              "home/layers",
                                              "state",
                                              "state/keys",
                                              "state/repos",
                                              "state/repos/r",
                                              "state/repos/r/runs",
                                              "state/repos/r/runs/1",
                                              "state/repos/r/runs/1/config_snapshot",
                                              "state/repos/r/runs/1/logs",
                                              "state/repos/r/runs/1/upper",
                                              "state/repos/r/runs/2"};

        bench_make(&bench);
        cage = CAGE_PLAN_INIT;
        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
                char *path = below(&bench, folders[i]);

                mkdir(path, 0755);
                put_file(path, "file", "one\n");
                free(path);
        }
        cage.state_root = below(&bench, "state");
        cage.home = below(&bench, "home");
        cage.run_dir = below(&bench, "state/repos/r/runs/1");
        strv_take(&cage.write, below(&bench, "state/repos/r/runs/1/logs"));
        strv_take(&cage.write, below(&bench, "state/repos/r/runs/1/upper"));
        strv_take(&cage.read, below(&bench, "home/repo"));
        strv_take(&cage.read, below(&bench, "home/layers"));
}

static void teardown(void)
{
        spawn_abandon(&ahead);
        cage_plan_release(&cage);
        bench_end(&bench);
}

TestSuite(cage, .init = setup, .fini = teardown, .timeout = 60);

static int run_caged(const char *mark, const char *const *names)
{
        struct strv argv = {0};
        int status, pair[2];
        pid_t pid;

        strv_take(&argv, attack_path());
        strv_add(&argv, "cannot-write");
        for (; *names; names++)
                strv_add_printf(&argv, "%s%s/%s", mark, bench.folder, *names);
        cr_assert(channel_pair(pair, &bench.err) == 0);
        cr_assert(cage_spawn(&(struct cage_start){&cage, argv.items, environ, pair[1], -1, 0, &ahead}, &pid,
                             &bench.err) == 0,
                  "%s", bench.err.message);
        cr_assert(waitpid(pid, &status, 0) == pid);
        close(pair[0]);
        close(pair[1]);
        strv_release(&argv);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *const of_the_host[] = {"home/repo/file",
                                          "home/repo/.git/file",
                                          "home/repo/new",
                                          "home/layers/file",
                                          "home/file",
                                          "base/file",
                                          "state/store.db",
                                          "state/keys/file",
                                          "state/repos/r/runs/2/file",
                                          "state/repos/r/runs/1/file",
                                          "state/repos/r/runs/1/new",
                                          "state/repos/r/runs/1/config_snapshot/file",
                                          "state/repos/r/runs/1/config_snapshot/new",
                                          NULL};

Test(cage, nothing_of_the_host_can_be_written)
{
        cr_assert_eq(run_caged("", of_the_host), 0);
}

Test(cage, one_that_was_begun_ahead_is_the_same)
{
        static const char *const its_own[] = {"state/repos/r/runs/1/logs/file", NULL};

        cr_assert(cage_begin(&ahead, &bench.err) == 0);
        cr_assert_eq(run_caged("", of_the_host), 0);
        cr_assert_eq(ahead.pid, 0, "it was taken");
        cr_assert(cage_begin(&ahead, &bench.err) == 0);
        cr_assert_eq(run_caged("", its_own), 1);
}

/* Until it has forked: its child has the socket, too, and outlives it for a moment. */
static void let_it_fork(pid_t pid)
{
        _cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
        _cleanup_str_ struct str children = {0};

        do {
                str_clear(&children);
                cr_assert(fs_read_at(AT_FDCWD, path, 4096, &children, &bench.err) == 0, "%s", bench.err.message);
        } while (!children.len && sched_yield() == 0);
}

Test(cage, one_begun_ahead_that_is_gone_is_replaced)
{
        siginfo_t info;

        cr_assert(cage_begin(&ahead, &bench.err) == 0);
        let_it_fork(ahead.pid);
        cr_assert(kill(ahead.pid, SIGKILL) == 0 && waitid(P_PID, (id_t)ahead.pid, &info, WEXITED | WNOWAIT) == 0);
        cr_assert_eq(run_caged("", of_the_host), 0);
}

Test(cage, one_begun_ahead_that_does_not_fit_is_ended_and_replaced)
{
        pid_t begun;

        cage.minimum = SANDBOX_TIER_D;
        cr_assert(cage_begin(&ahead, &bench.err) == 0);
        begun = ahead.pid;
        cr_assert_eq(run_caged("", of_the_host), 0);
        cr_assert(ahead.pid == 0 && kill(begun, 0) < 0 && errno == ESRCH);
}

Test(cage, one_that_nobody_wants_goes)
{
        int status;

        cr_assert(cage_begin(&ahead, &bench.err) == 0);
        close(ahead.fd);
        cr_assert(waitpid(ahead.pid, &status, 0) == ahead.pid);
        ahead = SPAWN_AHEAD_NONE;
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

/* Says over its third descriptor, and on its output, what it was given. */
Test(cage, what_comes_with_the_order_is_in_its_place)
{
        char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo \"$0 $WORD\" >&5; echo said", (char *)"name",
                        NULL};
        char *envp[] = {(char *)"WORD=word \303\244", NULL};
        int pair[2], peers[2], output[2], status;
        char heard[64] = "", said[64] = "";
        pid_t pid;

        cage.peer = true;
        for (int begun = 0; begun < 2; begun++) {
                cr_assert(!begun || cage_begin(&ahead, &bench.err) == 0);
                cr_assert(channel_pair(pair, &bench.err) == 0 && channel_pair(peers, &bench.err) == 0);
                cr_assert(pipe(output) == 0);
                cr_assert(cage_spawn(&(struct cage_start){&cage, argv, envp, pair[1], peers[1], output[1], &ahead},
                                     &pid, &bench.err) == 0);
                cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
                cr_assert(read(peers[0], heard, sizeof(heard) - 1) > 0 && read(output[0], said, sizeof(said) - 1) > 0);
                cr_assert_str_eq(heard, "name word \303\244\n");
                cr_assert_str_eq(said, "said\n");
        }
}

Test(cage, what_is_not_the_runs_is_absent)
{
        static const char *const names[] = {
                "home/file", "state/file", "state/keys/file", "state/repos/r/file", "state/repos/r/runs/2/file", NULL};

        cr_assert_eq(run_caged("-", names), 0);
}

Test(cage, the_folders_of_the_run_that_are_named_can_be_written)
{
        static const char *const names[] = {"state/repos/r/runs/1/logs/file", NULL};

        cr_assert_eq(run_caged("", names), 1);
}

Test(cage, nothing_out_of_the_run_can_be_made_writable)
{
        struct cage_plan *ret = &(struct cage_plan){0};
        _cleanup_json_ json_t *json = NULL;

        strv_take(&cage.write, below(&bench, "state/keys"));
        json = cage_plan_to_json(&cage);
        cr_assert(cage_plan_from_json(json, ret, &bench.err) < 0);
        cr_assert_eq(bench.err.code, ERR_INPUT);
}

Test(cage, a_helper_alone_serves_its_client)
{
        struct sandbox_event event;
        int pair[2], upper;

        free(bench.plan.scratch);
        bench.plan.scratch = below(&bench, "state/repos/r/runs/1/upper");
        cr_assert(channel_pair(pair, &bench.err) == 0);
        cr_assert(cage_spawn(&(struct cage_start){&cage, NULL, environ, pair[1], -1, 0, NULL}, &bench.pid,
                             &bench.err) == 0,
                  "%s", bench.err.message);
        close(pair[1]);
        sandbox_client_init(&bench.client, pair[0]);
        cr_assert(sandbox_prepare(&bench.client, &bench.plan, &bench.err) == 0);
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_READY, &event, &bench.err) == 0, "%s", bench.err.message);
        cr_assert_eq(event.tier, SANDBOX_TIER_A);
        run_shell(&bench, SANDBOX_WORK, "echo x > new; attack 1. && attack 8. && attack 2.");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        upper = freeze_upper(&bench);
        cr_assert(faccessat(upper, "new", F_OK, 0) == 0);
        close(upper);
}

static int listen_here(char ret_port[8])
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0);
        cr_assert(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
        snprintf(ret_port, 8, "%u", ntohs(address.sin_port));
        return fd;
}

Test(cage, one_with_network_has_nothing_else)
{
        struct cage_plan plan = {.network = true, .peer = true};
        char port[8], *program = attack_path(), *argv[] = {program, (char *)"network-cage", port, NULL};
        int listener = listen_here(port), pair[2], peers[2], status;
        pid_t pid;

        cr_assert(channel_pair(pair, &bench.err) == 0 && channel_pair(peers, &bench.err) == 0);
        cr_assert(cage_spawn(&(struct cage_start){&plan, argv, environ, pair[1], peers[1], 0, NULL}, &pid,
                             &bench.err) == 0);
        cr_assert(waitpid(pid, &status, 0) == pid);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
        for (int i = 0; i < 2; i++) {
                close(pair[i]);
                close(peers[i]);
        }
        close(listener);
        free(program);
}

Test(cage, network_and_folders_are_two_cages)
{
        struct cage_plan *ret = &(struct cage_plan){0};
        _cleanup_json_ json_t *json = NULL;

        cage.network = true;
        json = cage_plan_to_json(&cage);
        cr_assert(cage_plan_from_json(json, ret, &bench.err) < 0);
        cr_assert_eq(bench.err.code, ERR_INPUT);
}
