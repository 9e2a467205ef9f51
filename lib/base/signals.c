/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

bool signals_outlive_terminal(void)
{
        struct sigaction hangup;

        return sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
}

static void writers(void (*disposition)(int))
{
        signal(SIGPIPE, disposition);
        signal(SIGXFSZ, disposition);
}

void signals_spare_writers(void)
{
        writers(SIG_IGN);
}

void signals_end_writers(void)
{
        writers(SIG_DFL);
}

int signals_listen(struct err *err)
{
        sigset_t set;
        int fd;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        if (!signals_outlive_terminal())
                sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return err_errno(err, "block signals");
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? err_errno(err, "signalfd") : fd;
}
