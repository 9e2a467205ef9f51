/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_BUNDLE_LIST_H
#define CUPEL_BASE_BUNDLE_LIST_H

/*
 * bundle.json of a snapshot: {path: {"bytes", "sha256"[, "executable": true]}}, the files of --bundle. Whether a file can be started is
 * on this list and nowhere else, so that it is part of the identity and comes through any archive; who lays the files of a snapshot
 * out asks here for each one's mode.
 */

#include "lib/base/str.h"

#include <sys/types.h>

struct json_t;

#define BUNDLE_LIST_FILE "bundle.json"

/* `mode`: of the file in the bundle's folder; its owner's right to start it counts. */
void bundle_list_add(struct json_t *list, const char *path, const struct str *bytes, mode_t mode);

/* The list as it stands in a snapshot; NULL: no bytes, or no JSON. Owned by the caller. */
struct json_t *bundle_list_read(const char *bytes, size_t len);

/* Of a file of the snapshot by its name there ("bundle/tool.sh"): 0555 or 0444. The list may be NULL. */
mode_t bundle_list_mode(const struct json_t *list, const char *name);

#endif
