/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_METER_FORMAT_H
#define CUPEL_EGRESS_METER_FORMAT_H

/*
 * Where each format says what: the fields that a meter reads of a request or an answer, as rules of json_scan.h (`what`, and for
 * WHAT_COUNT `slot`), and how the counts add up. Sources: the providers' API references.
 */

#include "runner/egress/json_scan.h"
#include "runner/egress/meter.h"

enum meter_what {
        WHAT_COUNT,  /* tokens, cumulative */
        WHAT_TEXT,   /* a piece of what was generated */
        WHAT_MODEL,  /* the model's name */
        WHAT_DONE,   /* any text: nothing more is generated */
        WHAT_STATUS, /* the same where the text is a last status */
        WHAT_BACKGROUND,
        WHAT_CARRIES,
        WHAT_MOST,   /* tokens that the answer may have at most */
        WHAT_TIMES,  /* how many answers */
        WHAT_STREAM, /* whether it comes while it is made */
};

enum meter_slot { IN, OUT, CACHED, WRITTEN, WRITTEN_LONG, THOUGHT, TOOLS_IN, TOTAL, METER_SLOTS };

struct meter_rules {
        struct json_rule rules[JSON_RULES_MAX];
        size_t len;
};

extern const struct meter_rules meter_answers[METER_FORMATS];
extern const struct meter_rules meter_requests;

/* From the counts as they came to input, cache and output apart from each other. */
void meter_sort(enum meter_format format, const uint64_t counts[METER_SLOTS], struct meter_usage *ret);

bool meter_status_is_last(const char *status);

/* Raises what a request bounds to this value, whatever its form: which of several a server believes cannot be told. */
void meter_take_bound(uint64_t *bound, const struct json_value *value);

#endif
