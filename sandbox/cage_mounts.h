/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CAGE_MOUNTS_H
#define CUPEL_SANDBOX_CAGE_MOUNTS_H

#include "sandbox/cage.h"

#include <stdbool.h>

/*
 * In the cage's new mount and pid namespaces, as PID 1: everything read-only, a fresh /proc, masks and what is shown
 * through them. `*ret_fresh_proc` false: the kernel refused one and the host's stays.
 */
int cage_mount_all(const struct cage_plan *plan, bool *ret_fresh_proc, struct err *err);

/* The same for a cage with network (cage_network.c): a root of its own with libraries, resolver and TLS files. */
int cage_mount_network(struct err *err);

/* Landlock of its program, whose file was opened before: everything there read-only. no_new_privs must be set. */
int cage_lock_network(int program, struct err *err);

#endif
