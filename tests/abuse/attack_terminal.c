/* SPDX-License-Identifier: Apache-2.0 */
/* Line 12: typing into a terminal, which is nobody's or the step's own. */
#include "attack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#define HIGH 0xffffffff00000000UL

ATTEMPT(tiocsti)
{
        return CALL(SYS_ioctl, 0, 0x5412UL, "x");
}

ATTEMPT(tiocsti_high_bits)
{
        return CALL(SYS_ioctl, 0, HIGH | 0x5412UL, "x");
}

ATTEMPT(tioclinux)
{
        return CALL(SYS_ioctl, 0, HIGH | 0x541cUL, "\2");
}

ATTEMPT(dev_tty)
{
        return answer(open("/dev/tty", O_RDWR));
}

ATTEMPT(dev_console)
{
        static const char *const names[] = {"/dev/tty0", "/dev/tty1", "/dev/vcs", "/dev/console"};
        int result = BROKEN;

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                if ((result = answer(open(names[i], O_RDWR))) != ENOENT)
                        break;
        return result;
}

/* 0: led by a process outside of this pid namespace */
ATTEMPT(own_session)
{
        explain("session %d", getsid(0));
        return getsid(0) > 0 ? HELD : GAINED;
}

/* The same with a terminal of its own: what would reach past it. */
ATTEMPT(private_terminal)
{
        static int discipline = 13; /* N_HDLC, a module */
        static const struct {
                const char *name;
                unsigned long request;
                const void *argument;
        } requests[] = {
                {"TIOCSTI", 0x5412, "x"},          {"TIOCSTI with high bits", HIGH | 0x5412, "x"},
                {"TIOCLINUX", 0x541c, "\2"},       {"TIOCLINUX with high bits", 0x10000541cUL, "\2"},
                {"TIOCSETD", 0x5423, &discipline}, {"TIOCSETD with high bits", HIGH | 0x5423, &discipline},
                {"TIOCCONS", 0x541d, NULL},
        };
        int tty = open("/dev/tty", O_RDWR);

        if (tty < 0 || !isatty(0) || !isatty(1) || !isatty(2))
                return BROKEN;
        for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
                int result = CALL(SYS_ioctl, tty, requests[i].request, requests[i].argument);

                if (result != EPERM) {
                        explain("%s: %s", requests[i].name, strerror(result));
                        return GAINED;
                }
        }
        if (open("/dev/pts/1", O_RDWR) >= 0 || readlink("/proc/1/fd/4", (char[64]){0}, 64) >= 0)
                return GAINED;
        return attempt_dev_console() == ENOENT ? HELD : GAINED;
}
