/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_EVIL_NETWORK_H
#define CUPEL_TESTS_EVIL_NETWORK_H

/* What evil_runner.c tries with descriptors 3 and 5 where the run has network: `kind` is one row of the table in evil_network.c. */

#include <stdbool.h>
#include <stdio.h>

typedef void evil_report(const char *what, bool worked);

void evil_network(const char *kind, evil_report *report);

#endif
