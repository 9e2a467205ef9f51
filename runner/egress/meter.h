/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_METER_H
#define CUPEL_EGRESS_METER_H

/*
 * What one request to a model cost, by watching it and its answer go by. A pure observer: it alters, delays and keeps nothing,
 * in memory of one fixed size.
 *
 *         switch (meter_judge(route->meter, method, target, &format)) …   METER_REFUSED: what it costs would not be seen
 *         struct meter *meter = meter_new(format, target);
 *         meter_request(meter, bytes, len)                the request's body, before it goes out; NULL, or why it must not
 *         meter_request_end(meter)                        the same, at its end
 *         meter_answer(meter, bytes, len)                 the body of a successful answer, cut anywhere: SSE, JSON, a JSON array
 *         meter_usage(meter, false, &usage)               at any moment; true: nothing more will come
 *         meter_free(meter);
 *
 * Formats: Anthropic Messages, OpenAI Responses and Chat Completions, Gemini generateContent. Counts are cumulative in all of
 * them; generated text that came after the last count, or without any, is taken as one token for METER_BYTES_PER_TOKEN bytes,
 * and so is a request whose input nobody counted; of an answer that is no JSON each byte is text. An answer that did not come
 * to its final count is `estimated`: who breaks a stream off before it, or asks for none, pays for what it saw.
 *
 * Requests are watched for what would bill outside of their answer ("background" of Responses), and have to be JSON in plain
 * UTF-8, so that a key cannot hide.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_BYTES_PER_TOKEN 4
#define METER_TOKENS_MAX ((uint64_t)1000000000) /* of one request and kind; more is no honest count */
#define METER_MODEL 96
#define METER_TOKENS_PER_SECOND 100 /* that a model makes unseen, about */
#define METER_WHOLE_MOST 32768      /* tokens of an answer that comes as a whole, where the request bounds none */

enum meter_format { METER_MESSAGES, METER_RESPONSES, METER_CHAT, METER_GENERATE, METER_FORMATS };
enum meter_verdict { METER_COUNTED, METER_FREE, METER_REFUSED };

struct meter;

struct meter_usage {
        uint64_t input;      /* without what follows */
        uint64_t cache_read; /* from the provider's cache */
        uint64_t cache_write;
        uint64_t cache_write_long; /* for an hour */
        uint64_t output;           /* with reasoning */
        bool input_known;          /* else estimated from the request's bytes */
        bool estimated;            /* the final count did not come */
        const char *model;         /* the answer's, else the request's; "" */
};

/* `meter`: enum meter of policy/words.h as a word; "" and "none" meter nothing. */
enum meter_verdict meter_judge(const char *meter, const char *method, const char *target, enum meter_format *ret);
bool meter_is_known(const char *meter);

/* The target names the model in some formats. */
struct meter *meter_new(enum meter_format format, const char *target);
void meter_free(struct meter *meter);

const char *meter_request(struct meter *meter, const char *bytes, size_t len);
const char *meter_request_end(struct meter *meter);
void meter_answer(struct meter *meter, const char *bytes, size_t len);

/* Bytes of the answer that came and that nobody read any more: counted as text to the share that those before were. */
void meter_unread(struct meter *meter, uint64_t bytes);

/*
 * The client left after `ms`, before the final count. What was made unseen (reasoning) is taken by time, up to what the request
 * bounds; of an answer that comes as a whole, which many providers finish and bill all the same, all that it bounds.
 */
void meter_left(struct meter *meter, uint64_t ms);

/* The answer came to its end after `ms`: a stream without any count is as one that was left, since reasoning may be none of its text. */
void meter_ended(struct meter *meter, uint64_t ms);

/* The request goes on from what the provider keeps: at least this much input beside its own, as far as nobody counts it. */
bool meter_goes_on(const struct meter *meter);
void meter_carried(struct meter *meter, uint64_t tokens);

void meter_usage(const struct meter *meter, bool over, struct meter_usage *ret);

#endif
