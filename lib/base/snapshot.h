/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SNAPSHOT_H
#define CUPEL_BASE_SNAPSHOT_H

/*
 * The digest of a run's config_snapshot: SHA-256 over name and bytes (hash_field) of every file below it, sorted by name.
 * The supervisor computes it from the bytes it wrote, the director from the folder: equal or the run ends.
 *
 * Only regular files and folders belong there; anything else is ERR_INPUT, and so is more than a snapshot ever has: the
 * folder may be anybody's (an archive). Each file is opened beneath it, never through a symlink.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

#define SNAPSHOT_ENTRIES_MAX ((size_t)50000)
#define SNAPSHOT_BYTES_MAX ((size_t)256 << 20) /* of all files together */

int snapshot_digest(int snapshot_dirfd, char ret_hex[HASH_HEX], struct err *err);

/* The names of its files, relative, in the order of their bytes; the bytes of one of them. */
int snapshot_list(int snapshot_dirfd, struct strv *ret, struct err *err);
int snapshot_read(int snapshot_dirfd, const char *path, struct str *ret, struct err *err);

#endif
