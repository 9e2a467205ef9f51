/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/meter_format.h"

#include <stdlib.h>
#include <string.h>

#define LEN(rules) (sizeof(rules) / sizeof(struct json_rule))
#define RULES(...)                                                                                                     \
        {                                                                                                              \
                .rules = {__VA_ARGS__}, .len = LEN(((struct json_rule[]){__VA_ARGS__}))                                \
        }
#define P(...)                                                                                                         \
        {                                                                                                              \
                __VA_ARGS__                                                                                            \
        }
#define COUNT(slot, ...)                                                                                               \
        {                                                                                                              \
                P(__VA_ARGS__), WHAT_COUNT, slot                                                                       \
        }
#define READ(what, ...)                                                                                                \
        {                                                                                                              \
                P(__VA_ARGS__), what, 0                                                                                \
        }

const struct meter_rules meter_answers[METER_FORMATS] = {
        /* Messages: message_start, content_block_…, message_delta; or one message. */
        [METER_MESSAGES] =
                RULES(COUNT(IN, "message", "usage", "input_tokens"), COUNT(IN, "usage", "input_tokens"),
                      COUNT(OUT, "message", "usage", "output_tokens"), COUNT(OUT, "usage", "output_tokens"),
                      COUNT(CACHED, "message", "usage", "cache_read_input_tokens"),
                      COUNT(CACHED, "usage", "cache_read_input_tokens"),
                      COUNT(WRITTEN, "message", "usage", "cache_creation_input_tokens"),
                      COUNT(WRITTEN, "usage", "cache_creation_input_tokens"),
                      COUNT(WRITTEN_LONG, "message", "usage", "cache_creation", "ephemeral_1h_input_tokens"),
                      COUNT(WRITTEN_LONG, "usage", "cache_creation", "ephemeral_1h_input_tokens"),
                      READ(WHAT_MODEL, "message", "model"), READ(WHAT_MODEL, "model"),
                      READ(WHAT_DONE, "delta", "stop_reason"), READ(WHAT_DONE, "stop_reason"),
                      READ(WHAT_TEXT, "delta", "text"), READ(WHAT_TEXT, "delta", "thinking"),
                      READ(WHAT_TEXT, "delta", "partial_json"), READ(WHAT_TEXT, "content_block", "text"),
                      READ(WHAT_TEXT, "content_block", "thinking"), READ(WHAT_TEXT, "content_block", "data")),
        /* Responses: response.created, response.….delta, response.completed | incomplete | failed; or one response. */
        [METER_RESPONSES] =
                RULES(COUNT(IN, "response", "usage", "input_tokens"), COUNT(IN, "usage", "input_tokens"),
                      COUNT(OUT, "response", "usage", "output_tokens"), COUNT(OUT, "usage", "output_tokens"),
                      COUNT(CACHED, "response", "usage", "input_tokens_details", "cached_tokens"),
                      COUNT(CACHED, "usage", "input_tokens_details", "cached_tokens"),
                      COUNT(TOTAL, "response", "usage", "total_tokens"), COUNT(TOTAL, "usage", "total_tokens"),
                      READ(WHAT_MODEL, "response", "model"), READ(WHAT_MODEL, "model"),
                      READ(WHAT_STATUS, "response", "status"), READ(WHAT_STATUS, "status"), READ(WHAT_TEXT, "delta"),
                      READ(WHAT_TEXT, "item", "encrypted_content")),
        /* Chat Completions: chat.completion.chunk, the last of them with usage where it was asked for; or one chat.completion. */
        [METER_CHAT] = RULES(
                COUNT(IN, "usage", "prompt_tokens"), COUNT(OUT, "usage", "completion_tokens"),
                COUNT(TOTAL, "usage", "total_tokens"), COUNT(CACHED, "usage", "prompt_tokens_details", "cached_tokens"),
                COUNT(CACHED, "usage", "prompt_cache_hit_tokens"), READ(WHAT_MODEL, "model"),
                READ(WHAT_DONE, "choices", "*", "finish_reason"), READ(WHAT_TEXT, "choices", "*", "delta", "content"),
                READ(WHAT_TEXT, "choices", "*", "delta", "reasoning_content"),
                READ(WHAT_TEXT, "choices", "*", "delta", "reasoning"),
                READ(WHAT_TEXT, "choices", "*", "delta", "refusal"),
                READ(WHAT_TEXT, "choices", "*", "delta", "tool_calls", "*", "function", "arguments"),
                READ(WHAT_TEXT, "choices", "*", "text")),
        /* generateContent, streamGenerateContent: each piece counts all that came before it, too. */
        [METER_GENERATE] = RULES(
                COUNT(IN, "usageMetadata", "promptTokenCount"), COUNT(OUT, "usageMetadata", "candidatesTokenCount"),
                COUNT(THOUGHT, "usageMetadata", "thoughtsTokenCount"),
                COUNT(CACHED, "usageMetadata", "cachedContentTokenCount"),
                COUNT(TOOLS_IN, "usageMetadata", "toolUsePromptTokenCount"),
                COUNT(TOTAL, "usageMetadata", "totalTokenCount"), READ(WHAT_MODEL, "modelVersion"),
                READ(WHAT_DONE, "candidates", "*", "finishReason"), READ(WHAT_DONE, "promptFeedback", "blockReason"),
                READ(WHAT_TEXT, "candidates", "*", "content", "parts", "*", "text")),
};

