/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/unattended.h"

#include "lib/base/cleanup.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_D 4

/* Whether something is there to be read: asked at the slave, which is opened for as long as that takes. */
static bool is_pending(int master)
{
        _cleanup_fd_ int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        struct pollfd pollfd = {.fd = slave, .events = POLLIN};

        return slave < 0 || (poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLIN));
}

static uint64_t later(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

static bool lines_are_due(const struct unattended *unattended, uint64_t now)
{
        return unattended->given ? now - unattended->given >= UNATTENDED_NEXT_MS
                                 : now - unattended->since >= UNATTENDED_FIRST_MS;
}

static bool keys_are_due(const struct unattended *unattended, uint64_t now)
{
        if (unattended->twice)
                return now - unattended->given >= UNATTENDED_SECOND_MS;
        return now - later(unattended->silent, unattended->given) >= UNATTENDED_SILENT_MS;
}

static void give(struct unattended *unattended, int master, char character, uint64_t now)
{
        if (write(master, &character, 1) == 1)
                unattended->given = now;
}

void unattended_tick(struct unattended *unattended, int master, uint64_t now, uint64_t output_bytes)
{
        struct termios modes;
        bool lines;

        if (!unattended->since || output_bytes != unattended->output)
                unattended->silent = now;
        unattended->since = unattended->since ? unattended->since : now;
        unattended->output = output_bytes;
        if (master < 0 || tcgetattr(master, &modes) < 0)
                return;
        lines = modes.c_lflag & ICANON;
        if (!(lines ? lines_are_due(unattended, now) : keys_are_due(unattended, now)) || is_pending(master))
                return;
        if (!lines)
                unattended->twice = !unattended->twice;
        if (!lines || modes.c_cc[VEOF] != _POSIX_VDISABLE)
                give(unattended, master, lines ? (char)modes.c_cc[VEOF] : CTRL_D, now);
}
