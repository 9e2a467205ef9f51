/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the steps of tier D take place: folders in scratch, on disk.
 *
 *         tree, verify    copies of the worktree, the run's and a step's (worktree_copy.h)
 *         home, tmp       fresh for every step
 *         bin             cupel, for a step's PATH
 *
 * The paths that programs see are the host's: what the plan names by its place in the sandbox (/cupel/…) is translated.
 */
#include "sandbox/weak.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/kernel.h"
#include "sandbox/merge.h"
#include "sandbox/worktree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSIDE "/cupel/"
#define OBJECTS "/cupel/objects/"

static const char *tree_name(const struct sandbox_step *step)
{
        return copy_is_own(step) ? "verify" : "tree";
}

char *weak_tree(const struct site *site, const struct sandbox_step *step)
{
        return xasprintf("%s/%s", site->plan->scratch, tree_name(step));
}

/* ---- Names ---- */

/* What follows `place` in `path`, "" or "/…"; NULL where path is not in it. */
static const char *rest_of(const char *path, const char *place)
{
        size_t len = strlen(place);

        return strncmp(path, place, len) == 0 && (!path[len] || path[len] == '/') ? path + len : NULL;
}

static char *translate_own(const struct site *site, const char *value)
{
        const struct sandbox_plan *plan = site->plan;
        const char *rest = rest_of(value, "/cupel/bin");

        if (rest)
                return xasprintf("%s/bin%s", plan->scratch, rest);
        for (size_t i = 0; i < plan->files.len; i++) {
                _cleanup_free_ char *place = xasprintf(INSIDE "%s", plan->files.items[i].inside);

                if ((rest = rest_of(value, place)))
                        return xasprintf("%s%s", plan->files.items[i].host, rest);
        }
        for (size_t i = 0; i < plan->objects.len; i++) {
                _cleanup_free_ char *place = xasprintf(OBJECTS "%zu", i);

                if ((rest = rest_of(value, place)))
                        return xasprintf("%s%s", plan->objects.items[i], rest);
        }
        return xstrdup(value);
}

char *weak_translate(const struct site *site, const struct sandbox_step *step, const char *value)
{
        const char *rest = rest_of(value, site->plan->worktree);

        if (rest) {
                _cleanup_free_ char *tree = weak_tree(site, step);

                return xasprintf("%s%s", tree, rest);
        }
        return translate_own(site, value);
}

/* ---- Folders ---- */

static int make_fresh(int scratch, const char *name, struct err *err)
{
        if (fs_remove_tree_at(scratch, name, err) < 0)
                return -1;
        return mkdirat(scratch, name, 0700) < 0 ? err_errno(err, "mkdir %s", name) : 0;
}

/* The throw-away .git of the copy names the object stores by their places in the sandbox. */
static int point_to_objects(const struct site *site, const char *tree, struct err *err)
{
        _cleanup_fd_ int folder = fs_open_dir(tree, err);
        _cleanup_fd_ int info =
                folder < 0 ? -1 : fs_open_beneath(folder, ".git/objects/info", O_RDONLY | O_DIRECTORY, 0);
        _cleanup_str_ struct str text = {0};

        if (folder < 0)
                return -1;
        if (info < 0)
                return 0;
        for (size_t i = 0; i < site->plan->objects.len; i++)
                str_printf(&text, "%s\n", site->plan->objects.items[i]);
        return fs_write_at(info, "alternates", str_text(&text), text.len, 0644, err);
}

int weak_site_furnish(struct site *site, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        _cleanup_fd_ int scratch = fs_open_dir(plan->scratch, err);
        _cleanup_free_ char *tree = xasprintf("%s/tree", plan->scratch);

        if (scratch < 0 || make_fresh(scratch, "bin", err) < 0)
                return -1;
        for (size_t i = 0; i < plan->files.len; i++)
                if (strcmp(plan->files.items[i].inside, "bin/cupel") == 0 &&
                    symlinkat(plan->files.items[i].host, scratch, "bin/cupel") < 0)
                        return err_errno(err, "bin/cupel");
        if (fs_write_at(scratch, "bin/gitconfig", etc_gitconfig, strlen(etc_gitconfig), 0444, err) < 0)
                return -1;
        return point_to_objects(site, tree, err);
}

