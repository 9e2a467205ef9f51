/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_HOST_PATHS_H
#define CUPEL_CLI_HOST_PATHS_H

/*
 * A path of the host as policies spell it (absolute or ~/…, `*`, `?`, `[…]` in its components) → the files and folders that
 * it means now, in the same spelling: "~/.cache/pip*" gives "~/.cache/pip". No symlink is followed below the home or the
 * root: a path that names one is ERR_INPUT with the path it leads to, a pattern passes over it. So are sockets, devices and
 * pipes. As in a shell, a wildcard meets no name that begins with a dot.
 *
 * A path without wildcards that is not there comes back as it is (the caller says so); a pattern may match nothing.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#define HOST_PATHS_MAX 128       /* results of one pattern */
#define HOST_PATHS_LOOKED 100000 /* names read for one pattern */

bool host_path_is_pattern(const char *path);
int host_path_expand(const char *home, const char *path, struct strv *ret, struct err *err); /* adds to `ret` */

#endif
