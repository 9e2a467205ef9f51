/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_LOCK_H
#define CUPEL_DIRECTOR_LOCK_H

/*
 * The landing lock, taken so that who asks the director to stop is heard meanwhile. ERR_BUSY where it was asked to, or at
 * `deadline` (clock_ms()): another landing hangs. Released by closing `ret_fd`.
 */

#include "lib/base/err.h"

#include <stdint.h>

struct director;

int director_lock_landing(struct director *d, uint64_t deadline, int *ret_fd, struct err *err);

#endif
