/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CARRY_H
#define CUPEL_BASE_CARRY_H

/*
 * Carried folders (sandbox.carry) are the user's own and outside of git: what the verifiers saw of them is only known by a
 * digest. It is taken beside the agent's work and once more after the verifiers; a difference means that somebody changed
 * them meanwhile, and the verdict says nothing.
 *
 * The digest is over path, type, size and modification time of every entry: no file is opened, no symlink followed. Names
 * are sorted per folder, so that equal folders have equal digests.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

#define CARRY_ENTRIES_MAX 2000000
#define CARRY_DEPTH_MAX 100

/* Of the folders `names` below `checkout`; one that is not there counts as absent. ERR_INPUT past the bounds,
 * ERR_REFUSED where a git repository is in one. */
int carry_digest(const char *checkout, const struct strv *names, char ret_hex[HASH_HEX], struct err *err);

#endif
