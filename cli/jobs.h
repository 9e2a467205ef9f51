/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_JOBS_H
#define CUPEL_CLI_JOBS_H

/* How many of the director's verifiers run at once: --jobs, else $CUPEL_JOBS, else NULL (the director looks at the machine). */

#include "lib/base/err.h"

#define JOBS_MAX 16

/* `option` may be NULL. Borrowed from it or from the environment. ERR_INPUT names which of the two is no number. */
int jobs_choose(const char *option, const char **ret, struct err *err);

#endif
