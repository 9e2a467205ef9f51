/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_SOCKETS_H
#define CUPEL_SANDBOX_SOCKETS_H

#include "lib/base/err.h"

/*
 * Covers each Unix socket below a folder of the host that is shown by a bind, where no overlay can be had: through a bind it
 * could be connected to. `nothing` is an empty file. What the host makes there later is not covered; the price is a walk.
 */
int sockets_cover(const char *folder, const char *nothing, struct err *err);

#endif
