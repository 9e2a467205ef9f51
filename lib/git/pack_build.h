/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_PACK_BUILD_H
#define CUPEL_GIT_PACK_BUILD_H

/*
 * The fresh objects of a quarantine as a pack and its index (gitformat-pack(5), both of version 2), written to two empty
 * files. No deltas: they are few, and git packs them anew. The name is the pack's checksum, as git names packs.
 *
 *         pack_build(q, pack_fd, idx_fd, name, err);
 */

#include "lib/git/quarantine_internal.h"

int pack_build(struct quarantine *q, int pack_fd, int idx_fd, char ret_name[GIT_HEX], struct err *err);

#endif
