/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one step has of its own in the site. Each umount(2) waits for all processors (synchronize_rcu_expedited(9)), so what a
 * step leaves in memory goes when the next one needs the place, or when there is time, or with the helper.
 */
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/kernel.h"
#include "sandbox/pty.h"
#include "sandbox/weak.h"
#include "sandbox/worktree_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget_trial(struct site *site)
{
        _cleanup_free_ char *store = xasprintf("%s/upper", site->plan->scratch);

        if (site->tried)
                mount_detach(site->step);
        if (site->borrowed)
                mount_detach(store); /* what that step wrote; no other step needs it */
        site->tried = site->borrowed = false;
}

static int make_step_folders(const struct site *site, struct err *err)
{
        static const char *const names[] = {"skeleton", "upper", "work"};
        _cleanup_fd_ int fd = open(site->step, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return err_errno(err, "open %s", site->step);
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                if (mkdirat(fd, names[i], 0755) < 0)
                        return err_errno(err, "mkdir %s/%s", site->step, names[i]);
        for (size_t i = 0; i < site->plan->carry.len; i++) {
                _cleanup_free_ char *path = xasprintf("skeleton/%s", site->plan->carry.items[i].inside);
                _cleanup_fd_ int point = mount_point_beneath(fd, path, true, err);

                if (point < 0)
                        return -1;
        }
        return 0;
}

/* The overlay that was asked for once stands already: for the first step that writes to the run's upper, or to a fresh one of its kind. */
static bool takes_trial(const struct site *site, const struct sandbox_step *step)
{
        const struct sandbox_plan *plan = site->plan;

        if (plan->carry.len || plan->write.len)
                return false;
        if (step->worktree == SANDBOX_WORK)
                return true;
        return step->worktree == SANDBOX_VERIFY && plan->no_work && !step->lower_skip && site->tried &&
               site->kind == SANDBOX_UPPER_TMPFS;
}

static int begin_step(struct site *site, const struct sandbox_step *step, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;

        if (step->worktree == SANDBOX_WORK && (site->frozen || plan->no_work))
                return err_set(err, ERR_INPUT, site->frozen ? "the worktree is frozen" : "a WORK step, after no_work");
        if (step->lower_skip >= plan->lower.len || (step->lower_skip && step->worktree == SANDBOX_WORK))
                return err_set(err, ERR_INPUT, "lower_skip %u", step->lower_skip);
        if (step->tty && pty_place(site, err) < 0)
                return -1;
        site->tty_placed |= step->tty;
        if (takes_trial(site, step)) {
                site->borrowed = step->worktree == SANDBOX_VERIFY;
                return 0;
        }
        forget_trial(site);
        if (site->kind == SANDBOX_UPPER_TMPFS &&
            mount_tmpfs(site->step, plan->upper_bytes, plan->upper_inodes, "0755", 0, err) < 0)
                return -1;
        site->step_made = true;
        if (make_step_folders(site, err) < 0)
                return -1;
        return site->copied ? copy_step_begin(site, step, err) : 0;
}

int site_step_begin(struct site *site, const struct sandbox_step *step, struct err *err)
{
        site_step_clear(site);
        if (begin_step(site, step, err) < 0)
                return -1;
        if (site->weak && weak_step_begin(site, step, err) < 0)
                return -1;
        return own_shows_begin(site, step, err);
}

void site_step_end(struct site *site)
{
        if (site->weak)
                weak_step_end(site);
        own_shows_end(site);
        if (site->tty_placed)
                pty_unplace(site);
        site->tty_placed = false;
        site->step_ended = true;
        if (site->kind == SANDBOX_UPPER_DISK)
                site_step_clear(site);
}

void site_step_clear(struct site *site)
{
        struct err ignored;

        if (!site->step_ended)
                return;
        site->step_ended = false;
        forget_trial(site);
        if (site->step_made && site->kind == SANDBOX_UPPER_TMPFS) {
                mount_detach(site->step);
        } else if (site->step_made) {
                fs_remove_tree_at(AT_FDCWD, site->step, &ignored);
                mkdir(site->step, 0700);
        }
        site->step_made = false;
}

char *site_verify_upper(const struct site *site)
{
        return site->borrowed ? xstrdup(site->upper) : xasprintf("%s/upper", site->step);
}
