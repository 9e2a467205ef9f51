/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_JSON_SCAN_H
#define CUPEL_EGRESS_JSON_SCAN_H

/*
 * Reads single values out of a JSON document that streams by, cut anywhere, in memory that does not depend on it: a table says
 * which paths matter, everything else is only stepped over (RFC 8259, strictly; nesting is bounded).
 *
 *         static const struct json_rule rules[] = {{{"usage", "output_tokens"}, …}, …};
 *         struct json_scan scan;
 *         json_scan_init(&scan, rules, n, on_value, user);
 *         switch (json_scan_feed(&scan, bytes, len, &used)) …
 *         JSON_SCAN_MORE     all was used
 *         JSON_SCAN_WHOLE    the document is complete; what was not used lies behind it: json_scan_again() first
 *         JSON_SCAN_BROKEN   not JSON; json_scan_again() first
 *
 * A segment "*" stands for each element of an array. Where `each` is set, the elements of a document that is an array are
 * documents of their own. Keys with escapes are told to on_value as rule -1 where a rule could go on with them (whoever looks for
 * a name has to know that it may hide in them), and match no rule anywhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_RULE_SEGMENTS 7
#define JSON_RULES_MAX 32
#define JSON_SCAN_TEXT 96 /* bytes of a kept string; longer ones are cut */
#define JSON_SCAN_DEPTH 512

enum json_scan_state { JSON_SCAN_MORE, JSON_SCAN_WHOLE, JSON_SCAN_BROKEN };

struct json_rule {
        const char *path[JSON_RULE_SEGMENTS + 1]; /* up to a NULL */
        uint8_t what;                             /* the caller's */
        uint8_t slot;                             /* the caller's */
};

/* One value that a rule names. */
struct json_value {
        enum { JSON_VALUE_NUMBER, JSON_VALUE_TEXT, JSON_VALUE_WORD, JSON_VALUE_INSIDE } kind;
        int64_t number; /* NUMBER: its whole part; negative ones are -1 */
        const char *
                text; /* TEXT: raw, escapes as they came, cut; WORD: true, false, null; NULL for INSIDE: an object or array */
        uint64_t bytes; /* TEXT: the whole length */
};

typedef void json_scan_value(void *user, int rule, const struct json_value *value);

struct json_scan {
        const struct json_rule *rules;
        size_t rules_len;
        json_scan_value *on_value;
        void *user;
        bool each;

        uint8_t state;
        bool key;       /* the string that is being read is a key */
        bool listed;    /* within the outermost array of `each` */
        uint8_t escape; /* 1: after a backslash; above: digits of \u that are still due, + 1 */
        bool escaped;
        uint32_t alive[JSON_RULE_SEGMENTS + 2]; /* per depth: the rules whose path fits so far */
        uint32_t value;                         /* the rules that fit the value to come */
        unsigned depth;
        uint8_t arrays[JSON_SCAN_DEPTH / 8]; /* bit: this level is an array */
        char text[JSON_SCAN_TEXT];
        size_t text_len;
        uint64_t bytes;
        int64_t number;
        bool fraction;
};

void json_scan_init(struct json_scan *scan, const struct json_rule *rules, size_t len, json_scan_value *on_value,
                    void *user);
void json_scan_again(struct json_scan *scan);
enum json_scan_state json_scan_feed(struct json_scan *scan, const char *bytes, size_t len, size_t *ret_used);

/* Bytes of a string of interest that has not ended yet: what a rule of this `what` has seen of it. 0: none is open. */
uint64_t json_scan_open_text(const struct json_scan *scan, uint8_t what);

#endif
