/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc of a step: fresh, for its own pid namespace, and read-only: with an ordinary uid mapped to root outside, /proc/irq
 * and /proc/mtrr stayed writable without any capability (measured), and any process may take back its oom_score_adj.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

/*
 * From kpagecount on they are root's own by their mode (what is in which page of the machine's memory), which stops everybody but
 * a run of root's. Masking them costs no more than asking who can read them: a fresh /proc makes its entries anew each time.
 * The last is one that every kernel has: a mask that is left over is dissolved, for which the kernel waits out a grace period.
 */
static const char *const masked[] = {"kcore",      "keys",        "allocinfo",    "slabinfo",   "vmallocinfo",
                                     "kpagecount", "kpagecgroup", "pagetypeinfo", "kpageflags", "timer_list"};

/* What this kernel does not have is not there to be masked. */
static int mask(int proc, const char *name, int *mount_fd, const char *over, struct err *err)
{
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

        if (*mount_fd < 0)
                *mount_fd = (int)syscall(SYS_open_tree, AT_FDCWD, over, flags);
        if (*mount_fd < 0)
                return err_errno(err, "/proc/%s", name);
        if (syscall(SYS_move_mount, *mount_fd, "", proc, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return errno == ENOENT ? 0 : err_errno(err, "/proc/%s", name);
        close(steal_fd(mount_fd));
        return 0;
}

static int seal_all(const struct site *site, const char *path, int proc, struct err *err)
{
        _cleanup_free_ char *null = xasprintf("%s/dev/null", site->root);
        _cleanup_fd_ int empty = -1;

        for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
                if (mask(proc, masked[i], &empty, null, err) < 0)
                        return -1;
        return mount_attributes(path, MOUNT_ATTR_RDONLY, 0, false, err);
}

int proc_mount(const struct site *site, struct err *err)
{
        _cleanup_free_ char *proc = xasprintf("%s/proc", site->root);
        _cleanup_fd_ int fd = -1;

        if (mount("proc", proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
                err_errno(err, "a fresh /proc");
                err->code = ERR_SANDBOX;
                return err_wrap(
                        err,
                        "the host's /proc is partly hidden, as in containers; start the container with an unmasked "
                        "/proc, or set sandbox.minimum: C");
        }
        fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "open /proc");
        return seal_all(site, proc, fd, err) < 0 ? -1 : steal_fd(&fd);
}
