/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have PID 1 of a step stop everything in it, or set it going; that nobody runs meanwhile without being seen. */
#include "lib/base/clock.h"
#include "sandbox/step.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AS_IT_SHOULD = 0, OBEYED_A_MEMBER, DEAF, NO_NAMESPACE };

TestSuite(pause, .timeout = 30);

/* A signal that says of itself that nobody inside has sent it. */
static void forge(int number)
{
        siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};

        info.si_pid = 0;
        syscall(SYS_rt_sigqueueinfo, 1, number, &info);
}

static int member(int tell)
{
        const struct timespec soon = {.tv_nsec = 300000000}, late = {.tv_sec = 10};
        sigset_t cont;

        sigemptyset(&cont);
        sigaddset(&cont, SIGCONT);
        sigprocmask(SIG_BLOCK, &cont, NULL);
        forge(SIGUSR2);
        if (sigtimedwait(&cont, NULL, &soon) == SIGCONT)
                return OBEYED_A_MEMBER;
        if (write(tell, "x", 1) != 1)
                return DEAF;
        return sigtimedwait(&cont, NULL, &late) == SIGCONT ? AS_IT_SHOULD : DEAF;
}

static void first(int tell)
{
        int status = 0;
        pid_t pid;

        step_obey_pauses();
        pid = fork();
        if (pid == 0)
                _exit(member(tell));
        waitpid(pid, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : DEAF);
}

/* In a process of its own: whoever it forks next is PID 1. */
static int away(void)
{
        int pipes[2], status = 0;
        char byte;
        pid_t pid;

        if (pipe(pipes) < 0 || (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0))
                return NO_NAMESPACE;
        pid = fork();
        if (pid == 0)
                first(pipes[1]);
        close(pipes[1]);
        if (read(pipes[0], &byte, 1) == 1)
                kill(pid, SIGUSR2);
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : DEAF;
}

Test(pause, pid_1_obeys_the_helper_and_no_member)
{
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
                _exit(away());
        cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        if (WEXITSTATUS(status) == NO_NAMESPACE)
                cr_skip_test("no pid namespace can be made here");
        cr_assert_eq(WEXITSTATUS(status), AS_IT_SHOULD);
}

/* ---- Seen, or not: a keeper with two workers below it, as in tier D ---- */

struct tree {
        volatile unsigned *counts; /* of each worker; shared */
        volatile pid_t *pids;
        struct step_process process;
        struct step_pause pause;
        struct err err;
};

static void work(volatile unsigned *count)
{
        for (;;)
                (*count)++;
}

/* Its children die with it, and it with the test: whatever fails, nobody is left. */
static void keep(struct tree *tree)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < 2; i++) {
                const pid_t pid = fork();

                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        work(&tree->counts[i]);
                }
                tree->pids[i] = pid;
        }
        for (;;)
                pause();
}

static bool ran_on(const struct tree *tree, int worker, unsigned since)
{
        const uint64_t until = clock_ms() + 20000;

        while (tree->counts[worker] == since && clock_ms() < until)
                poll(NULL, 0, 1);
        return tree->counts[worker] != since;
}

static void tree_begin(struct tree *tree)
{
        char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        cr_assert(shared != MAP_FAILED);
        *tree = (struct tree){
                .counts = (unsigned *)shared, .pids = (pid_t *)(shared + 2048), .process = STEP_PROCESS_NONE};
        tree->process.weak = true;
        tree->process.pid = fork();
        if (tree->process.pid == 0)
                keep(tree);
        cr_assert(ran_on(tree, 0, 0) && ran_on(tree, 1, 0));
        cr_assert_eq(step_pause(&tree->process, &CGROUPS_NONE, &tree->pause, &tree->err), 0, "%s", tree->err.message);
        cr_assert_eq(tree->pause.how, STEP_STOPPED);
}

static void tree_end(struct tree *tree)
{
        kill(tree->process.pid, SIGKILL);
        waitpid(tree->process.pid, NULL, 0);
        step_pause_release(&tree->pause);
}

Test(pause, nobody_runs_in_a_pause_and_everybody_after_it)
{
        struct tree tree;
        unsigned before;

        tree_begin(&tree);
        before = tree.counts[0];
        cr_assert(step_all_stand(&tree.process));
        cr_assert(step_stood(&tree.process, &tree.pause));
        cr_assert_eq(tree.counts[0], before);
        step_continue(&tree.process, &CGROUPS_NONE, &tree.pause);
        cr_assert(ran_on(&tree, 0, before));
        cr_assert_not(step_stood(&tree.process, &tree.pause));
        tree_end(&tree);
}

Test(pause, who_woke_up_and_stopped_again_is_seen)
{
        const uint64_t until = clock_ms() + 20000;
        struct tree tree;
        unsigned before;

        tree_begin(&tree);
        before = tree.counts[1];
        kill(tree.pids[1], SIGCONT);
        cr_assert(ran_on(&tree, 1, before));
        kill(tree.pids[1], SIGSTOP);
        while (!step_all_stand(&tree.process) && clock_ms() < until)
                poll(NULL, 0, 1);
        cr_assert(step_all_stand(&tree.process), "it looks as before");
        cr_assert_not(step_stood(&tree.process, &tree.pause));
        tree_end(&tree);
}

Test(pause, who_is_gone_is_missed)
{
        struct tree tree;

        tree_begin(&tree);
        kill(tree.pids[1], SIGKILL);
        while (step_stood(&tree.process, &tree.pause))
                poll(NULL, 0, 1);
        tree_end(&tree);
}

Test(pause, what_never_was_a_pause_was_not_stood)
{
        struct tree tree;

        tree_begin(&tree);
        cr_assert_not(step_stood(&tree.process, &(struct step_pause){.how = STEP_RUNS}));
        cr_assert(step_stood(&tree.process, &(struct step_pause){.how = STEP_FROZEN}), "the kernel holds them");
        tree_end(&tree);
}
