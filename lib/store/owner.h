/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_OWNER_H
#define CUPEL_STORE_OWNER_H

/*
 * Who works on a run, has a claim, has reserved money: a process, and whether it lives, also where it cannot be seen because it is in
 * another pid namespace (a container that has the same state folder).
 *
 *         owner_begin(state_root, true, err);      once per process, before it is the owner of anything
 *         row.owner = owner_self();
 *         if (!owner_lives(row.owner)) …           in any process that began
 *
 * Pid and start time say it within one namespace. For the others each owner holds a shared lock of one byte of a file in the state
 * folder, the byte that its pid and start name; the kernel lets go of it whatever ends the process. Two that share a byte (the same pid
 * begun in the same hundredth of a second in two containers) are both taken to live until both are gone.
 */

#include "lib/base/err.h"
#include "lib/store/store.h"

#include <stdbool.h>

/* Repeating it costs nothing. Without `owns`, to look at others alone, no error. */
int owner_begin(const char *state_root, bool owns, struct err *err);

struct store_owner owner_self(void);
struct store_owner owner_of(const struct store_run *run);
bool owner_lives(struct store_owner owner);

/* One whose pid is that of this namespace: it may be sent a signal. */
bool owner_is_near(struct store_owner owner);

#endif
