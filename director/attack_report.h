/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ATTACK_REPORT_H
#define CUPEL_DIRECTOR_ATTACK_REPORT_H

/*
 * receipt.attack.report: what was tried against the bounds of a run, once, as part of its evidence. It sums up the log's
 * action.vetoed (what runner and egress refused), and what the director itself found to be other than it must be.
 *
 *         attack_notice(d, "objects", &failure);     where only tampering explains a failure; told by the next report
 *         attack_report(d, ret_id, err);             before the seal, or before the end; nothing where there is nothing to tell
 *
 * It may be called again: what an earlier report of the director told is not told again. An item is
 *
 *   {"kind", "what", "answer", "why", "times", "first"}      `first`: the event that tells of it; none for the director's own
 *
 * | kind | |
 * |---|---|
 * | network | a host, address or request outside of what the run may reach |
 * | log | an event that only the director, or a person, may write |
 * | paths | a change outside of what item, policy and mood allow |
 * | worktree | what no commit may hold: a device, a forged .git, a setuid bit |
 * | git | hooks, configuration and refs of the sandbox's repository; a push |
 * | syscall | a system call that killed the step's command; what the filter answers with an errno leaves no trace to tell of |
 * | objects, snapshot, evidence | the director: what the caged side left, or somebody changed since |
 *
 * A commit or a branch in the sandbox's own repository is what it is there for, and no item.
 */

#include "lib/base/err.h"
#include "lib/store/store.h"

struct director;

#define ATTACK_ITEMS_MAX 50
#define ATTACK_REFS_MAX 100

void attack_notice(struct director *d, const char *kind, const struct err *failure);

/* `ret_id`: STORE_ID_MAX bytes, or NULL; "" where nothing was told. */
int attack_report(struct director *d, char *ret_id, struct err *err);

#endif
