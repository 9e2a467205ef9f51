/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc of a step: fresh, for its own pid namespace. What speaks of the machine is read-only or masked, since with an
 * ordinary uid mapped to root outside, /proc/irq and /proc/mtrr stayed writable without any capability (measured).
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

static const char *const read_only[] = {"sys", "irq", "bus", "fs", "acpi", "scsi", "asound", "sysrq-trigger", "mtrr"};
static const char *const masked[] = {"kcore", "keys", "timer_list", "slabinfo", "vmallocinfo"};

static int seal(const char *proc, const char *name, const char *over, struct err *err)
{
        _cleanup_free_ char *at = xasprintf("%s/%s", proc, name);

        if (access(at, F_OK) < 0)
                return 0;
        return mount_bind(over ? over : at, at, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
}

int proc_mount(const struct site *site, struct err *err)
{
        _cleanup_free_ char *proc = xasprintf("%s/proc", site->root);
        _cleanup_free_ char *null = xasprintf("%s/dev/null", site->root);
        _cleanup_fd_ int fd = -1;

        if (mount("proc", proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
                err_errno(err, "a fresh /proc");
                err->code = ERR_SANDBOX;
                return err_wrap(
                        err,
                        "the host's /proc is partly hidden, as in containers; start the container with an unmasked "
                        "/proc, or set sandbox.minimum: C");
        }
        for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++)
                if (seal(proc, read_only[i], NULL, err) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
                if (seal(proc, masked[i], null, err) < 0)
                        return -1;
        fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "open /proc");
        return steal_fd(&fd);
}
