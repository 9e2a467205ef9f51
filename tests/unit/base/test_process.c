/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by a name that is never used twice. */
#include "lib/base/process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

Test(process, lives_until_it_is_dead)
{
        uint64_t start = process_start(getpid());
        pid_t pid = fork();

        if (pid == 0) {
                pause();
                _exit(0);
        }
        cr_assert(start > 0 && process_lives(getpid(), start) && !process_lives(getpid(), start + 1));
        start = process_start(pid);
        cr_assert(process_lives(pid, start));
        kill(pid, SIGKILL);
        cr_assert(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT) == 0);
        cr_assert(!process_lives(pid, start), "a zombie is no living process");
        waitpid(pid, NULL, 0);
        cr_assert(!process_lives(pid, start) && process_start(pid) == 0);
        cr_assert(!process_lives(-1, 0) && !process_lives(0, 0));
}

Test(process, a_name_with_parentheses_moves_no_field)
{
        uint64_t start = process_start(getpid());

        prctl(PR_SET_NAME, "a) R 1 (b) 2", 0, 0, 0);
        cr_assert(process_start(getpid()) == start);
}
