/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cage with network shows: libraries, what name resolution and TLS read, and nothing else. A new root on a tmpfs,
 * read-only; no /proc, no /dev, no /run, so no socket of the host has a path here either. Sources are copied as detached
 * mounts before the new root covers anything.
 */
#include "sandbox/cage_mounts.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

#define NEW_ROOT "/tmp" /* there on every system; in this mount namespace alone it becomes the new root */
#define ROOT_BYTES ((uint64_t)1 << 20)
#define ROOT_INODES 1024
#define READ_ONLY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Not /etc/ssl as a whole: keys of the machine's own servers lie there, and root could read them. */
static const char *const shown[] = {
        "usr/lib",
        "usr/lib64",
        "usr/lib32",
        "usr/local/lib",
        "lib",
        "lib64",
        "lib32",
        "nix/store",
        "gnu/store",
        "usr/share/ca-certificates",
        "usr/share/pki",
        "usr/local/share/ca-certificates",
        "etc/ssl/certs",
        "etc/ssl/openssl.cnf",
        "etc/ssl/cert.pem",
        "etc/pki/tls/certs",
        "etc/pki/tls/cert.pem",
        "etc/pki/tls/openssl.cnf",
        "etc/pki/ca-trust",
        "etc/ca-certificates",
        "etc/crypto-policies",
        "etc/static",
        "etc/ld.so.cache",
        "etc/resolv.conf",
        "etc/hosts",
        "etc/host.conf",
        "etc/nsswitch.conf",
        "etc/gai.conf",
        "etc/services",
        "etc/protocols",
};
#define SHOWN (sizeof(shown) / sizeof(*shown))

struct source {
        int mount;      /* detached copy; -1: none */
        bool folder;    /* what it is */
        char link[256]; /* a merged /usr shows /lib as a link: it stays one; "": no link */
};

static void sources_release(struct source (*sources)[SHOWN])
{
        for (size_t i = 0; i < SHOWN; i++)
                if ((*sources)[i].mount >= 0)
                        close((*sources)[i].mount);
}

/* A link to a folder is kept, one to a file (/etc/resolv.conf to somewhere in /run) shows the file in its place. */
static int take_source(const char *name, struct source *ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("/%s", name);
        _cleanup_fd_ int fd = -1;
        struct stat status;

        *ret = (struct source){.mount = -1};
        if (stat(path, &status) < 0 || (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)))
                return 0;
        ret->folder = S_ISDIR(status.st_mode);
        if (ret->folder && readlink(path, ret->link, sizeof(ret->link) - 1) > 0)
                return 0;
        ret->link[0] = '\0';
        fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "%s", path);
        ret->mount = mount_copy_fd(fd, READ_ONLY, err);
        return ret->mount < 0 ? err_wrap(err, "%s", path) : 0;
}

static int make_parents(int root, const char *name, struct err *err)
{
        const char *slash = strrchr(name, '/');
        _cleanup_free_ char *parent = slash ? xmemdup(name, (size_t)(slash - name)) : NULL;
        _cleanup_fd_ int at = parent ? mount_point_beneath(root, parent, true, err) : -1;

        return parent && at < 0 ? -1 : 0;
}

static int place_source(int root, const char *name, const struct source *source, struct err *err)
{
        _cleanup_fd_ int at = -1;
        char path[FD_PATH_MAX];

        if (source->link[0])
                return make_parents(root, name, err) < 0 || symlinkat(source->link, root, name) < 0
                               ? err_errno(err, "link /%s", name)
                               : 0;
        if (source->mount < 0)
                return 0;
        at = mount_point_beneath(root, name, source->folder, err);
        return at < 0 ? -1 : mount_place(source->mount, fd_path(at, path), err);
}

static int enter_root(struct err *err)
{
        if (chdir(NEW_ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
                return err_errno(err, "pivot_root");
        if (mount_detach(".") < 0 || chdir("/") < 0)
                return err_errno(err, "leave the host's tree");
        return mount_attributes("/", MOUNT_ATTR_RDONLY, 0, false, err);
}

int cage_mount_network(struct err *err)
{
        __attribute__((cleanup(sources_release))) struct source sources[SHOWN];
        _cleanup_fd_ int root = -1;

        for (size_t i = 0; i < SHOWN; i++)
                sources[i] = (struct source){.mount = -1};
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return err_errno(err, "cage: mount namespace");
        for (size_t i = 0; i < SHOWN; i++)
                if (take_source(shown[i], &sources[i], err) < 0)
                        return err_wrap(err, "cage");
        if (mount_tmpfs(NEW_ROOT, ROOT_BYTES, ROOT_INODES, "0755", 0, err) < 0)
                return err_wrap(err, "cage");
        root = open(NEW_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return err_errno(err, "cage: " NEW_ROOT);
        for (size_t i = 0; i < SHOWN; i++)
                if (place_source(root, shown[i], &sources[i], err) < 0)
                        return err_wrap(err, "cage: %s", shown[i]);
        return enter_root(err);
}

int cage_lock_network(int program, struct err *err)
{
        static const char *const libraries[] = {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/nix", "/gnu", "/lib32"};
        _cleanup_landlock_ struct landlock lock = {.fd = -1};

        if (landlock_begin(&lock, LANDLOCK_NO_ABSTRACT_SOCKETS | LANDLOCK_NO_SIGNALS | LANDLOCK_NO_BIND, err) < 0 ||
            landlock_allow(&lock, "/", LANDLOCK_READ, err) < 0)
                return -1;
        /* the dynamic loader is executed; what it maps needs no such right */
        for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
                if (landlock_allow(&lock, libraries[i], LANDLOCK_RUN, err) < 0)
                        return -1;
        return landlock_allow_fd(&lock, program, LANDLOCK_READ | LANDLOCK_RUN, err) < 0 ? -1
                                                                                        : landlock_enter(&lock, err);
}
