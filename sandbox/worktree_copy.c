/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies lie in scratch on disk, where a reflink costs nothing, under names of their own: `tree` is the run's, `verify` a
 * step's, `carryN` and `writeN` a step's copies of a carried and of a writable folder. `stamp` is written after the run's copy:
 * what changed later has a later change time.
 */
#include "sandbox/worktree_copy.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/difference.h"
#include "sandbox/kernel.h"
#include "sandbox/merge.h"
#include "sandbox/seed.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#define STAMPS_MAX 20

static int make_copy(const struct site *site, const char *name, const char *const *lowers, size_t len,
                     struct merge_count *count, struct err *err)
{
        _cleanup_merge_stack_ struct merge_stack stack = {0};
        _cleanup_free_ char *path = xasprintf("%s/%s", site->plan->scratch, name);
        _cleanup_fd_ int scratch = fs_open_dir(site->plan->scratch, err);
        _cleanup_fd_ int fd = -1;

        if (scratch < 0 || fs_remove_tree_at(scratch, name, err) < 0 ||
            merge_stack_open(&stack, lowers, len, err) < 0 || fs_mkdir_p(path, 0755, err) < 0 ||
            (fd = fs_open_dir(path, err)) < 0)
                return -1;
        return merge_copy(&stack, fd, 0, count, err) < 0 ? err_wrap(err, "copy of the worktree") : 0;
}

/*
 * Times of a file system go in steps, of up to 10 ms: the stamp is later than the copy's own folder, or else nothing in it could be
 * told from what changed since.
 */
static int write_stamp(int scratch, struct err *err)
{
        struct stat tree, stamp;

        if (fstatat(scratch, "tree", &tree, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "copy of the worktree");
        for (unsigned i = 0; i < STAMPS_MAX; i++) {
                if (fs_write_at(scratch, "stamp", "", 0, 0600, err) < 0)
                        return -1;
                if (fstatat(scratch, "stamp", &stamp, AT_SYMLINK_NOFOLLOW) < 0)
                        return err_errno(err, "stamp");
                if (stamp.st_ctim.tv_sec != tree.st_ctim.tv_sec || stamp.st_ctim.tv_nsec != tree.st_ctim.tv_nsec)
                        return 0;
                poll(NULL, 0, 1);
        }
        return 0; /* more is compared then */
}

/* After the stamp: what it changes is a change of the run. */
static int lay_seed(const struct sandbox_plan *plan, int scratch, struct err *err)
{
        _cleanup_fd_ int tree = -1;

        if (!plan->seed)
                return 0;
        tree = openat(scratch, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (tree < 0)
                return err_errno(err, "copy of the worktree");
        return seed_lay(plan->seed, tree, SEED_TREE, err);
}

int copy_prepare(struct site *site, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        _cleanup_fd_ int scratch = fs_open_dir(plan->scratch, err);
        struct merge_count count = {0};

        if (scratch < 0 ||
            make_copy(site, "tree", (const char *const *)plan->lower.items, plan->lower.len, &count, err) < 0 ||
            write_stamp(scratch, err) < 0 || lay_seed(plan, scratch, err) < 0)
                return -1;
        site->copied = count.reflinked ? "reflink" : "copy";
        site->copied_bytes = count.bytes;
        site->copied_inodes = count.inodes;
        return 0;
}

bool copy_is_own(const struct sandbox_step *step)
{
        return step->worktree == SANDBOX_VERIFY || step->lower_skip || step->worktree == SANDBOX_READONLY;
}

/* A file is copied where it is shown. */
static bool is_folder(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int copy_folders(struct site *site, const char *kind, const struct sandbox_shows *shows, struct err *err)
{
        for (size_t i = 0; i < shows->len; i++) {
                _cleanup_free_ char *name = xasprintf("%s%zu", kind, i);
                struct merge_count count = {0};

                if (is_folder(shows->items[i].host) &&
                    make_copy(site, name, (const char *const[]){shows->items[i].host}, 1, &count, err) < 0)
                        return -1;
                site->shown_bytes += count.bytes;
                site->shown_inodes += count.inodes;
        }
        return 0;
}

int copy_step_begin(struct site *site, const struct sandbox_step *step, struct err *err)
{
        const char *lowers[MERGE_LAYERS_MAX];
        struct merge_count count = {0};
        size_t len = 0;

        site->shown_bytes = site->shown_inodes = 0;
        if (copy_folders(site, "carry", &site->plan->carry, err) < 0 ||
            copy_folders(site, "write", &site->plan->write, err) < 0)
                return -1;
        if (!copy_is_own(step))
                return 0;
        if (site->frozen && !step->lower_skip && !step->on_base)
                lowers[len++] = site->upper;
        for (size_t i = step->lower_skip; i < site->plan->lower.len && len < MERGE_LAYERS_MAX; i++)
                lowers[len++] = site->plan->lower.items[i];
        if (make_copy(site, "verify", lowers, len, &count, err) < 0)
                return -1;
        site->own_bytes = count.bytes;
        site->own_inodes = count.inodes;
        return 0;
}

int copy_show(const struct site *site, const struct sandbox_step *step, const char *at, struct err *err)
{
        const char *name = copy_is_own(step) ? "verify" : "tree";
        _cleanup_free_ char *path = xasprintf("%s/%s", site->plan->scratch, name);
        uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

        if (step->worktree == SANDBOX_READONLY)
                attributes |= MOUNT_ATTR_RDONLY;
        return mount_bind(path, at, attributes, err);
}

int copy_freeze(const struct site *site, struct err *err)
{
        return copy_difference(site, site->upper, err);
}

int copy_difference(const struct site *site, const char *to, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        _cleanup_merge_stack_ struct merge_stack lowers = {0};
        _cleanup_free_ char *path = xasprintf("%s/tree", plan->scratch);
        _cleanup_free_ char *stamp = xasprintf("%s/stamp", plan->scratch);
        _cleanup_fd_ int upper = fs_open_dir(to, err);
        _cleanup_fd_ int tree = -1;
        struct stat status;

        if (upper < 0 || merge_stack_open(&lowers, (const char *const *)plan->lower.items, plan->lower.len, err) < 0 ||
            (tree = fs_open_dir(path, err)) < 0)
                return -1;
        if (stat(stamp, &status) < 0)
                return err_errno(err, "%s", stamp);
        return difference_write(tree, &lowers, upper, status.st_ctim, err);
}
