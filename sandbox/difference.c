/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent made `tree`: it is read without following links, and what is neither file, link nor folder becomes a FIFO in
 * the upper, which the read-back refuses by name.
 */
#include "sandbox/difference.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct difference {
        struct timespec since;
        bool touched; /* a folder on the way was changed since: what a name in it leads to now may be another file */
        struct merge_count count;
};

static int walk(struct difference *difference, int tree, const struct merge_stack *lowers, int upper, unsigned depth,
                struct err *err);

static bool is_before(const struct timespec *time, const struct timespec *mark)
{
        return time->tv_sec != mark->tv_sec ? time->tv_sec < mark->tv_sec : time->tv_nsec < mark->tv_nsec;
}

static bool same_bytes(int left_dir, int right_dir, const char *name)
{
        _cleanup_fd_ int left = openat(left_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        _cleanup_fd_ int right = openat(right_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        char a[32768], b[sizeof(a)];

        for (off_t at = 0; left >= 0 && right >= 0;) {
                ssize_t got = pread(left, a, sizeof(a), at);

                if (got < 0 || pread(right, b, sizeof(b), at) != got || memcmp(a, b, (size_t)got) != 0)
                        return false;
                if (got == 0)
                        return true;
                at += got;
        }
        return false;
}

static bool same_target(int left_dir, int right_dir, const char *name)
{
        char a[PATH_MAX], b[PATH_MAX];
        ssize_t len = readlinkat(left_dir, name, a, sizeof(a));

        return len >= 0 && readlinkat(right_dir, name, b, sizeof(b)) == len && memcmp(a, b, (size_t)len) == 0;
}

static bool is_unchanged(const struct difference *difference, int tree, const char *name, const struct stat *now,
                         int lower, const struct stat *old)
{
        if ((now->st_mode & S_IFMT) != (old->st_mode & S_IFMT))
                return false;
        if (S_ISLNK(now->st_mode))
                return same_target(tree, lower, name);
        if (!S_ISREG(now->st_mode) || now->st_size != old->st_size || (now->st_mode & 0777) != (old->st_mode & 0777))
                return false;
        return (!difference->touched && is_before(&now->st_ctim, &difference->since)) || same_bytes(tree, lower, name);
}

/* A folder that holds no difference, and was there, leaves nothing in the upper. */
static int write_folder(struct difference *difference, int tree, const char *name, const struct merge_stack *lowers,
                        bool was_folder, int upper, unsigned depth, struct err *err)
{
        _cleanup_merge_stack_ struct merge_stack below = {0};
        _cleanup_fd_ int fd = openat(tree, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_fd_ int to = -1;

        if (fd < 0 || mkdirat(upper, name, 0755) < 0 ||
            (to = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
                return err_errno(err, "compare %s", name);
        if (was_folder)
                merge_descend(lowers, name, &below);
        if (walk(difference, fd, &below, to, depth + 1, err) < 0)
                return -1;
        if (was_folder)
                unlinkat(upper, name, AT_REMOVEDIR); /* ENOTEMPTY: something differs */
        return 0;
}

static int write_entry(struct difference *difference, int tree, const char *name, const struct merge_stack *lowers,
                       int upper, unsigned depth, struct err *err)
{
        struct stat now, old = {0};
        int layer = merge_lookup(lowers, name, &old);

        if (fstatat(tree, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "compare %s", name);
        if (S_ISDIR(now.st_mode))
                return write_folder(difference, tree, name, lowers, layer >= 0 && S_ISDIR(old.st_mode), upper, depth,
                                    err);
        if (layer >= 0 && is_unchanged(difference, tree, name, &now, lowers->fds[layer], &old))
                return 0;
        if (S_ISREG(now.st_mode) || S_ISLNK(now.st_mode))
                return merge_copy_entry(tree, name, &now, upper, &difference->count, err);
        return mkfifoat(upper, name, 0600) < 0 ? err_errno(err, "compare %s", name) : 0;
}

static int write_whiteouts(int tree, const struct merge_stack *lowers, int upper, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};

        if (merge_names(lowers, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                struct stat status;

                if (fstatat(tree, names.items[i], &status, AT_SYMLINK_NOFOLLOW) == 0 ||
                    merge_lookup(lowers, names.items[i], &status) < 0)
                        continue;
                if (mknodat(upper, names.items[i], S_IFCHR | 0600, makedev(0, 0)) < 0)
                        return err_errno(err, "whiteout %s", names.items[i]);
        }
        return 0;
}

static int walk(struct difference *difference, int tree, const struct merge_stack *lowers, int upper, unsigned depth,
                struct err *err)
{
        const struct merge_stack here = {.fds = {tree}, .len = 1};
        const bool touched = difference->touched;
        _cleanup_strv_ struct strv names = {0};
        struct stat status;

        if (depth > MERGE_DEPTH_MAX)
                return err_set(err, ERR_REFUSED, "a tree deeper than %d folders", MERGE_DEPTH_MAX);
        if (fstat(tree, &status) < 0)
                return err_errno(err, "compare a folder");
        if (merge_names(&here, &names, err) < 0)
                return -1;
        difference->touched |= !is_before(&status.st_ctim, &difference->since);
        for (size_t i = 0; i < names.len; i++)
                if (write_entry(difference, tree, names.items[i], lowers, upper, depth, err) < 0)
                        return -1;
        difference->touched = touched;
        return write_whiteouts(tree, lowers, upper, err);
}

int difference_write(int tree, const struct merge_stack *lowers, int upper, struct timespec since, struct err *err)
{
        struct difference difference = {.since = since};

        return walk(&difference, tree, lowers, upper, 0, err);
}
