/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_REDACT_H
#define CUPEL_BASE_REDACT_H

/*
 * Known secrets in what others print: every byte of a value becomes `*`, so that lengths and counts stay true. A value that
 * is shorter than REDACT_LEAST is left alone: "1" or "yes" is everywhere. The value itself is found, and with its quotes and
 * backslashes escaped, as JSON and git write it; not what else somebody made of it (base64, pieces).
 *
 *         struct redact redact = {0};
 *         redact_add(&redact, getenv("API_KEY"));           copies; NULL and short values are ignored
 *         redact_text(&redact, text, len);                  in place; adds to redact.count
 *         redact_json(&redact, data);                       all strings in it, and all names but its own
 *         redact_record(&redact, record);                   the same of a record of ours: its texts, not its own words
 *         redact_feed(&redact, bytes, len, put, arg);       a stream, in pieces: values across their borders are found
 *         redact_flush(&redact, put, arg);                  the end of the stream
 *         redact_release(&redact);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

#define REDACT_LEAST 6

struct redact_value {
        char *bytes;
        size_t len;
};

struct redact {
        struct redact_value *values;
        size_t len;
        uint64_t count; /* values that were found */
        char *held,
                *masked; /* the end of the stream so far, where a value may have begun; '*' in `masked`: to be hidden */
        size_t held_len;
};

typedef void redact_put_fn(void *arg, const char *bytes, size_t len);

void redact_add(struct redact *redact, const char *value);
bool redact_is_secret_name(const char *name); /* of a variable: TOKEN, API_KEY, … */
void redact_text(struct redact *redact, char *text, size_t len);
void redact_json(struct redact *redact, struct json_t *json); /* an object or a list, in place */

/*
 * Of receipts and reports, which programs read: what stands under the names of redact.c is a word of our tables, an id, a digest, a
 * time or the name of something that the plan names, and stays, whatever a variable that was called a secret has as its value
 * ("master", "committed"). Everything else is text.
 */
void redact_record(struct redact *redact, struct json_t *json);

/* Of a canonical JSON text: false only where redact_json() would change nothing of it. `escapes`: it has a backslash somewhere. */
bool redact_may_find(const struct redact *redact, const char *json, size_t len, bool escapes);
void redact_feed(struct redact *redact, const char *bytes, size_t len, redact_put_fn *put, void *arg);
void redact_flush(struct redact *redact, redact_put_fn *put, void *arg);
void redact_release(struct redact *redact);

#define _cleanup_redact_ __attribute__((cleanup(redact_release)))

#endif
