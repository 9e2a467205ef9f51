/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root that all steps share, built once in the helper's mount namespace: the system's programs read-only, five
 * devices, /cupel with our own files, and empty folders where each step mounts its own.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"
#include "sandbox/sockets.h"

#include "lib/base/cleanup.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static const char *const system_folders[] = {"usr",   "opt",   "bin",    "sbin", "lib",
                                             "lib32", "lib64", "libx32", "nix",  "gnu"};
static const char *const devices[] = {"null", "zero", "full", "random", "urandom"};
static const char *const folders[] = {"dev",       "dev/shm",       "dev/pts",     "proc", "tmp", "cupel",
                                      "cupel/bin", "cupel/objects", "cupel/empty", "var",  "root"};
static const struct {
        const char *name, *target;
} links[] = {
        {"dev/ptmx", "pts/ptmx"}, /* there in steps that have a terminal */
        {"dev/fd", "/proc/self/fd"},       {"dev/stdin", "/proc/self/fd/0"},
        {"dev/stdout", "/proc/self/fd/1"}, {"dev/stderr", "/proc/self/fd/2"},
};

bool sandbox_is_system(const char *path)
{
        for (size_t i = 0; i < sizeof(system_folders) / sizeof(*system_folders); i++) {
                size_t len = strlen(system_folders[i]);

                if (path[0] == '/' && strncmp(path + 1, system_folders[i], len) == 0 &&
                    (path[len + 1] == '/' || !path[len + 1]))
                        return true;
        }
        return false;
}

static int make_folders(int rootfd, struct err *err)
{
        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                if (mkdirat(rootfd, folders[i], 0755) < 0)
                        return err_errno(err, "mkdir %s", folders[i]);
        for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
                if (symlinkat(links[i].target, rootfd, links[i].name) < 0)
                        return err_errno(err, "link %s", links[i].name);
        return 0;
}

