/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_VERIFIER_KEY_H
#define CUPEL_DIRECTOR_VERIFIER_KEY_H

/*
 * When what a verifier said of a tree holds for another run.
 *
 * The key of a verifier is a SHA-256 over everything that its verdict depends on beside the tree and that cupel controls or sees:
 *
 *   - its command, timeout and where its reports lie;
 *   - the budgets of a step: CPU time, processes, memory, disk, output;
 *   - the sandbox in force: tier, kind of upper and worktree, Landlock's version, the ids and paths that a step sees, the values of the
 *     variables that are passed in;
 *   - the digest of the carried folders, and of folders that are shown: their paths, numbers and times;
 *   - the tools: cupel's version, its programs (cupel-director, cupel-sandbox) by size and time, the kernel's release, and the
 *     folders and the package database that the system's programs come from, by their times of change.
 *
 * The context of a verdict is what else a verifier could see of its run: the plan's id (with item, prompt, history), the commit
 * that HEAD names, and the tree that the candidate was held against.
 *
 * A baseline asks for key and tree. A PASS is taken over where the context is the same too, and only where no host folder is
 * shown (sandbox.read, sandbox.write): what lies in those is nobody's to know. Both for STORE_EVIDENCE_SECONDS.
 */

#include "lib/base/hash.h"

struct director;
struct plan_verifier;

/* Only once the room stands: the tier is part of it. */
void verifier_key(const struct director *d, const struct plan_verifier *verifier, char ret_hex[HASH_HEX]);

/* "": verdicts of this run are nobody else's. */
void verifier_context(const struct director *d, char ret_hex[HASH_HEX]);

#endif
