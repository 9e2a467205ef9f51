/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seed.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/overlay.h"
#include "sandbox/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static int lay(int from, int to, enum seed_kind kind, unsigned depth, struct err *err);

static int lay_whiteout(const char *name, int to, enum seed_kind kind, struct err *err)
{
        if (kind == SEED_TREE)
                return fs_remove_tree_at(to, name, err);
        if (mknodat(to, name, S_IFCHR | 0600, makedev(0, 0)) < 0)
                return err_errno(err, "seed: whiteout %s", name);
        return 0;
}

/* A folder in whose place something else was, or whose old content must not show, is made anew. */
static int lay_folder(int from, const char *name, mode_t mode, int to, enum seed_kind kind, unsigned depth,
                      struct err *err)
{
        _cleanup_fd_ int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_fd_ int fd = -1;
        struct stat there;
        bool opaque;

        if (source < 0)
                return err_errno(err, "seed: open %s", name);
        opaque = overlay_is_opaque(source);
        if (kind == SEED_TREE && fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            (opaque || !S_ISDIR(there.st_mode)) && fs_remove_tree_at(to, name, err) < 0)
                return -1;
        if (mkdirat(to, name, 0700 | (mode & 0777)) < 0 && errno != EEXIST)
                return err_errno(err, "seed: mkdir %s", name);
        fd = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || (opaque && kind == SEED_UPPER && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0))
                return err_errno(err, "seed: %s", name);
        return lay(source, fd, kind, depth + 1, err);
}

static int lay_entry(int from, const char *name, int to, enum seed_kind kind, unsigned depth, struct err *err)
{
        struct merge_count count = {0};
        struct stat status;

        if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "seed: %s", name);
        if (overlay_is_whiteout(&status))
                return lay_whiteout(name, to, kind, err);
        if (S_ISDIR(status.st_mode))
                return lay_folder(from, name, status.st_mode, to, kind, depth, err);
        if (kind == SEED_TREE && fs_remove_tree_at(to, name, err) < 0)
                return -1;
        return merge_copy_entry(from, name, &status, to, &count, err);
}

static int lay(int from, int to, enum seed_kind kind, unsigned depth, struct err *err)
{
        const struct merge_stack here = {.fds = {from}, .len = 1};
        _cleanup_strv_ struct strv names = {0};

        if (depth > MERGE_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "seed: deeper than %d folders", MERGE_DEPTH_MAX);
        if (merge_names(&here, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++)
                if (lay_entry(from, names.items[i], to, kind, depth, err) < 0)
                        return -1;
        return 0;
}

int seed_lay(const char *seed, int to, enum seed_kind kind, struct err *err)
{
        _cleanup_fd_ int from = fs_open_dir(seed, err);

        if (from < 0)
                return err_wrap(err, "seed");
        return lay(from, to, kind, 0, err);
}
