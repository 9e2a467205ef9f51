/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_OVERLAY_H
#define CUPEL_BASE_OVERLAY_H

/* How an overlay mounted with `userxattr` marks its upper layer (Documentation/filesystems/overlayfs.rst). */

#include <stdbool.h>
#include <sys/stat.h>

bool overlay_is_whiteout(const struct stat *status); /* what lies below that name is gone */
bool overlay_is_opaque(int dirfd);                   /* the folder hides what lies below it */

#endif
