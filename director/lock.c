/* SPDX-License-Identifier: Apache-2.0 */
#include "director/lock.h"

#include "director/director.h"
#include "lib/base/clock.h"
#include "lib/git/landing.h"

#include <signal.h>
#include <sys/time.h>

#define LOOK_UP_US 50000

struct lock_wait {
        struct director *d;
        uint64_t deadline;
};

/* Who asks to stop is heard, and a landing that hangs with the lock in its hands keeps nobody beyond the wall budget. */
static bool wait_for_lock(void *data)
{
        struct lock_wait *wait = data;

        uplink_pump(&wait->d->up);
        return !uplink_interrupted(&wait->d->up) && clock_ms() < wait->deadline;
}

static void wake_up(int signal __attribute__((unused)))
{
}

/* flock(2) has no deadline: a timer interrupts it, so that we look up from time to time. */
int director_lock_landing(struct director *d, uint64_t deadline, int *ret_fd, struct err *err)
{
        const struct sigaction interrupt = {.sa_handler = wake_up};
        const struct itimerval often = {.it_interval.tv_usec = LOOK_UP_US, .it_value.tv_usec = LOOK_UP_US}, never = {0};
        struct lock_wait wait = {.d = d, .deadline = deadline};
        int result;

        sigaction(SIGALRM, &interrupt, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        result = landing_lock(d->state_fd, wait_for_lock, &wait, ret_fd, err);
        setitimer(ITIMER_REAL, &never, NULL);
        return result;
}
