/* SPDX-License-Identifier: Apache-2.0 */
/* What a step uses, of a /proc that is made up. */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "sandbox/step.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEBIBYTE ((uint64_t)1 << 20)
#define PROCESSES 3
#define SLOW_US 250000

static char folder[64];
static pid_t slow[PROCESSES];

static void put(int process, const char *name, const char *text)
{
        _cleanup_free_ char *path = xasprintf("%s/%d/%s", folder, process, name);
        FILE *file = fopen(path, "we");

        cr_assert_not_null(file);
        fputs(text, file);
        fclose(file);
}

/* Whoever reads it waits as for a processor that others have. */
static void put_slowly(int process, const char *name, const char *text)
{
        _cleanup_free_ char *path = xasprintf("%s/%d/%s", folder, process, name);

        cr_assert_eq(mkfifo(path, 0600), 0);
        slow[process - 1] = fork();
        if (slow[process - 1] == 0) {
                const int fd = open(path, O_WRONLY | O_CLOEXEC);

                usleep(SLOW_US);
                _exit(write(fd, text, strlen(text)) < 0);
        }
}

static void begin(void)
{
        snprintf(folder, sizeof(folder), "/tmp/cupel-usage-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
}

static void end(void)
{
        _cleanup_free_ char *command = xasprintf("rm -rf %s", folder);

        cr_assert_eq(system(command), 0);
}

TestSuite(usage, .init = begin, .fini = end, .timeout = 30);

Test(usage, a_look_that_only_waited_for_its_turn_is_exact)
{
        struct step_process process = {.proc = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        const struct step_room room = {.memory_bytes = 300 * MEBIBYTE};
        _cleanup_free_ char *statm = xasprintf("%ld %ld %ld 0 0 0 0\n", 51200L, 51200L, 51200L);
        struct step_usage usage;

        for (int i = 1; i <= PROCESSES; i++) {
                _cleanup_free_ char *place = xasprintf("%s/%d", folder, i);

                cr_assert_eq(mkdir(place, 0700), 0);
                put(i, "stat", "1 (x) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
                put(i, "statm", statm);
                put(i, "status", "Name:\tx\nRssShmem:\t204800 kB\n");
                put_slowly(i, "smaps_rollup", "0-1 ---p\nPss_Shmem:\t68266 kB\n");
        }
        step_usage(&process, &room, &usage);
        for (int i = 0; i < PROCESSES; i++) { /* of what nobody read it still waits for a reader */
                kill(slow[i], SIGKILL);
                waitpid(slow[i], NULL, 0);
        }
        close(process.proc);
        cr_expect_eq(usage.memory_bytes, 200 * MEBIBYTE, "%zu", (size_t)usage.memory_bytes);
}
