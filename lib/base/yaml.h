/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_YAML_H
#define CUPEL_BASE_YAML_H

/*
 * YAML documents as a tree whose nodes know where they stand. Hostile input: at most 1 MiB, 64 levels, 100,000 nodes;
 * duplicate keys, anchors and aliases, tags, several documents and non-string keys are refused. Every error reads
 * "FILE:LINE:COLUMN: what, and what was expected" (1-based) and is ERR_INPUT.
 *
 *         struct yaml *doc = yaml_parse(bytes, len, "item.yaml", err);     NULL with err set
 *         const struct yaml_node *root = yaml_root(doc);
 *         const struct yaml_node *title = yaml_get(root, "title");
 *         yaml_doc_free(doc);
 *
 * Nodes live as long as the document.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_type {
        YAML_NULL, /* empty, ~ or null, unquoted */
        YAML_SCALAR,
        YAML_LIST,
        YAML_MAP,
};

struct yaml_node {
        enum yaml_type type;
        unsigned line, column; /* of the value */
        const char *text;      /* YAML_SCALAR: no NUL inside */
        bool quoted;           /* YAML_SCALAR in quotes or a block: never a number or a bool */
        size_t len;            /* YAML_LIST, YAML_MAP: entries */
        const struct yaml_entry *entries;
};

struct yaml_entry {
        const char *key; /* NULL in lists */
        unsigned key_line, key_column;
        const struct yaml_node *value;
};

struct yaml;

struct yaml *yaml_parse(const char *bytes, size_t len, const char *file, struct err *err);
void yaml_doc_free(struct yaml *doc);
void yaml_doc_cleanup(struct yaml **doc);
const struct yaml_node *yaml_root(const struct yaml *doc);

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key); /* NULL where absent */

/* Sets an ERR_INPUT of the form above at the node (a made-up node of line 0: without the position); returns -1. */
int yaml_err(const struct yaml *doc, const struct yaml_node *node, struct err *err, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

#define _cleanup_yaml_ __attribute__((cleanup(yaml_doc_cleanup)))

#endif