/* What hidden files are seen as. */
static int make_nothing(int rootfd, struct err *err)
{
        _cleanup_fd_ int fd = openat(rootfd, "cupel/nothing", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

        return fd < 0 ? err_errno(err, "/cupel/nothing") : 0;
}

/* One place for temporary files, unless something is shown below the other name of it. */
static int make_var_tmp(const struct site *site, int rootfd, struct err *err)
{
        if ((site->own_var_tmp ? mkdirat(rootfd, "var/tmp", 0755) : symlinkat("/tmp", rootfd, "var/tmp")) < 0)
                return err_errno(err, "/var/tmp");
        return 0;
}

/*
 * Where sockets of the host may lie (a daemon installed in /opt, the Nix daemon, /usr/local/var): an overlay, through which they
 * cannot be connected to. Where the kernel makes none (a copy is used, another file system is mounted in it) it is a bind, and
 * what sockets there are below `searched` get covered: a store of millions of packages has none and is not walked through.
 */
static const struct {
        const char *folder, *searched;
} with_sockets[] = {{"opt", "opt"}, {"nix", "nix/var"}, {"usr/local", "usr/local"}};

static int show_without_sockets(const struct site *site, size_t index, bool bound, struct err *err)
{
        _cleanup_free_ char *from = xasprintf("/%s", with_sockets[index].folder);
        _cleanup_free_ char *at = xasprintf("%s%s", site->root, from);
        _cleanup_free_ char *searched = xasprintf("%s/%s", site->root, with_sockets[index].searched);
        _cleanup_free_ char *empty = xasprintf("%s/cupel/empty", site->root);
        _cleanup_free_ char *nothing = xasprintf("%s/cupel/nothing", site->root);
        struct overlay overlay = {(const char *const[]){from}, 1, NULL, NULL, empty};
        struct err ignored;

        if (!site->copied && mount_overlay(&overlay, at, &ignored) == 0)
                return 0;
        if (!bound && mount_bind(from, at, READ_ONLY, err) < 0)
                return -1;
        return sockets_cover(searched, nothing, err);
}

static int show_folder(const struct site *site, int hostfd, int rootfd, const char *name, struct err *err)
{
        for (size_t i = 0; i < sizeof(with_sockets) / sizeof(*with_sockets); i++)
                if (strcmp(with_sockets[i].folder, name) == 0)
                        return show_without_sockets(site, i, false, err);
        return mount_bind_in(hostfd, rootfd, name, 0, err);
}

/* It lies in /usr, which is a bind: what else is there is the distribution's, and has none. */
static int show_local(const struct site *site, struct err *err)
{
        _cleanup_free_ char *at = xasprintf("%s/usr/local", site->root);
        struct stat status;

        if (lstat(at, &status) < 0 || !S_ISDIR(status.st_mode))
                return 0;
        return show_without_sockets(site, sizeof(with_sockets) / sizeof(*with_sockets) - 1, true, err);
}

/* A merged /usr shows /bin as a link: it stays one. */
static int show_system(const struct site *site, int hostfd, int rootfd, const char *name, struct err *err)
{
        char target[256];
        struct stat status;
        ssize_t len;

        if (fstatat(hostfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISLNK(status.st_mode)) {
                len = readlinkat(hostfd, name, target, sizeof(target) - 1);
                target[len > 0 ? len : 0] = '\0';
                return symlinkat(target, rootfd, name) < 0 ? err_errno(err, "link /%s", name) : 0;
        }
        if (!S_ISDIR(status.st_mode))
                return 0;
        if (mkdirat(rootfd, name, 0755) < 0)
                return err_errno(err, "mkdir %s", name);
        return show_folder(site, hostfd, rootfd, name, err);
}

static int show_device(int hostdev, int dev, const char *name, struct err *err)
{
        _cleanup_fd_ int fd = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        if (fd < 0)
                return err_errno(err, "/dev/%s", name);
        return mount_bind_in(hostdev, dev, name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
}

static int show_devices(int hostfd, int rootfd, struct err *err)
{
        _cleanup_fd_ int hostdev = openat(hostfd, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int dev = openat(rootfd, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (hostdev < 0 || dev < 0)
                return err_errno(err, "/dev");
        for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
                if (show_device(hostdev, dev, devices[i], err) < 0)
                        return -1;
        return 0;
}

/*
 * A file is bound, a folder becomes a read-only overlay: through a bind one could connect to the host's sockets below it.
 */
static int show_at(const struct site *site, int dirfd, const struct sandbox_show *show, bool may_overlay,
                   struct err *err)
{
        _cleanup_fd_ int from = open(show->host, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_free_ char *empty = xasprintf("%s/cupel/empty", site->root);
        _cleanup_free_ char *nothing = xasprintf("%s/cupel/nothing", site->root);
        _cleanup_free_ char *below = xasprintf("/proc/self/fd/%d/%s", dirfd, show->inside);
        _cleanup_fd_ int at = -1;
        char path[FD_PATH_MAX];
        struct stat status;

        if (from < 0 || fstat(from, &status) < 0)
                return err_errno(err, "show %s", show->host);
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
                return err_set(err, ERR_INPUT, "show %s: neither a file nor a folder", show->host);
        at = mount_point_beneath(dirfd, show->inside, S_ISDIR(status.st_mode), err);
        if (at < 0)
                return -1;
        if (S_ISDIR(status.st_mode) && may_overlay && !site->copied)
                return mount_overlay(&(struct overlay){(const char *const[]){show->host}, 1, NULL, NULL, empty},
                                     fd_path(at, path), err);
        if (mount_bind(show->host, fd_path(at, path), READ_ONLY, err) < 0)
                return -1;
        return may_overlay && S_ISDIR(status.st_mode) ? sockets_cover(below, nothing, err) : 0;
}

static int show_own(const struct site *site, int rootfd, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        _cleanup_fd_ int cupel = openat(rootfd, "cupel", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (cupel < 0)
                return err_errno(err, "/cupel");
        for (size_t i = 0; i < plan->files.len; i++)
                if (show_at(site, cupel, &plan->files.items[i], true, err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->objects.len; i++) {
                _cleanup_free_ char *inside = xasprintf("objects/%zu", i);
                struct sandbox_show show = {plan->objects.items[i], inside};

                /* a bind: others may add packs meanwhile, which an overlay's lower must not see */
                if (show_at(site, cupel, &show, false, err) < 0)
                        return -1;
        }
        return 0;
}

int root_build(const struct site *site, struct err *err)
{
        _cleanup_fd_ int hostfd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int rootfd = open(site->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (rootfd < 0 || hostfd < 0)
                return err_errno(err, "open %s", site->root);
        if (make_folders(rootfd, err) < 0 || make_nothing(rootfd, err) < 0 || make_var_tmp(site, rootfd, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(system_folders) / sizeof(*system_folders); i++)
                if (show_system(site, hostfd, rootfd, system_folders[i], err) < 0)
                        return -1;
        return show_local(site, err) < 0 ? -1 : show_own(site, rootfd, err);
}

/* Devices come last: they are not sealed. */
int root_finish(const struct site *site, struct err *err)
{
        _cleanup_fd_ int hostfd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int rootfd = open(site->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (rootfd < 0 || hostfd < 0)
                return err_errno(err, "open %s", site->root);
        if (etc_build(rootfd, err) < 0 || mount_seal_below(rootfd, READ_ONLY, err) < 0)
                return -1;
        return show_devices(hostfd, rootfd, err);
}

int root_show(const struct site *site, int rootfd, const struct sandbox_show *show, struct err *err)
{
        struct sandbox_show relative = {show->host, show->inside + 1};

        return show_at(site, rootfd, &relative, true, err);
}
