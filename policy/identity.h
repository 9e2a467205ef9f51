/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_IDENTITY_H
#define CUPEL_POLICY_IDENTITY_H

/*
 * The identity of a run's design: SHA-256 over a domain-separated, length-prefixed list (hash_field) of
 *
 *         "cupel.identity.v1", the number of files, for each file sorted by name: name, origin, bytes;
 *         the canonical plan; the number of tools, for each tool sorted by name: name, value.
 *
 * Base commit, time and results are no part of it. Two runs with one identity were asked to do the same thing.
 */

#include "lib/base/hash.h"

#include <stddef.h>

struct identity_file {
        const char *name;   /* "work_item.yaml", "policy.yaml", "config.yaml", "bundle/…" */
        const char *origin; /* where it came from: "base commit", "--policy", … */
        const void *bytes;
        size_t len;
};

struct identity_tool {
        const char *name;  /* "cupel", "agent", "sandbox" */
        const char *value; /* version, SHA-256 of the executable, tier */
};

struct identity_input {
        const struct identity_file *files;
        size_t files_len;
        const char *plan_json;
        const struct identity_tool *tools;
        size_t tools_len;
};

void identity_compute(const struct identity_input *input, char ret_hex[HASH_HEX]);

#endif
