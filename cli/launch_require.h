/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_REQUIRE_H
#define CUPEL_CLI_LAUNCH_REQUIRE_H

/*
 * What an item and its agent require of the host (`requires: [{env}, {command}, {file}]`): looked for before a run starts, and
 * recorded as present or missing, never by value. What is missing, or refused, blocks the run at no cost, and a queue tries it
 * again only once its state has changed: a keyed fingerprint (cli/fingerprint.h) of a variable's value, or of a command's or
 * file's path, size, inode and change.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"

#include <stdbool.h>

struct context;
struct launch;
struct route;

/* Fills launch->requirements, launch->missing and launch->waits. */
int launch_check_requirements(struct launch *launch, const struct context *context, struct err *err);

enum require_kind { REQUIRE_ENV, REQUIRE_COMMAND, REQUIRE_FILE };

/* The state of one thing now; the same state has the same fingerprint, whichever process asks. */
int require_fingerprint(const struct context *context, enum require_kind kind, const char *name, char ret_hex[HASH_HEX],
                        struct err *err);

/* Beside reasons in launch->missing: the item is worth another try once something that was required, or a route's variable, has changed. */
int launch_wait_for_requirements(struct launch *launch, const struct context *context, struct err *err);
int launch_wait_for_keys(struct launch *launch, const struct context *context, const struct route *route,
                         struct err *err);

/* The detail of such a line (cli/waits.h) against how things are. */
int require_changed(const struct context *context, const char *detail, bool *ret, struct err *err);

#endif
