/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PERSON_H
#define CUPEL_CLI_PERSON_H

/* The person at the keyboard: a name for the record, and a question with a safe default. */

#include "lib/base/err.h"

#include <sys/types.h>

/* Login name of a user id, or the number where there is none; owned by the caller. */
char *person_name(uid_t uid);

/*
 * Asks "QUESTION [y/N] " on standard error and reads one line from standard input: 1 for y or yes, 0 for all else. Without a
 * terminal there is nobody to ask: ERR_INPUT, saying which option answers instead.
 */
int person_agrees(const char *question, const char *option, struct err *err);

#endif
