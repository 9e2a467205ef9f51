/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step's child, PID 1 of its namespaces, with the capabilities of the helper's user namespace: it mounts what is the
 * step's own, and makes the shared root its root. The host's tree lies under it until site_leave(); then there is no way back.
 */
#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"
#include "sandbox/pty.h"
#include "sandbox/site.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TMP_INODES 1000000
#define SHM_INODES 65536

static int mount_own(const struct site *site, const char *path, uint64_t bytes, uint64_t inodes, const char *mode,
                     struct err *err)
{
        _cleanup_free_ char *at = xasprintf("%s%s", site->root, path);

        return mount_tmpfs(at, bytes, inodes, mode, 0, err);
}

static int mount_home(const struct site *site, int rootfd, struct err *err)
{
        _cleanup_fd_ int at = mount_point_beneath(rootfd, site->home + 1, true, err);

        if (at < 0)
                return err_wrap(err, "home");
        return mount_own(site, site->home, site->plan->tmp_bytes, TMP_INODES, "0755", err);
}

static int mount_all(const struct site *site, const struct sandbox_step *step, int rootfd, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;

        if (mount_own(site, "/tmp", plan->tmp_bytes, TMP_INODES, "1777", err) < 0 ||
            mount_own(site, "/dev/shm", plan->shm_bytes, SHM_INODES, "1777", err) < 0)
                return -1;
        if (site->own_var_tmp && mount_own(site, "/var/tmp", plan->tmp_bytes, TMP_INODES, "1777", err) < 0)
                return -1;
        if (step->tty && pty_mount(site, err) < 0)
                return -1;
        if (mount_home(site, rootfd, err) < 0 || shows_mount(site, step, rootfd, false, err) < 0)
                return -1;
        if (worktree_mount(site, step, rootfd, err) < 0 || shows_mount(site, step, rootfd, true, err) < 0)
                return -1;
        return own_shows_links(site, step, err);
}

/* Both roots are stacked at "." then, the old one on top (pivot_root(2)). */
static int pivot(const struct site *site, struct err *err)
{
        if (chdir(site->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
                return err_errno(err, "pivot_root");
        return mount_attributes("/", MOUNT_ATTR_RDONLY, 0, false, err);
}

int site_leave(struct err *err)
{
        return mount_detach(".") < 0 || chdir("/") < 0 ? err_errno(err, "leave the host's tree") : 0;
}

int site_enter(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_fd_ int rootfd = open(site->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int proc = -1;

        if (rootfd < 0)
                return err_errno(err, "open %s", site->root);
        if (site->fresh_proc && (proc = proc_mount(site, err)) < 0)
                return -1;
        if (mount_all(site, step, rootfd, err) < 0 || pivot(site, err) < 0)
                return -1;
        if (sethostname("cupel", 5) < 0)
                return err_errno(err, "hostname");
        return site->fresh_proc ? steal_fd(&proc) : -2;
}
