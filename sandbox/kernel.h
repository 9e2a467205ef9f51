/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_KERNEL_H
#define CUPEL_SANDBOX_KERNEL_H

/*
 * The few kernel interfaces that this folder is made of, each as one small function. Paths given here are ours (made in
 * our own tmpfs, or checked plans); what an agent could have made is only reached through mount_point_beneath().
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* New user namespace (and what else `flags` of unshare(2) say) with the caller's ids shown as uid:gid. */
int ns_unshare(int flags, uint32_t uid, uint32_t gid, struct err *err);

/*
 * clone3(2) with a pidfd, signals at their defaults in the child; returns the pid, 0 there, or -1+errno. One thread. `cgroup`
 * is a folder of cgroup v2 in which it is born, or -1.
 */
pid_t ns_clone(int flags, int cgroup, int *ret_pidfd);

int ns_loopback_up(struct err *err);

/* Nobody has, or a moment ago had, a socket of any address family in the caller's net namespace but unnamed Unix ones. */
bool ns_network_is_unused(void);

/* Dies with the parent: PDEATHSIG, and at once where the parent, whose pidfd is given, is dead already. */
int ns_die_with(int parent_pidfd, struct err *err);

int mount_tmpfs(const char *at, uint64_t bytes, uint64_t inodes, const char *mode, unsigned long flags,
                struct err *err);

/* Recursive copy of a mount with attributes (MOUNT_ATTR_*) added; a file or a folder, `at` exists. */
int mount_bind(const char *from, const char *at, uint64_t attributes, struct err *err);
/* Of `name` in the folder `from`, on the same name in `folder`. */
int mount_bind_in(int from, int folder, const char *name, uint64_t attributes, struct err *err);
/* For the mount whose root `fd` is, and all below it; that one itself can still be written to. */
int mount_seal_below(int fd, uint64_t attributes, struct err *err);
int mount_attributes(const char *at, uint64_t set, uint64_t clear, bool recursive, struct err *err);

/* A detached copy of the mount at `path` (open_tree(2)), with attributes added; and where it goes. */
int mount_copy(const char *path, uint64_t attributes, struct err *err);
int mount_copy_fd(int fd, uint64_t attributes, struct err *err); /* O_PATH */
int mount_place(int mount_fd, const char *at, struct err *err);

/* Takes what is mounted there out of the tree; -1+errno. Waits for all processors (synchronize_rcu_expedited in the kernel). */
int mount_detach(const char *at);

/*
 * Overlay of `lowers` (topmost first). `upper` and `work` NULL: read-only, a single lower is doubled with `empty`. Lowers
 * are opened first and named by descriptor, so that no byte in a path can be taken for an option.
 */
struct overlay {
        const char *const *lowers;
        size_t lowers_len;
        const char *upper, *work; /* both or none */
        const char *empty;        /* an empty folder */
};
int mount_overlay(const struct overlay *overlay, const char *at, struct err *err);

/*
 * Makes `path` (relative, normal) below the folder, as a folder or an empty file, following no symlink; crossing mounts
 * is meant. Returns an O_PATH descriptor or -1 with err: ERR_INPUT where something else is in the way.
 */
int mount_point_beneath(int dirfd, const char *path, bool folder, struct err *err);

/* /proc/self/fd/N of a descriptor: a path to it for calls that take none. */
#define FD_PATH_MAX 40
const char *fd_path(int fd, char buffer[FD_PATH_MAX]);

/*
 * All capabilities away, for ever: the bounding set, which children inherit and which a new user namespace fills again; then,
 * in each process, ambient, securebits, effective, inheritable, and no_new_privs.
 */
int drop_bounding_set(struct err *err);
int drop_capabilities(struct err *err);

#endif
