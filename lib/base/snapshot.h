/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SNAPSHOT_H
#define CUPEL_BASE_SNAPSHOT_H

/*
 * The digest of a run's config_snapshot: SHA-256 over name and bytes (hash_field) of every file below it, sorted by name.
 * The supervisor computes it from the bytes it wrote, the director from the folder: equal or the run ends.
 *
 * Only regular files and folders belong there; anything else is ERR_INPUT.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"

int snapshot_digest(int snapshot_dirfd, char ret_hex[HASH_HEX], struct err *err);

#endif
