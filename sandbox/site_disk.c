/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step has written: to its worktree, and to the uppers (tier B: copies) of carried and of writable folders. Nothing
 * here fails: what cannot be looked at counts as nothing, and the kernel's own bounds hold.
 */
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/weak.h"
#include "sandbox/worktree_copy.h"

#include <fcntl.h>
#include <sys/statvfs.h>

/* One more than may be there is enough to see. */
static size_t scan_max(const struct site *site)
{
        const uint64_t copied = site->copied_inodes > site->own_inodes ? site->copied_inodes : site->own_inodes;

        return (size_t)(site->plan->upper_inodes + copied + site->shown_inodes) + 1;
}

static void add_tree(const struct site *site, const char *path, struct site_disk *ret)
{
        uint64_t inodes = 0;

        ret->bytes += fs_tree_size(AT_FDCWD, path, scan_max(site), &inodes);
        ret->inodes += inodes;
}

static void add_copies(const struct site *site, const char *kind, size_t len, struct site_disk *ret)
{
        for (size_t i = 0; i < len; i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s%zu", site->plan->scratch, kind, i);

                add_tree(site, path, ret);
        }
}

static void take_off(struct site_disk *disk, uint64_t bytes, uint64_t inodes)
{
        disk->bytes -= disk->bytes < bytes ? disk->bytes : bytes;
        disk->inodes -= disk->inodes < inodes ? disk->inodes : inodes;
}

/* Tier B: what the copies on disk have grown by. */
static void copied_growth(const struct site *site, const struct sandbox_step *step, struct site_disk *ret)
{
        const bool own = copy_is_own(step);
        _cleanup_free_ char *path = xasprintf("%s/%s", site->plan->scratch, own ? "verify" : "tree");
        struct site_disk shown = {0};

        add_tree(site, path, ret);
        if (site->weak)
                weak_disk_used(site, ret);
        take_off(ret, own ? site->own_bytes : site->copied_bytes, own ? site->own_inodes : site->copied_inodes);
        if (site->weak)
                return; /* carried folders lie in the tree there, and nothing else is written */
        add_copies(site, "carry", site->plan->carry.len, &shown);
        add_copies(site, "write", site->plan->write.len, &shown);
        take_off(&shown, site->shown_bytes, site->shown_inodes);
        ret->bytes += shown.bytes;
        ret->inodes += shown.inodes;
}

static void add_tmpfs(const char *path, struct site_disk *ret)
{
        struct statvfs status;

        if (statvfs(path, &status) < 0)
                return;
        ret->bytes += (status.f_blocks - status.f_bfree) * status.f_bsize;
        ret->inodes += status.f_files - status.f_ffree;
        ret->full |= status.f_bavail == 0;
        ret->out_of_inodes |= status.f_files && status.f_ffree == 0;
}

/* The command's worktree has the run's upper; all else that a step writes lies in its own folder. */
void site_disk_used(const struct site *site, const struct sandbox_step *step, struct site_disk *ret)
{
        const char *const stores[] = {step->worktree == SANDBOX_WORK || site->borrowed ? site->upper : NULL,
                                      site->step_made ? site->step : NULL};
        bool polled = site->copied || site->kind == SANDBOX_UPPER_DISK;

        *ret = (struct site_disk){0};
        if (site->copied)
                copied_growth(site, step, ret);
        for (size_t i = 0; !site->copied && i < sizeof(stores) / sizeof(*stores); i++) {
                if (stores[i] && polled)
                        add_tree(site, stores[i], ret);
                else if (stores[i])
                        add_tmpfs(stores[i], ret);
        }
        if (!polled)
                return;
        ret->full = ret->bytes >= site->plan->upper_bytes; /* as a tmpfs is: nothing more would fit */
        ret->out_of_inodes = site->plan->upper_inodes && ret->inodes > site->plan->upper_inodes;
}
