/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_SCRUB_H
#define CUPEL_POLICY_SCRUB_H

/*
 * Secrets that are known by their format alone (the gate `secrets`: tokens of providers, private keys), hidden in what a run printed
 * or said: every byte becomes `*`, so that lengths stay true. What stands beside a name like "password" is left: in a log it is
 * more often no secret. What somebody made up as an example is left, too. Any bytes are taken.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

/* In place; how many were hidden. */
uint64_t scrub_text(char *text, size_t len);
uint64_t scrub_json(struct json_t *json); /* all strings in it, and all names */

/*
 * Of a canonical JSON text as it stands: false only where scrub_json() would hide nothing. Of the hints of the rules only quotes are
 * written otherwise in JSON; the tests hold the table to that.
 */
bool scrub_may_find(const char *json, size_t len);

/* The file behind a descriptor that may be read and written; its offset stays. -1: it could not be looked at. */
int scrub_file(int fd, uint64_t *ret_hidden, struct err *err);

#endif
