/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by a name that is never used twice. */
#include "lib/base/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

static void *wait_for_ever(void *unused)
{
        pause();
        return unused;
}

Test(process, lives_as_long_as_one_of_its_threads)
{
        pid_t pid = fork();
        uint64_t start = process_start(pid);
        char path[64], text[512] = "";
        uint64_t private, shared;

        if (pid == 0) {
                pthread_t thread;

                pthread_create(&thread, NULL, wait_for_ever, NULL);
                syscall(SYS_exit, 0);
        }
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        for (int i = 0; i < 5000 && !strstr(text, ") Z "); i++) {
                FILE *file = fopen(path, "r");

                cr_assert(fgets(text, sizeof(text), file));
                fclose(file);
                usleep(1000);
        }
        cr_assert(strstr(text, ") Z ") && process_lives(pid, start));
        *strrchr(path, '/') = '\0';
        cr_assert(process_pages(AT_FDCWD, path, &private, &shared) == 0 && private + shared > 0, "its memory is seen");
        kill(pid, SIGKILL);
        cr_assert(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT) == 0 && !process_lives(pid, start));
        waitpid(pid, NULL, 0);
}

Test(process, page_tables_of_a_vast_address_space_are_its_memory)
{
        const size_t gibibyte = (size_t)1 << 30;
        uint64_t before, after, shared;
        volatile char sum = 0;
        char *space;

        cr_assert(process_pages(AT_FDCWD, "/proc/self", &before, &shared) == 0);
        space = mmap(NULL, 8 * gibibyte, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        cr_assert(space != MAP_FAILED);
        madvise(space, 8 * gibibyte, MADV_NOHUGEPAGE);
        for (size_t at = 0; at < 8 * gibibyte; at += (size_t)2 << 20)
                sum = (char)(sum + space[at]);
        cr_assert(process_pages(AT_FDCWD, "/proc/self", &after, &shared) == 0);
        cr_assert(after >= before + 4096, "%lu and then %lu", (unsigned long)before, (unsigned long)after);
}

Test(process, fields_have_the_numbers_of_the_manual)
{
        uint64_t fields[PROCESS_FIELDS];

        cr_assert(process_fields("7 (a) R) S 4 5 6 7 -1 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25\n", fields) ==
                  0);
        cr_assert(fields[PROCESS_STATE] == 'S' && fields[PROCESS_PARENT] == 4 && fields[PROCESS_UTIME] == 14);
        cr_assert(fields[PROCESS_CSTIME] == 17 && fields[PROCESS_THREADS] == 20);
        cr_assert(fields[PROCESS_START] == 22 && fields[PROCESS_PAGES] == 24);
        cr_assert(process_fields("7 (a) S 4 5 6", fields) < 0 && process_fields("", fields) < 0);
        cr_assert(process_fields("7 (a)", fields) < 0 && process_fields("7 (a) ", fields) < 0);
}

Test(process, a_name_with_parentheses_moves_no_field)
{
        uint64_t start = process_start(getpid());

        prctl(PR_SET_NAME, "a) R 1 (b) 2", 0, 0, 0);
        cr_assert(process_start(getpid()) == start);
}
