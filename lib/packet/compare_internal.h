/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_COMPARE_INTERNAL_H
#define CUPEL_PACKET_COMPARE_INTERNAL_H

/* How the sections of lib/packet/compare.h are made. */

#include "lib/base/err.h"
#include "lib/base/json.h"

struct pair {
        int packet[2];
        json_t *report[2];
};

struct section {
        json_t *rows;
        json_t *more; /* further members of the section; object */
        size_t equal;
};

/* One row where they differ, else one more that is equal. NULL: that side has none. */
void section_compare(struct section *section, const char *key, json_t *first, json_t *second);
json_t *section_add(struct section *section, const char *key, json_t *first, json_t *second); /* borrowed */

/* Two objects of flat keys; each key of either. */
void section_compare_flat(struct section *section, const char *prefix, json_t *first, json_t *second);

/* "a.b.NAME.c": value, into `ret`, an object. Lists of objects with a name go by it, lists of plain values are one value. */
void compare_flatten(json_t *value, const char *prefix, json_t *ret);

int compare_configuration(const struct pair *pair, struct section *section, struct err *err);
int compare_plan(const struct pair *pair, struct section *section, struct err *err);
int compare_identity(const struct pair *pair, struct section *section, struct err *err);
int compare_verdicts(const struct pair *pair, struct section *section, struct err *err);
int compare_gates(const struct pair *pair, struct section *section, struct err *err);
int compare_patch(const struct pair *pair, struct section *section, struct err *err);

int compare_resources(const struct pair *pair, struct section *section, struct err *err);

/* "only_first" and "only_second" of a row: the lines that only one of the two has. Arrays of text. */
void compare_lines(json_t *row, const json_t *first, const json_t *second);

/*
 * compare_history.c: what earlier runs on the item had left when a run began, "2 notes of 1 run"; NULL: the packet does not say.
 * compare_asked(): "same"; "history": nothing but that, and its quote in the prompt, makes two runs' requests differ; or "other".
 */
#define COMPARE_HISTORY "history.jsonl"
json_t *compare_history_told(int packet);
const char *compare_asked(const json_t *configuration, const json_t *plan); /* the rows of these sections */

/* What many keys begin with is no longer than that: an attacker's would be copied as often. */
#define COMPARE_PREFIX_MAX 500

#endif
