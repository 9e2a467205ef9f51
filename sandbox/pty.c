/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pty.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

/* ptmxmode: the node in a new instance is for nobody else. The mode of a slave is its owner's alone: there is no group
 * tty inside. max: the machine's terminals are a common good (/proc/sys/kernel/pty/max). */
#define DEVPTS_OPTIONS "newinstance,ptmxmode=0666,mode=0600,max=64"

static char *tty_path(const struct site *site)
{
        return xasprintf("%s/dev/tty", site->root);
}

int pty_place(const struct site *site, struct err *err)
{
        _cleanup_free_ char *path = tty_path(site);
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

        return fd < 0 ? err_errno(err, "/dev/tty") : 0;
}

void pty_unplace(const struct site *site)
{
        _cleanup_free_ char *path = tty_path(site);

        unlink(path);
}

int pty_mount(const struct site *site, struct err *err)
{
        _cleanup_free_ char *pts = xasprintf("%s/dev/pts", site->root);
        _cleanup_free_ char *tty = tty_path(site);

        if (mount("devpts", pts, "devpts", MS_NOSUID | MS_NOEXEC, DEVPTS_OPTIONS) < 0) {
                err_errno(err, "private terminal: devpts (the kernel needs CONFIG_UNIX98_PTYS)");
                err->code = ERR_SANDBOX;
                return -1;
        }
        /* the node means the opener's own terminal, whoever made it (tty(4)) */
        return mount_bind("/dev/tty", tty, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
}

int pty_resize(int master, uint32_t columns, uint32_t rows)
{
        struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};

        if (!columns || !rows || columns > UINT16_MAX || rows > UINT16_MAX)
                return 0;
        return ioctl(master, TIOCSWINSZ, &size);
}

/* Erasing a character takes all its bytes. */
static int set_modes(int slave)
{
        struct termios modes;

        if (tcgetattr(slave, &modes) < 0)
                return -1;
        modes.c_iflag |= IUTF8;
        return tcsetattr(slave, TCSANOW, &modes);
}

int pty_open(const struct sandbox_step *step, int *ret_master, int *ret_slave, struct err *err)
{
        _cleanup_fd_ int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        _cleanup_fd_ int slave = -1;
        int unlock = 0;

        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
                return err_errno(err, "private terminal");
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0 || set_modes(slave) < 0 || pty_resize(master, PTY_COLUMNS, PTY_ROWS) < 0 ||
            pty_resize(master, step->columns, step->rows) < 0)
                return err_errno(err, "private terminal");
        *ret_master = steal_fd(&master);
        *ret_slave = steal_fd(&slave);
        return 0;
}