/*
 * ---- Carried folders: a copy of each is moved to its place in the tree by the keeper, and taken away again by the helper ----
 *
 *         scratch/carryN      the copy, until it is placed
 *         scratch/coveredN    the folder that was there, until the copy is gone
 */

static void measure_carried(struct site *site, int scratch)
{
        site->carried_bytes = site->carried_inodes = 0;
        for (size_t i = 0; i < site->plan->carry.len; i++) {
                _cleanup_free_ char *copy = xasprintf("carry%zu", i);
                uint64_t inodes = 0;

                site->carried_bytes += fs_tree_size(scratch, copy, SIZE_MAX, &inodes);
                site->carried_inodes += inodes;
        }
}

/* What a mount would hide. */
static int cover(int scratch, int parent, const char *name, size_t index)
{
        _cleanup_free_ char *covered = xasprintf("covered%zu", index);
        struct stat status;

        if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -1;
        if (S_ISDIR(status.st_mode))
                return renameat2(parent, name, scratch, covered, RENAME_NOREPLACE);
        errno = ENOTDIR;
        return -1;
}

static int place_carried(const struct site *site, int scratch, int tree, size_t index, struct err *err)
{
        const char *inside = site->plan->carry.items[index].inside, *name;
        _cleanup_free_ char *copy = xasprintf("carry%zu", index);
        _cleanup_fd_ int parent = fs_mkdir_parents_at(tree, inside, 0755, &name, err);

        if (parent >= 0 && cover(scratch, parent, name, index) == 0 &&
            renameat2(scratch, copy, parent, name, RENAME_NOREPLACE) == 0)
                return 0;
        if (parent >= 0)
                err_errno(err, "%s", inside);
        err->code = ERR_INPUT;
        return err_wrap(err, "carried folder");
}

int weak_place_carried(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_fd_ int scratch = fs_open_dir(site->plan->scratch, err);
        _cleanup_free_ char *path = weak_tree(site, step);
        _cleanup_fd_ int tree = scratch < 0 ? -1 : fs_open_dir(path, err);

        if (tree < 0)
                return -1;
        for (size_t i = 0; i < site->plan->carry.len; i++)
                if (place_carried(site, scratch, tree, i, err) < 0)
                        return -1;
        return 0;
}

static int open_parent(int tree, const char *path, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *parent = slash ? xmemdup(path, (size_t)(slash - path)) : NULL;

        *ret_name = slash ? slash + 1 : path;
        return slash ? fs_open_beneath(tree, parent, O_RDONLY | O_DIRECTORY, 0) : fcntl(tree, F_DUPFD_CLOEXEC, 0);
}

