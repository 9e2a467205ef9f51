/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PROFILES_H
#define CUPEL_CLI_PROFILES_H

/*
 * The agent profiles that are installed with the program: NAME.yaml in the folder `agents`, found beside the running
 * executable (the build tree), in ../share/cupel from there (an installation, wherever it was moved), or where the program
 * was configured to be installed. Only what is asked for is read: a run without a named agent opens none of them.
 */

#include "lib/base/err.h"
#include "policy/policy.h"

/* The file of a profile, its path owned by the caller. 1: read; 0: none of that name is installed; -1. */
int profiles_read(const char *name, struct str *ret_bytes, char **ret_path, struct err *err);

/* Adds the profile to `ret`. 1: done; 0: none of that name is installed; -1: it is there and cannot be used. */
int profiles_load(const char *name, struct policy *ret, struct err *err);

/* Adds the table of prices, which lies beside that folder, to `ret`. 1: done; 0: none is installed; -1: it cannot be used. */
int profiles_load_prices(struct policy *ret, struct err *err);

/* Their names, sorted; none where the folder is missing. */
int profiles_names(struct strv *ret, struct err *err);

/* "no agent …; did you mean …" with every name that would do. Returns -1. */
int profiles_unknown(const char *name, const struct policy *effective, struct err *err);

#endif
