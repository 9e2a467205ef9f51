/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for writes to a store: what is written beside it neither ends the wait nor makes it longer. */
#include "fixture.h"

#include "lib/base/clock.h"
#include "lib/store/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define ASKED_MS 100
#define NOISE_MS 5000 /* as long as others go on beside it */

/* A file beside the store that is touched and touched again. */
static pid_t make_noise(const char *folder)
{
        const uint64_t end = clock_ms() + NOISE_MS;
        const struct timespec pause = {.tv_nsec = 5000000};
        char path[96];
        pid_t pid = fork();
        int fd;

        cr_assert_geq(pid, 0);
        if (pid > 0)
                return pid;
        snprintf(path, sizeof(path), "%s/other", folder);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        while (clock_ms() < end && write(fd, "x", 1) == 1)
                nanosleep(&pause, NULL);
        unlink(path);
        _exit(0);
}

static void stop_noise(const char *folder, pid_t pid)
{
        char path[96];

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        snprintf(path, sizeof(path), "%s/other", folder);
        unlink(path);
}

Test(watch, the_time_is_up_however_much_is_written_beside_the_store)
{
        struct err err = ERR_INIT;
        struct fixture f;
        uint64_t began;
        pid_t pid;
        int watch, got;

        fixture_open(&f);
        watch = store_watch_open(f.folder);
        cr_assert_geq(watch, 0);
        pid = make_noise(f.folder);
        began = clock_ms();
        got = store_watch_wait(watch, -1, ASKED_MS, &err);
        cr_expect_eq(got, 0, "%d %s", got, err.message);
        cr_expect_lt(clock_ms() - began, NOISE_MS - 1000);
        stop_noise(f.folder, pid);
        close(watch);
        fixture_close(&f);
}

Test(watch, a_write_to_the_store_ends_the_wait)
{
        struct err err = ERR_INIT;
        struct fixture f;
        int watch;

        fixture_open(&f);
        watch = store_watch_open(f.folder);
        create_run(&f, "a");
        cr_assert_eq(store_watch_wait(watch, -1, 60000, &err), 1, "%s", err.message);
        close(watch);
        fixture_close(&f);
}
