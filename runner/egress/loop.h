/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_LOOP_H
#define CUPEL_EGRESS_LOOP_H

/*
 * The program's loop, from the configuration on fd 3 to the end of fd 3 or fd 4 (egress.h).
 * 0: the runner has closed, everything recorded is sent, or the supervisor is gone; -1: with err.
 * ret_busy: a thread still looks up a name and shall not be waited for; leave with _exit(2).
 */

#include "lib/base/err.h"

#include <stdbool.h>

int egress_loop(int supervisor_fd, int runner_fd, unsigned hurry, bool *ret_busy, struct err *err);

#endif
