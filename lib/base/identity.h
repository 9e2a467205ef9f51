/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_IDENTITY_H
#define CUPEL_BASE_IDENTITY_H

/*
 * The identity of a run's design: SHA-256 over a domain-separated, length-prefixed list (hash_field) of
 *
 *         "cupel.identity.v1", the number of files, for each file sorted by name: name, origin, bytes;
 *         the canonical plan; the number of tools, for each tool sorted by name: name, value.
 *
 * docs/identity.md is the same for other implementations, byte by byte; tests/vectors/identity.json are its examples. Base
 * commit, time and results are no part of it. Two runs with one identity were asked to do the same thing.
 *
 * All at once with identity_compute(), or file by file, whoever reads them sorts:
 *
 *         identity_begin(&hash, number);
 *         identity_file(&hash, &file);                       once per file, in the order of their names' bytes
 *         identity_end(&hash, plan, len, tools, count, hex);
 *
 * From a packet alone: lib/packet/identity.h.
 */

#include "lib/base/hash.h"

#include <stddef.h>

/* Of the snapshot: where each other file came from, {name: words}; and what the tools were, {name: value}. */
#define IDENTITY_ORIGINS "origins.json"
#define IDENTITY_TOOLS "tools.json"
#define IDENTITY_COMPILED "compiled" /* the origin of what cupel made itself, of IDENTITY_ORIGINS too */

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
        size_t plan_len;
        const struct identity_tool *tools;
        size_t tools_len;
};

void identity_compute(const struct identity_input *input, char ret_hex[HASH_HEX]);

void identity_begin(struct hash *hash, size_t files);
void identity_file(struct hash *hash, const struct identity_file *file);
void identity_end(struct hash *hash, const char *plan_json, size_t plan_len, const struct identity_tool *tools,
                  size_t tools_len, char ret_hex[HASH_HEX]);

#endif
