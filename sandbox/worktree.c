/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worktree of a step: an overlay at the repository's own path. WORK writes to the run's upper, VERIFY to a fresh one
 * over the frozen one, READONLY nowhere. Carried folders are overlays of their own on top.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "sandbox/worktree_copy.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#define LOWERS_MAX 72

/* Topmost first: mount points of carried folders, the frozen upper, the plan's. Returns their number. */
static size_t list_lowers(const struct site *site, const struct sandbox_step *step, const char *skeleton,
                          const char *lowers[LOWERS_MAX])
{
        size_t len = 0;

        if (step->worktree == SANDBOX_READONLY)
                lowers[len++] = skeleton;
        if (step->worktree != SANDBOX_WORK && site->frozen && !step->lower_skip && !step->on_base)
                lowers[len++] = site->upper;
        for (size_t i = step->lower_skip; i < site->plan->lower.len && len < LOWERS_MAX; i++)
                lowers[len++] = site->plan->lower.items[i];
        return len;
}

static int mount_worktree(const struct site *site, const struct sandbox_step *step, const char *at, struct err *err)
{
        _cleanup_free_ char *skeleton = xasprintf("%s/skeleton", site->step);
        _cleanup_free_ char *upper = xasprintf("%s/upper", site->step);
        _cleanup_free_ char *work = xasprintf("%s/work", site->step);
        const char *lowers[LOWERS_MAX];
        struct overlay overlay = {.lowers = lowers, .empty = skeleton};

        if (site->tried)
                return mount_bind(site->step, at, 0, err);
        overlay.lowers_len = list_lowers(site, step, skeleton, lowers);
        if (step->worktree == SANDBOX_WORK) {
                overlay.upper = site->upper;
                overlay.work = site->work;
        } else if (step->worktree == SANDBOX_VERIFY) {
                overlay.upper = upper;
                overlay.work = work;
        }
        return mount_overlay(&overlay, at, err);
}

/* The path below the worktree was made by an agent, maybe: no link is followed, and what is no folder ends the step. */
static int mount_carry(const struct site *site, int treefd, size_t index, struct err *err)
{
        const struct sandbox_show *carry = &site->plan->carry.items[index];
        _cleanup_free_ char *upper = xasprintf("%s/carry%zu", site->step, index);
        _cleanup_free_ char *work = xasprintf("%s/carry%zu.work", site->step, index);
        _cleanup_fd_ int at = mount_point_beneath(treefd, carry->inside, true, err);
        char path[FD_PATH_MAX];

        if (at < 0) {
                err->code = err->code == ERR_SYSTEM ? ERR_INPUT : err->code;
                return err_wrap(err, "carried folder");
        }
        if (site->copied) {
                _cleanup_free_ char *copy = xasprintf("%s/carry%zu", site->plan->scratch, index);

                return mount_bind(copy, fd_path(at, path), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
        }
        if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
                return err_errno(err, "mkdir %s", upper);
        return mount_overlay(&(struct overlay){(const char *const[]){carry->host}, 1, upper, work, NULL},
                             fd_path(at, path), err);
}

int worktree_mount(const struct site *site, const struct sandbox_step *step, int rootfd, struct err *err)
{
        _cleanup_fd_ int at = mount_point_beneath(rootfd, site->plan->worktree + 1, true, err);
        _cleanup_free_ char *tree = xasprintf("%s%s", site->root, site->plan->worktree);
        _cleanup_fd_ int treefd = -1;

        if (at < 0)
                return err_wrap(err, "worktree");
        if ((site->copied ? copy_show(site, step, tree, err) : mount_worktree(site, step, tree, err)) < 0)
                return -1;
        treefd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (treefd < 0)
                return err_errno(err, "worktree");
        for (size_t i = 0; i < site->plan->carry.len; i++)
                if (mount_carry(site, treefd, i, err) < 0)
                        return -1;
        return 0;
}
