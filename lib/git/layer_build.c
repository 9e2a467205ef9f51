/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer in the making: a folder of its own beside the finished ones, under a lock by its key, given its name at the
 * end. So a layer is there whole or not at all, one process builds while others wait for it, and what a crash left is
 * removed by the next one who builds the same key, or by gc.
 *
 * Files get their owner and mode exactly as asked, whatever the umask and the folder's bits; where the kernel already
 * gives that, which the first folder shows, no call is spent on it.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/layer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define MTIME_BEHIND 2 /* seconds: an index entry as old as its index is "racy" to git, which then reads the file */

static int clear_place(const struct build *build, struct err *err)
{
        char gone[LAYER_KEY + 8];

        if (fs_remove_tree_at(build->cache->fd, build->temporary, err) < 0)
                return -1;
        snprintf(gone, sizeof(gone), ".gone-%s", build->key);
        if (renameat(build->cache->fd, build->key, build->cache->fd, gone) < 0 && errno != ENOENT)
                return err_errno(err, "cannot set aside the layer %s", build->key);
        return fs_remove_tree_at(build->cache->fd, gone, err);
}

/* Does the kernel give new files the owner and mode that they shall have? */
static int look_at_defaults(struct build *build, struct err *err)
{
        _cleanup_fd_ int probe = openat(build->dir, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        struct stat file, folder;

        if (probe < 0 || fstat(probe, &file) < 0 || fstat(build->tree, &folder) < 0)
                return err_errno(err, "cannot look at a new layer");
        build->set_owner = file.st_uid != build->options->uid || file.st_gid != build->options->gid ||
                           folder.st_gid != build->options->gid;
        build->set_mode = (file.st_mode & 07777) != 0644 || (folder.st_mode & 07777) != 0755;
        return 0;
}

static int build_skeleton(struct build *build, struct err *err)
{
        build->dir = fs_mkdir_open_at(build->cache->fd, build->temporary, 0700, err);
        if (build->dir < 0)
                return -1;
        build->tree = fs_mkdir_open_at(build->dir, "tree", 0755, err);
        if (build->tree < 0 || look_at_defaults(build, err) < 0)
                return -1;
        if ((build->set_owner && fchown(build->tree, build->options->uid, build->options->gid) < 0) ||
            (build->set_mode && fchmod(build->tree, 0755) < 0))
                return err_errno(err, "cannot give a layer to its owner");
        if (build_folder(build, build->tree, ".git", err) < 0)
                return -1;
        build->git = openat(build->tree, ".git", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return build->git < 0 ? err_errno(err, "cannot open a new layer") : 0;
}

int build_begin(struct build *build, const struct cache *cache, const char *key, const struct layer_options *options,
                struct chain *ret_chain, struct err *err)
{
        *build = (struct build){.cache = cache, .options = options, .lock = -1, .dir = -1, .tree = -1, .git = -1};
        snprintf(build->key, sizeof(build->key), "%s", key);
        snprintf(build->temporary, sizeof(build->temporary), ".tmp-%s", key);
        snprintf(build->lock_name, sizeof(build->lock_name), ".build-%s", key);
        build->lock = lock_by_name(cache->fd, build->lock_name, O_CREAT, LOCK_EX);
        if (build->lock < 0)
                return err_errno(err, "cannot lock the layer %s", key);
        if (chain_open(cache, key, NULL, ret_chain))
                return 1;
        build->mtime = (uint32_t)(time(NULL) - MTIME_BEHIND);
        snprintf(build->marker.boot, sizeof(build->marker.boot), "%s", cache->boot);
        if (clear_place(build, err) < 0 || build_skeleton(build, err) < 0)
                return -1;
        return 0;
}

int build_finish(struct build *build, struct err *err)
{
        if (marker_write(build->dir, &build->marker, err) < 0)
                return -1;
        if (renameat(build->cache->fd, build->temporary, build->cache->fd, build->key) < 0)
                return err_errno(err, "cannot give the layer %s its name", build->key);
        cleanup_fd(&build->dir);
        build->dir = -1;
        return 0;
}

void build_release(struct build *build)
{
        struct err ignored = ERR_INIT;

        cleanup_fd(&build->git);
        cleanup_fd(&build->tree);
        if (build->dir >= 0) {
                close(build->dir);
                fs_remove_tree_at(build->cache->fd, build->temporary, &ignored);
        }
        if (build->lock >= 0) {
                unlinkat(build->cache->fd, build->lock_name, 0);
                close(build->lock);
        }
        build->git = build->tree = build->dir = build->lock = -1;
}

int build_folder(const struct build *build, int dirfd, const char *name, struct err *err)
{
        if (mkdirat(dirfd, name, 0755) < 0)
                return err_errno(err, "cannot make the folder %s", name);
        if ((build->set_owner &&
             fchownat(dirfd, name, build->options->uid, build->options->gid, AT_SYMLINK_NOFOLLOW) < 0) ||
            (build->set_mode && fchmodat(dirfd, name, 0755, 0) < 0))
                return err_errno(err, "cannot give the folder %s to its owner", name);
        return 0;
}

int build_file(const struct build *build, int dirfd, const char *name, const void *data, size_t len, mode_t mode,
               struct err *err)
{
        const struct timespec times[2] = {{.tv_sec = build->mtime}, {.tv_sec = build->mtime}};
        _cleanup_fd_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

        if (fd < 0 || fs_write_all(fd, data, len) < 0)
                return err_errno(err, "cannot write %s", name);
        if ((build->set_owner && fchown(fd, build->options->uid, build->options->gid) < 0) ||
            (build->set_mode && fchmod(fd, mode) < 0) || futimens(fd, times) < 0)
                return err_errno(err, "cannot give %s its owner, mode and time", name);
        return 0;
}

int build_symlink(const struct build *build, int dirfd, const char *name, const char *target, size_t len,
                  struct err *err)
{
        const struct timespec times[2] = {{.tv_sec = build->mtime}, {.tv_sec = build->mtime}};
        _cleanup_free_ char *text = xmemdup(target, len);

        if (!len || len >= PATH_MAX || strlen(text) != len)
                return err_set(err, ERR_INPUT, "%s is a symbolic link that no checkout may have", name);
        if (symlinkat(text, dirfd, name) < 0)
                return err_errno(err, "cannot make the link %s", name);
        if ((build->set_owner &&
             fchownat(dirfd, name, build->options->uid, build->options->gid, AT_SYMLINK_NOFOLLOW) < 0) ||
            utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "cannot give %s its owner and time", name);
        return 0;
}
