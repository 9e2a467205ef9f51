/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a site: folders in scratch, the tmpfs mounts on them, which kind of upper this kernel and this budget allow,
 * and what a step's child does to get inside. Everything that stays on disk is in scratch, and scratch is emptied at the
 * end; the mounts die with the helper's namespace.
 */
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/kernel.h"
#include "sandbox/seed.h"
#include "sandbox/weak.h"
#include "sandbox/worktree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ROOT_BYTES ((uint64_t)32 << 20)
#define ROOT_INODES 8192

static int make_folder(const char *path, mode_t mode, struct err *err)
{
        if (mkdir(path, mode) < 0 && errno != EEXIST)
                return err_errno(err, "mkdir %s", path);
        return 0;
}

static bool stores_user_xattrs(const char *path)
{
        return setxattr(path, "user.cupel", "y", 1, 0) == 0 && removexattr(path, "user.cupel") == 0;
}

/* MemAvailable: the page cache counts as free, since it gives way. */
static bool fits_memory(uint64_t bytes)
{
        _cleanup_str_ struct str text = {0};
        static const char name[] = "MemAvailable:";
        struct err ignored;
        const char *line;

        if (fs_read_at(AT_FDCWD, "/proc/meminfo", 65536, &text, &ignored) < 0 ||
            !(line = strstr(str_text(&text), name)))
                return false;
        return bytes <= (uint64_t)strtoull(line + sizeof(name) - 1, NULL, 10) * 1024 / 2; /* kilobytes */
}

/* The upper on tmpfs is gone whatever crashes, and its size is the kernel's business: wanted wherever it is possible. */
static bool wants_memory(const struct sandbox_plan *plan)
{
        if (plan->force_copy)
                return false;
        return plan->upper == SANDBOX_UPPER_TMPFS ||
               (plan->upper == SANDBOX_UPPER_AUTO && fits_memory(plan->upper_bytes));
}

static void uncover(struct site *site)
{
        if (site->covered)
                mount_detach(site->plan->scratch);
        site->covered = false;
}

static int make_folders(struct site *site, const char *store, struct err *err)
{
        if (fs_mkdir_p(site->plan->scratch, 0700, err) < 0)
                return -1;
        if (site->kind == SANDBOX_UPPER_TMPFS) {
                /* nothing is made on disk, and all of it goes with one call */
                if (mount_tmpfs(site->plan->scratch, ROOT_BYTES, ROOT_INODES, "0700", 0, err) < 0)
                        return -1;
                site->covered = true;
        }
        if (make_folder(site->root, 0755, err) < 0 || make_folder(site->step, 0700, err) < 0)
                return -1;
        return make_folder(store, 0700, err);
}

static int make_on_disk(struct site *site, const char *store, struct err *err)
{
        uncover(site);
        site->kind = SANDBOX_UPPER_DISK;
        if (make_folders(site, store, err) < 0)
                return -1;
        if (mkdir(site->upper, 0755) < 0 || mkdir(site->work, 0755) < 0)
                return err_errno(err, "upper %s", site->upper);
        return 0;
}

static int make_upper(struct site *site, const char *store, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;

        if (!wants_memory(plan))
                return make_on_disk(site, store, err);
        site->kind = SANDBOX_UPPER_TMPFS;
        if (make_folders(site, store, err) < 0 ||
            mount_tmpfs(store, plan->upper_bytes, plan->upper_inodes, "0700", 0, err) < 0)
                return -1;
        if (!stores_user_xattrs(store))
                return make_on_disk(site, store, err);
        if (mkdir(site->upper, 0755) < 0 || mkdir(site->work, 0755) < 0)
                return err_errno(err, "upper %s", site->upper);
        return 0;
}

/* Before the overlay is mounted: its upper must not be written from elsewhere afterwards. */
static int lay_seed(const struct site *site, struct err *err)
{
        _cleanup_fd_ int upper = -1;

        if (!site->plan->seed)
                return 0;
        upper = fs_open_dir(site->upper, err);
        return upper < 0 ? -1 : seed_lay(site->plan->seed, upper, SEED_UPPER, err);
}

/* Asks the kernel for the overlay that the run will need. */
static int try_overlay(struct site *site, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        struct overlay overlay = {(const char *const *)plan->lower.items, plan->lower.len, site->upper, site->work,
                                  NULL};

        if (lay_seed(site, err) < 0 || mount_overlay(&overlay, site->step, err) < 0)
                return -1;
        site->tried = true;
        return 0;
}

/* What was laid there for the overlay that this kernel refuses: a copy has it in its tree. */
static int empty_upper(const struct site *site, struct err *err)
{
        if (!site->plan->seed)
                return 0;
        if (fs_remove_tree_at(AT_FDCWD, site->upper, err) < 0)
                return -1;
        return mkdir(site->upper, 0755) < 0 ? err_errno(err, "upper %s", site->upper) : 0;
}

static int choose_worktree(struct site *site, const char *store, struct err *err)
{
        struct err refused = ERR_INIT;

        if (site->plan->force_copy)
                err_set(&refused, ERR_SANDBOX, "overlay: not wanted");
        else if (try_overlay(site, &refused) == 0)
                return 0;
        if (site->plan->minimum < SANDBOX_TIER_B) {
                *err = refused;
                err->code = ERR_SANDBOX;
                return err_wrap(
                        err,
                        "overlay with userxattr; it needs kernel 5.11 and folders that are no overlay themselves, or "
                        "sandbox.minimum: B");
        }
        /* a copy is as large as the repository: on disk, where a reflink costs nothing */
        if (site->kind != SANDBOX_UPPER_DISK ? make_on_disk(site, store, err) < 0 : empty_upper(site, err) < 0)
                return -1;
        return copy_prepare(site, err);
}