const struct meter_rules meter_requests = RULES(
        READ(WHAT_MODEL, "model"), READ(WHAT_BACKGROUND, "background"), READ(WHAT_CARRIES, "previous_response_id"),
        READ(WHAT_CARRIES, "conversation"), READ(WHAT_STREAM, "stream"), READ(WHAT_MOST, "max_tokens"),
        READ(WHAT_MOST, "max_completion_tokens"), READ(WHAT_MOST, "max_output_tokens"), READ(WHAT_TIMES, "n"),
        READ(WHAT_TIMES, "best_of"),
        /* of each name either form is taken, whatever the form of the one before it */
        READ(WHAT_MOST, "generationConfig", "maxOutputTokens"),
        READ(WHAT_MOST, "generationConfig", "max_output_tokens"),
        READ(WHAT_MOST, "generation_config", "maxOutputTokens"),
        READ(WHAT_MOST, "generation_config", "max_output_tokens"),
        READ(WHAT_TIMES, "generationConfig", "candidateCount"), READ(WHAT_TIMES, "generationConfig", "candidate_count"),
        READ(WHAT_TIMES, "generation_config", "candidateCount"),
        READ(WHAT_TIMES, "generation_config", "candidate_count"));

bool meter_status_is_last(const char *status)
{
        static const char *const last[] = {"completed", "incomplete", "failed", "cancelled"};

        for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++)
                if (!strcmp(status, last[i]))
                        return true;
        return false;
}

static uint64_t less(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* Anthropic counts the cache beside the input; OpenAI and Google within it, and reasoning is Google's beside the output. */
void meter_sort(enum meter_format format, const uint64_t counts[METER_SLOTS], struct meter_usage *ret)
{
        uint64_t input = counts[IN] + counts[TOOLS_IN], output = counts[OUT] + counts[THOUGHT];
        uint64_t rest = less(counts[TOTAL], input);

        if (format == METER_MESSAGES) {
                ret->input = counts[IN];
                ret->cache_read = counts[CACHED];
                ret->cache_write = less(counts[WRITTEN], counts[WRITTEN_LONG]);
                ret->cache_write_long = counts[WRITTEN_LONG];
                ret->output = counts[OUT];
                return;
        }
        ret->cache_read = counts[CACHED] < input ? counts[CACHED] : input;
        ret->input = input - ret->cache_read;
        ret->output = output > rest ? output : rest;
}

/* A number in quotes is one for some providers (Protocol Buffers' JSON); one in escapes, or that is cut, may be any. */
static double text_number(const struct json_value *value)
{
        if (strchr(value->text, '\\') || strlen(value->text) != value->bytes)
                return (double)METER_TOKENS_MAX;
        return strtod(value->text, NULL);
}

void meter_take_bound(uint64_t *bound, const struct json_value *value)
{
        double number = 0;

        if (value->kind == JSON_VALUE_TEXT)
                number = text_number(value);
        else if (value->kind == JSON_VALUE_NUMBER)
                number = (double)value->number;
        if (number >= (double)METER_TOKENS_MAX)
                *bound = METER_TOKENS_MAX;
        else if (number > (double)*bound)
                *bound = (uint64_t)number;
}