/* A copy that is still in scratch was not placed: what has its name in the tree is the step's own. */
static void take_away(const struct site *site, int scratch, int tree, size_t index)
{
        const char *name;
        _cleanup_free_ char *copy = xasprintf("carry%zu", index), *covered = xasprintf("covered%zu", index);
        _cleanup_fd_ int parent = open_parent(tree, site->plan->carry.items[index].inside, &name);
        struct err ignored = ERR_INIT;

        if (parent < 0)
                return;
        if (faccessat(scratch, copy, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                fs_remove_tree_at(parent, name, &ignored);
        renameat2(scratch, covered, parent, name, RENAME_NOREPLACE);
}

static void take_carried_away(struct site *site)
{
        struct err ignored = ERR_INIT;
        _cleanup_free_ char *path = xasprintf("%s/%s", site->plan->scratch, site->carried_in);
        _cleanup_fd_ int scratch = fs_open_dir(site->plan->scratch, &ignored);
        _cleanup_fd_ int tree = fs_open_dir(path, &ignored);

        for (size_t i = 0; scratch >= 0 && tree >= 0 && i < site->plan->carry.len; i++) {
                _cleanup_free_ char *covered = xasprintf("covered%zu", i);

                take_away(site, scratch, tree, i);
                fs_remove_tree_at(scratch, covered, &ignored); /* its place is gone */
        }
}

int weak_step_begin(struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_fd_ int scratch = fs_open_dir(site->plan->scratch, err);
        _cleanup_free_ char *path = weak_tree(site, step);

        if (scratch < 0 || make_fresh(scratch, "home", err) < 0 || make_fresh(scratch, "tmp", err) < 0)
                return -1;
        if (copy_is_own(step) && point_to_objects(site, path, err) < 0)
                return -1;
        site->carried_in = tree_name(step);
        measure_carried(site, scratch);
        return 0;
}

void weak_step_end(struct site *site)
{
        if (site->carried_in)
                take_carried_away(site);
        site->carried_in = NULL;
}

/* ---- Reading back ---- */

static mode_t needed_rights(const struct stat *status)
{
        return S_ISDIR(status->st_mode) ? 0700 : S_ISREG(status->st_mode) ? S_IRUSR : 0;
}

static bool may_read(const struct stat *status)
{
        return (status->st_mode & needed_rights(status)) == needed_rights(status);
}

/*
 * Nobody here may read what its owner may not: an entry without rights gets them. Through the entry itself: while a checkpoint is
 * taken a process may wake up, and put a link to a file of the host in its place.
 */
static int grant(int dirfd, const char *name, struct err *err)
{
        _cleanup_fd_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        char path[FD_PATH_MAX];
        struct stat status;

        if (fd < 0 || fstat(fd, &status) < 0)
                return err_errno(err, "read %s", name);
        if (may_read(&status))
                return 0;
        if (chmod(fd_path(fd, path), (status.st_mode & 0777) | needed_rights(&status)) < 0)
                return err_errno(err, "read %s", name);
        return 0;
}

static int open_up(int dirfd, unsigned depth, struct err *err);

static int open_up_entry(int dirfd, const char *name, unsigned depth, struct err *err)
{
        _cleanup_fd_ int fd = -1;
        struct stat status;

        if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return err_errno(err, "read %s", name);
        if (!may_read(&status) && grant(dirfd, name, err) < 0)
                return -1;
        if (!S_ISDIR(status.st_mode))
                return 0;
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? err_errno(err, "read %s", name) : open_up(fd, depth + 1, err);
}

/* Depth is bounded as in merge.h. */
static int open_up(int dirfd, unsigned depth, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};
        const struct merge_stack here = {.fds = {dirfd}, .len = 1};

        if (depth > MERGE_DEPTH_MAX)
                return err_set(err, ERR_REFUSED, "a tree deeper than %d folders", MERGE_DEPTH_MAX);
        if (merge_names(&here, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++)
                if (open_up_entry(dirfd, names.items[i], depth, err) < 0)
                        return -1;
        return 0;
}

int weak_before_freeze(const struct site *site, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/tree", site->plan->scratch);
        _cleanup_fd_ int tree = -1;

        if (chmod(path, 0755) < 0 || (tree = fs_open_dir(path, err)) < 0)
                return err_errno(err, "read %s", path);
        return open_up(tree, 0, err);
}

void weak_disk_used(const struct site *site, struct site_disk *ret)
{
        static const char *const names[] = {"home", "tmp"};

        ret->bytes -= ret->bytes < site->carried_bytes ? ret->bytes : site->carried_bytes;
        ret->inodes -= ret->inodes < site->carried_inodes ? ret->inodes : site->carried_inodes;
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", site->plan->scratch, names[i]);
                uint64_t inodes = 0;

                ret->bytes += fs_tree_size(AT_FDCWD, path, (size_t)site->plan->upper_inodes + 1, &inodes);
                ret->inodes += inodes;
        }
}