/* A home that is part of the system or of the worktree would hide or be hidden: steps get one of their own. */
char *sandbox_home_path(const char *home, const char *worktree)
{
        static const char *const taken[] = {"/usr",  "/etc", "/proc", "/dev",   "/sys",   "/cupel", "/run",
                                            "/sbin", "/bin", "/lib",  "/lib32", "/lib64", "/opt",   "/nix"};
        static const char *const itself[] = {"/", "/tmp", "/var", "/var/tmp"};

        if (!home || path_is_in(home, worktree))
                return xstrdup("/cupel/home");
        for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
                if (path_is_in(home, taken[i]))
                        return xstrdup("/cupel/home");
        for (size_t i = 0; i < sizeof(itself) / sizeof(*itself); i++)
                if (strcmp(home, itself[i]) == 0)
                        return xstrdup("/cupel/home");
        return xstrdup(home);
}

static bool wants_var_tmp(const struct site *site)
{
        const struct sandbox_plan *plan = site->plan;

        for (size_t i = 0; i < plan->read.len; i++)
                if (path_is_in(plan->read.items[i].inside, "/var/tmp"))
                        return true;
        for (size_t i = 0; i < plan->write.len; i++)
                if (path_is_in(plan->write.items[i].inside, "/var/tmp"))
                        return true;
        return path_is_in(site->home, "/var/tmp") || path_is_in(plan->worktree, "/var/tmp");
}

/* Where scratch is in memory a folder of it does, as a mount of its own: one file system less to make and to take apart. */
static int make_root(const struct site *site, struct err *err)
{
        return site->covered ? mount_bind(site->root, site->root, 0, err)
                             : mount_tmpfs(site->root, ROOT_BYTES, ROOT_INODES, "0755", 0, err);
}

int site_make(struct site *site, const struct sandbox_plan *plan, struct err *err)
{
        _cleanup_free_ char *store = xasprintf("%s/upper", plan->scratch);

        site->plan = plan;
        site->home = sandbox_home_path(plan->home, plan->worktree);
        site->own_var_tmp = wants_var_tmp(site);
        site->root = xasprintf("%s/root", plan->scratch);
        site->step = xasprintf("%s/step", plan->scratch);
        site->upper = xasprintf("%s/upper", store);
        site->work = xasprintf("%s/work", store);
        if (make_upper(site, store, err) < 0 || choose_worktree(site, store, err) < 0)
                return -1;
        return make_root(site, err) < 0 || root_build(site, err) < 0 ? err_wrap(err, "step root") : 0;
}

int site_finish(const struct site *site, struct err *err)
{
        return root_finish(site, err) < 0 ? err_wrap(err, "step root") : 0;
}

int site_make_weak(struct site *site, const struct sandbox_plan *plan, struct err *err)
{
        _cleanup_free_ char *store = xasprintf("%s/upper", plan->scratch);

        site->plan = plan;
        site->weak = true;
        if (plan->write.len)
                return err_set(
                        err, ERR_SANDBOX,
                        "sandbox.write: tier D, weaker, cannot show a copy at a folder's own path; give this machine "
                        "user namespaces (cupel doctor)");
        site->home = xasprintf("%s/home", plan->scratch);
        site->root = xasprintf("%s/root", plan->scratch);
        site->step = xasprintf("%s/step", plan->scratch);
        site->upper = xasprintf("%s/upper", store);
        site->work = xasprintf("%s/work", store);
        if (make_on_disk(site, store, err) < 0 || copy_prepare(site, err) < 0)
                return -1;
        return weak_site_furnish(site, err);
}

static void empty_scratch(struct site *site)
{
        struct err ignored;

        if (site->covered) {
                /* in a cage the folder is not ours to remove; what is mounted on it goes with this process, all at once */
                if (rmdir(site->plan->scratch) < 0 && errno == EROFS)
                        return;
                uncover(site);
                rmdir(site->plan->scratch);
                return;
        }
        mount_detach(site->root);
        mount_detach(site->step);
        fs_remove_tree_at(AT_FDCWD, site->plan->scratch, &ignored);
}

void site_release(struct site *site)
{
        if (site->root)
                empty_scratch(site);
        free(site->root);
        free(site->upper);
        free(site->work);
        free(site->step);
        free(site->home);
        strv_release(&site->points);
        *site = (struct site){0};
}

/* A copy has no upper yet: what differs now is written beside it, anew each time. */
static char *pause_copy(const struct site *site, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/pause", site->plan->scratch);

        if ((site->weak && weak_before_freeze(site, err) < 0) || fs_remove_tree_at(AT_FDCWD, path, err) < 0)
                return NULL;
        if (mkdir(path, 0755) < 0) {
                err_errno(err, "mkdir %s", path);
                return NULL;
        }
        return copy_difference(site, path, err) < 0 ? NULL : steal_ptr(&path);
}

int site_pause(struct site *site, struct err *err)
{
        _cleanup_free_ char *path = site->copied ? pause_copy(site, err) : xstrdup(site->upper);
        int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        return fd < 0 && path ? err_errno(err, "paused worktree") : fd;
}

int site_freeze(struct site *site, struct err *err)
{
        int fd;

        if (!site->frozen && site->weak && weak_before_freeze(site, err) < 0)
                return -1;
        if (!site->frozen && site->copied && copy_freeze(site, err) < 0)
                return -1;
        fd = open(site->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "frozen worktree");
        site->frozen = true;
        return fd;
}
