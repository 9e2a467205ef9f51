/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make: root locked → folder → its lock file, locked → root unlocked. sweep: root locked → each folder whose lock is free
 * is nobody's. So nobody sweeps a folder between its making and its locking.
 */
#include "cli/scratch.h"

#include "cli/context.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/hash.h"
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static char *root_path(const struct context *context)
{
        return xasprintf("%s/scratch", context->cache_root);
}

/* Free: nobody who works in it lives, or it was never finished. */
static bool is_free(int root, const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/" SCRATCH_LOCK, name);
        _cleanup_fd_ int lock = fs_open_beneath(root, path, O_RDWR, 0);

        return lock < 0 ? errno == ENOENT : flock(lock, LOCK_EX | LOCK_NB) == 0;
}

/* The root is locked by the caller. */
static void sweep(int root)
{
        _cleanup_dir_ DIR *folder = fs_list(fs_open_beneath(root, ".", O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;
        bool any = false;

        while ((entry = fs_list_next(folder))) {
                struct err ignored = ERR_INIT;

                if (entry->d_name[0] == '.' || !is_free(root, entry->d_name))
                        continue;
                any = true;
                (void)fs_remove_tree_at(root, entry->d_name, &ignored);
        }
        if (any)
                cgroups_sweep(true);
}

void scratch_sweep(const struct context *context)
{
        _cleanup_free_ char *path = root_path(context);
        _cleanup_fd_ int root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (root >= 0 && flock(root, LOCK_EX | LOCK_NB) == 0)
                sweep(root);
}

static int make_folder(int root, const char *name, struct scratch *ret, struct err *err)
{
        if (mkdirat(root, name, 0700) < 0)
                return err_errno(err, "make a scratch folder");
        ret->fd = fs_open_beneath(root, name, O_RDONLY | O_DIRECTORY, 0);
        if (ret->fd < 0)
                return err_errno(err, "open a scratch folder");
        ret->lock = openat(ret->fd, SCRATCH_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (ret->lock < 0 || flock(ret->lock, LOCK_SH | LOCK_NB) < 0)
                return err_errno(err, "lock a scratch folder");
        return 0;
}

int scratch_make(const struct context *context, struct scratch *ret, struct err *err)
{
        _cleanup_free_ char *path = root_path(context);
        _cleanup_scratch_ struct scratch scratch = SCRATCH_INIT;
        char name[17];

        if (random_hex(name, 16) < 0)
                return err_errno(err, "getrandom");
        if (fs_mkdir_p(path, 0700, err) < 0)
                return err_wrap(err, "the cache (CUPEL_CACHE names another)");
        scratch.root = fs_open_dir(path, err);
        if (scratch.root < 0)
                return -1;
        if (flock(scratch.root, LOCK_EX) < 0)
                return err_errno(err, "lock %s", path);
        sweep(scratch.root);
        scratch.path = xasprintf("%s/%s", path, name);
        if (make_folder(scratch.root, name, &scratch, err) < 0)
                return -1;
        flock(scratch.root, LOCK_UN);
        *ret = scratch;
        scratch = SCRATCH_INIT;
        return 0;
}

void scratch_remove(struct scratch *scratch)
{
        struct err ignored = ERR_INIT;

        if (scratch->path)
                (void)fs_remove_tree_at(scratch->root, strrchr(scratch->path, '/') + 1, &ignored);
        free(scratch->path);
        cleanup_fd(&scratch->fd);
        cleanup_fd(&scratch->lock);
        cleanup_fd(&scratch->root);
        *scratch = SCRATCH_INIT;
}
