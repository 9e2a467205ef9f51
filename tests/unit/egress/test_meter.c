/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/meter.h"
#include "runner/egress/price.h"

#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <string.h>

#define DATA(json) "data: " json "\n\n"

struct expected {
        uint64_t input, cache_read, cache_write, cache_write_long, output;
        bool estimated;
        const char *model;
};

struct recorded {
        const char *name;
        enum meter_format format;
        const char *answer;
        struct expected expected;
};

static const struct recorded recorded[] = {
        {"Messages, streamed",
         METER_MESSAGES,
         "event: message_start\n" DATA(
                 "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-x\",\"content\":[],"
                 "\"usage\":{\"input_tokens\":7,\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":500,"
                 "\"cache_creation\":{\"ephemeral_5m_input_tokens\":10,\"ephemeral_1h_input_tokens\":20},"
                 "\"output_tokens\":1}}}") ": ping\n\nevent: content_block_delta\n" DATA("{\"type\":\"content_block_"
                                                                                         "delta\",\"delta\":{\"type\":"
                                                                                         "\"text_delta\",\"text\":"
                                                                                         "\"usage\\\": {}\"}}")
                 DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_"
                      "tokens\":42}}") DATA("{\"type\":\"message_stop\"}"),
         {7, 500, 10, 20, 42, false, "claude-x"}},
        {"Messages, whole",
         METER_MESSAGES,
         "{\"model\":\"claude-y\",\"content\":[{\"type\":\"text\",\"text\":\"{\\\"usage\\\":{\\\"output_tokens\\\":9}}"
         "\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":11,\"output_tokens\":5,"
         "\"cache_read_input_tokens\":3}}",
         {11, 3, 0, 0, 5, false, "claude-y"}},
        {"Responses, streamed",
         METER_RESPONSES,
         DATA("{\"type\":\"response.created\",\"response\":{\"model\":\"gpt-a\",\"status\":\"in_progress\","
              "\"usage\":null}}") DATA("{\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}")
                 DATA("{\"type\":\"response.output_item.done\",\"item\":{\"status\":\"completed\"}}")
                         DATA("{\"type\":\"response.completed\",\"response\":{\"model\":\"gpt-a\","
                              "\"status\":\"completed\",\"usage\":{\"input_tokens\":100,\"input_tokens_details\":"
                              "{\"cached_tokens\":60},\"output_tokens\":20,\"output_tokens_details\":"
                              "{\"reasoning_tokens\":15},\"total_tokens\":120}}}"),
         {40, 60, 0, 0, 20, false, "gpt-a"}},
        {"Responses, incomplete, whole",
         METER_RESPONSES,
         "{\"object\":\"response\",\"model\":\"gpt-b\",\"status\":\"incomplete\",\"output\":[{\"status\":\"x\"}],"
         "\"usage\":{\"input_tokens\":4,\"output_tokens\":2,\"total_tokens\":6}}",
         {4, 0, 0, 0, 2, false, "gpt-b"}},
        {"Chat, streamed",
         METER_CHAT,
         DATA("{\"model\":\"q\",\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}],\"usage\":null}")
                 DATA("{\"model\":\"q\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}")
                         DATA("{\"model\":\"q\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3,"
                              "\"total_tokens\":13,\"prompt_tokens_details\":{\"cached_tokens\":8}}}") DATA("[DONE]"),
         {2, 8, 0, 0, 3, false, "q"}},
        {"Chat, whole",
         METER_CHAT,
         "{\"model\":\"q\",\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],"
         "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":20}}",
         {10, 0, 0, 0, 10, false, "q"}}, /* reasoning that only the total tells */
        {"Gemini, streamed",
         METER_GENERATE,
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"usageMetadata\":"
         "{\"promptTokenCount\":50,\"candidatesTokenCount\":1,\"totalTokenCount\":51},\r\n"
         "data: \"modelVersion\":\"gemini-z\"}\r\n\r\n"
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"STOP\"}],"
         "\"usageMetadata\":{\"promptTokenCount\":50,\"cachedContentTokenCount\":20,\"toolUsePromptTokenCount\":5,"
         "\"candidatesTokenCount\":4,\"thoughtsTokenCount\":6,\"totalTokenCount\":65}}\r\n\r\n",
         {35, 20, 0, 0, 10, false, "gemini-z"}},
        {"Gemini, array",
         METER_GENERATE,
         "[{\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":5,\"totalTokenCount\":5}}\n,\n"
         "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"modelVersion\":\"g\",\"usageMetadata\":"
         "{\"promptTokenCount\":5,\"candidatesTokenCount\":2,\"totalTokenCount\":7}}\n]",
         {5, 0, 0, 0, 2, false, "g"}},
        /* who goes before the end pays for what it saw: the request's 40 bytes are 10 tokens */
        {"Messages, broken off",
         METER_MESSAGES,
         DATA("{\"type\":\"message_start\",\"message\":{\"model\":\"c\",\"usage\":{\"input_tokens\":7,"
              "\"output_tokens\":1}}}") DATA("{\"delta\":{\"text\":\"12345678\"}}") "data: {\"delta\":{\"text\":\"1234",
         {7, 0, 0, 0, 1 + 3, true, "c"}},
        {"Chat, without its usage",
         METER_CHAT,
         DATA("{\"model\":\"q\",\"choices\":[{\"delta\":{\"content\":\"12345678\"},\"finish_reason\":\"stop\"}]}")
                 DATA("[DONE]"),
         {10, 0, 0, 0, 2, true, "q"}},
        {"Responses, broken off in a call",
         METER_RESPONSES,
         DATA("{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"12345678\"}"),
         {10, 0, 0, 0, 2, true, "asked"}},
        {"whole, broken off",
         METER_CHAT,
         "{\"choices\":[{\"message\":{\"content\":\"1234567",
         {10, 0, 0, 0, 11, true, "asked"}}, /* all 42 bytes */
        {"text after the count",
         METER_CHAT,
         DATA("{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")
                 DATA("{\"choices\":[{\"delta\":{\"content\":\"1234\"}}]}"),
         {1, 0, 0, 0, 2, true, "asked"}},
        {"no JSON at all", METER_MESSAGES, "\n\x0f<binary>", {10, 0, 0, 0, 3, true, "asked"}}, /* each of its bytes */
        {"an event that is no JSON, then one that is",
         METER_CHAT,
         DATA("{\"usage\":{\"prompt_tokens\":nonsense}}") DATA("{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{"
                                                               "\"prompt_tokens\":1,\"completion_tokens\":1}}"),
         {1, 0, 0, 0, 1, false, "asked"}},
        {"numbers of no honest count",
         METER_CHAT,
         "{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":"
         "99999999999999999999999,\"usage\":1}}",
         {10, 0, 0, 0, METER_TOKENS_MAX, true, "asked"}},
};

static const char request[] = "{\"model\":\"asked\",\"messages\":[\"123456\"]} ";

static void check(const struct recorded *one, size_t step)
{
        struct meter *meter = meter_new(one->format, "/v1/x");
        struct meter_usage usage;
        const struct expected *want = &one->expected;

        cr_assert_eq(strlen(request), 40);
        cr_assert_null(meter_request(meter, request, strlen(request)));
        cr_assert_null(meter_request_end(meter));
        for (size_t at = 0, len = strlen(one->answer); at < len; at += step)
                meter_answer(meter, one->answer + at, len - at < step ? len - at : step);
        meter_usage(meter, true, &usage);
        cr_assert(usage.input == want->input && usage.cache_read == want->cache_read &&
                          usage.cache_write == want->cache_write && usage.cache_write_long == want->cache_write_long &&
                          usage.output == want->output,
                  "%s, by %zu: %lu + %lu + %lu + %lu in, %lu out", one->name, step, usage.input, usage.cache_read,
                  usage.cache_write, usage.cache_write_long, usage.output);
        cr_assert_eq(usage.estimated, want->estimated, "%s, by %zu", one->name, step);
        cr_assert_str_eq(usage.model, want->model, "%s, by %zu", one->name, step);
        meter_free(meter);
}

Test(meter, every_format_in_every_cut)
{
        for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++)
                for (size_t step = 1; step <= strlen(recorded[i].answer); step++)
                        check(&recorded[i], step);
}

Test(meter, line_ends_are_all_the_same)
{
        static const char *const ends[] = {"\n", "\r", "\r\n"};
        static const char first[] = "\xef\xbb\xbf: comment";
        static const char second[] = "data:{\"choices\":[{\"finish_reason\":\"stop\"}],";
        static const char third[] = "data: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}";

        for (size_t i = 0; i < 3; i++) {
                _cleanup_str_ struct str answer = {0};
                struct recorded one = {"line ends", METER_CHAT, NULL, {3, 0, 0, 0, 4, false, "asked"}};

                str_printf(&answer, "%s%s%s%s%s%s%s%s", first, ends[i], ends[i], second, ends[i], third, ends[i],
                           ends[i]);
                one.answer = str_text(&answer);
                for (size_t step = 1; step < answer.len; step++)
                        check(&one, step);
        }
}

Test(meter, a_running_stream_is_counted_at_any_moment)
{
        struct meter *meter = meter_new(METER_CHAT, "/v1/chat/completions");
        struct meter_usage usage;

        for (unsigned i = 0; i < 1000; i++) {
                static const char piece[] = DATA("{\"choices\":[{\"delta\":{\"content\":\"12345678\"}}]}");

                meter_answer(meter, piece, strlen(piece));
                meter_usage(meter, false, &usage);
                cr_assert_eq(usage.output, 2 * (i + 1));
                cr_assert(usage.estimated && !usage.input_known);
        }
        meter_free(meter);
}

Test(meter, what_came_and_was_not_read_counts)
{
        struct meter *meter = meter_new(METER_CHAT, "/v1/chat/completions");
        static const char piece[] = DATA("{\"choices\":[{\"delta\":{\"content\":\"12345678901234567890\"}}]}");
        struct meter_usage usage;

        meter_answer(meter, piece, strlen(piece));
        meter_unread(meter, 100 * strlen(piece));
        meter_usage(meter, true, &usage);
        cr_assert(usage.output > 480 && usage.output <= 505, "%lu", usage.output);
        meter_free(meter);
}

static uint64_t output(enum meter_format format, const char *target, const char *asked, uint64_t ms, const char *answer,
                       void (*over)(struct meter *meter, uint64_t ms))
{
        struct meter *meter = meter_new(format, target);
        struct meter_usage usage;

        cr_assert_null(meter_request(meter, asked, strlen(asked)), "%s", asked);
        meter_answer(meter, answer, strlen(answer));
        over(meter, ms);
        meter_usage(meter, true, &usage);
        meter_free(meter);
        return usage.output;
}

/* Output of an answer that was left after `ms`, of which `answer` had come. */
static uint64_t left(enum meter_format format, const char *target, const char *asked, uint64_t ms, const char *answer)
{
        return output(format, target, asked, ms, answer, meter_left);
}

Test(meter, who_leaves_pays_for_what_is_made_unseen)
{
        static const char chat[] = "/v1/chat/completions";
        static const char whole[] = "{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
                                    "\"completion_tokens\":1}}";

        /* a stream: by time, and no more than was asked for */
        cr_expect_eq(left(METER_CHAT, chat, "{\"stream\":true}", 30500, ""), 3000);
        cr_expect_eq(left(METER_CHAT, chat, "{\"stream\":true,\"max_tokens\":50}", 30000, ""), 50);
        cr_expect_eq(left(METER_CHAT, chat, "{\"stream\":true,\"max_tokens\":9,\"max_tokens\":50,\"max_tokens\":7}",
                          30000, ""),
                     50, "duplicates: the largest");
        cr_expect_eq(left(METER_CHAT, chat, "{\"stream\":true,\"n\":3}", 10000, ""), 3000);
        /* as a whole: all that was asked for, at once */
        cr_expect_eq(left(METER_CHAT, chat, "{}", 0, ""), METER_WHOLE_MOST);
        cr_expect_eq(left(METER_CHAT, chat, "{\"max_completion_tokens\":1}", 0, ""), 1);
        cr_expect_eq(left(METER_CHAT, chat, "{\"max_tokens\":64000,\"n\":2}", 0, ""), 128000);
        cr_expect_eq(left(METER_CHAT, chat, "{\"max_tokens\":9e9,\"n\":999999999999}", 0, ""), METER_TOKENS_MAX);
        cr_expect_eq(left(METER_GENERATE, "/v1beta/models/g:generateContent",
                          "{\"generationConfig\":{\"maxOutputTokens\":77}}", 0, ""),
                     77);
        cr_expect_eq(left(METER_GENERATE, "/v1beta/models/g:streamGenerateContent", "{}", 2000, ""), 200);
        /* what had come to its end is what it says */
        cr_expect_eq(left(METER_CHAT, chat, "{}", 90000, whole), 1);
}

static const char *refused(enum meter_format format, const char *body, size_t step)
{
        struct meter *meter = meter_new(format, "/v1/x");
        const char *why = NULL;

        for (size_t at = 0, len = strlen(body); at < len && !why; at += step)
                why = meter_request(meter, body + at, len - at < step ? len - at : step);
        if (!why)
                why = meter_request_end(meter);
        meter_free(meter);
        return why;
}

Test(meter, what_a_request_bounds_is_found_in_every_form_that_a_provider_takes)
{
        static const char *const bounds[] = {
                "{\"max_tokens\":64000}",
                "{\"max_tokens\":6.4e4}",
                "{\"max_tokens\":640E+2}",
                "{\"max_tokens\":640000000e-4}",
                "{\"max_tokens\":\"64000\"}",
                "{\"max_tokens\":\"6.4e4\"}",
                "{\"max_tokens\":32000.5,\"n\":\"2\"}",
                "{\"generationConfig\":{\"maxOutputTokens\":\"64000\"}}",
                "{\"generationConfig\":{\"max_output_tokens\":64000}}",
                "{\"generation_config\":{\"maxOutputTokens\":8000,\"candidateCount\":8}}",
                "{\"generationConfig\":{\"maxOutputTokens\":8000,\"candidate_count\":\"8\"}}",
        };
        static const char many[] = "000000000000000000000000000000000000000000000000000";
        _cleanup_str_ struct str padded = {0};

        for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
                cr_expect_eq(left(METER_GENERATE, "/v1beta/models/g:generateContent", bounds[i], 0, ""), 64000, "%s",
                             bounds[i]);
        str_printf(&padded, "{\"max_tokens\":0.%s%s1e109}", many, many);
        cr_expect_eq(left(METER_CHAT, "/v1/chat/completions", str_text(&padded), 0, ""), METER_TOKENS_MAX, "too long");
        cr_expect_eq(left(METER_CHAT, "/v1/chat/completions", "{\"n\":-1e9,\"max_tokens\":\"\\u0039\"}", 0, ""),
                     METER_TOKENS_MAX, "it may be anything");
        cr_expect_not_null(refused(METER_GENERATE, "{\"generationConfig\":{\"maxOutputTo\\u006bens\":9}}", 1));
        cr_expect_null(refused(METER_GENERATE, "{\"generationConfig\":{\"responseSchema\":{\"\\u006b\":9}}}", 1));
}

Test(meter, a_stream_without_any_count_pays_for_what_is_made_unseen)
{
        static const char chat[] = "/v1/chat/completions";
        static const char silent[] =
                DATA("{\"choices\":[{\"delta\":{\"content\":\"12345678\"},\"finish_reason\":\"stop\"}]}")
                        DATA("[DONE]");
        static const char counted[] = DATA("{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
                                           "\"completion_tokens\":5}}");

        cr_expect_eq(output(METER_CHAT, chat, "{\"stream\":true}", 60000, silent, meter_ended), 6000);
        cr_expect_eq(output(METER_CHAT, chat, "{\"stream\":true,\"max_tokens\":700}", 60000, silent, meter_ended), 700);
        cr_expect_eq(output(METER_CHAT, chat, "{\"stream\":true}", 900, silent, meter_ended), 2, "its text");
        cr_expect_eq(output(METER_CHAT, chat, "{\"stream\":true}", 60000, counted, meter_ended), 5);
        /* who asks for no stream cannot ask for no count */
        cr_expect_eq(output(METER_CHAT, chat, "{}", 60000, "{\"choices\":[]}", meter_ended), 4);
}

Test(meter, a_request_that_bills_elsewhere_is_refused)
{
        static const struct {
                const char *body, *why;
        } requests[] = {
                {"{\"model\":\"m\",\"background\":false}", NULL},
                {"{\"model\":\"m\",\"background\": null }\n", NULL},
                {"{\"input\":[{\"background\":true,\"b\\u0061\":1}]}", NULL},
                {"", NULL},
                {"{\"background\":true}", "background"},
                {"{\"background\":false,\"background\":true}", "background"},
                {"{\"background\":1}", "background"},
                {"{\"background\":{}}", "background"},
                {"{\"b\\u0061ckground\":true}", "escapes"},
                {"[{\"background\":true}]", "JSON"},
                {"{}{\"background\":true}", "JSON"},
                {"{\"model\":\"m\"", "JSON"},
                {"{'background':true}", "JSON"},
                {"\xff\xfe{", "JSON"},
        };

        for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
                for (size_t step = 1; step < 60; step += 29) {
                        const char *why = refused(METER_RESPONSES, requests[i].body, step);

                        cr_assert(!why == !requests[i].why, "%s: %s", requests[i].body, why);
                        cr_assert(!why || strstr(why, requests[i].why), "%s: %s", requests[i].body, why);
                }
}

Test(meter, only_endpoints_that_it_understands)
{
        static const struct {
                const char *meter, *method, *target;
                enum meter_verdict verdict;
        } targets[] = {
                {"none", "POST", "/anything", METER_FREE},
                {"anthropic", "POST", "/v1/messages?beta=true", METER_COUNTED},
                {"anthropic", "POST", "/v1/messages/count_tokens", METER_FREE},
                {"anthropic", "POST", "/v1/messages/batches", METER_REFUSED},
                {"anthropic", "GET", "/v1/messages", METER_REFUSED},
                {"anthropic", "POST", "/v1/messages/", METER_REFUSED},
                {"anthropic", "POST", "/v1/complete", METER_REFUSED},
                {"anthropic", "GET", "/v1/models/claude-x", METER_FREE},
                {"openai", "POST", "/v1/responses", METER_COUNTED},
                {"openai", "POST", "/responses", METER_COUNTED},
                {"openai", "POST", "/v1/chat/completions", METER_COUNTED},
                {"openai", "POST", "/v1/files", METER_REFUSED},
                {"openai", "POST", "/v1/batches", METER_REFUSED},
                {"openai", "POST", "/v1/images/generations", METER_REFUSED},
                {"openai", "POST", "/v1/fine_tuning/jobs", METER_REFUSED},
                {"openai", "POST", "/v1/threads/t/messages", METER_REFUSED},
                {"openai", "POST", "/files/chat/completions", METER_REFUSED},
                {"gemini", "POST", "/v1beta/models/gemini-x:generateContent", METER_COUNTED},
                {"gemini", "POST", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", METER_COUNTED},
                {"gemini", "POST", "/v1beta/models/gemini-x:countTokens", METER_FREE},
                {"gemini", "POST", "/v1beta/models/gemini-x:batchGenerateContent", METER_REFUSED},
                {"gemini", "POST", "/v1beta/models/x%3AbatchGenerateContent:generateContent", METER_REFUSED},
                {"gemini", "POST", "/v1beta/models/:generateContent", METER_REFUSED},
                {"gemini", "POST", "/upload/v1beta/files", METER_REFUSED},
        };
        enum meter_format format;

        for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
                cr_assert_eq(meter_judge(targets[i].meter, targets[i].method, targets[i].target, &format),
                             targets[i].verdict, "%s %s", targets[i].method, targets[i].target);
}

/* ---- prices ---- */

static struct egress_price table[] = {
        {(char *)"*", 100000000, 200000000, 100000000, 100000000},
        {(char *)"claude-*", 3000000, 15000000, 300000, 3750000},
        {(char *)"claude-opus*", 5000000, 25000000, 500000, 6250000},
        {(char *)"gpt-5", 1250000, 10000000, 125000, 1250000},
};
static const struct egress_config config = {.prices = table, .prices_len = 4};

Test(price, the_longest_glob_wins_and_the_unknown_is_dear)
{
        bool fallback;

        cr_assert_eq(price_find(&config, "claude-opus-9", &fallback), &table[2]);
        cr_assert_not(fallback);
        cr_assert_eq(price_find(&config, "claude-sonnet", &fallback), &table[1]);
        cr_assert_eq(price_find(&config, "anthropic/claude-sonnet", &fallback), &table[1]);
        cr_assert_eq(price_find(&config, "gpt-5-ultra", &fallback), &table[0]);
        cr_assert(fallback);
        cr_assert_eq(price_find(&config, "", &fallback), &table[0]);
        cr_assert_null(price_find(&(struct egress_config){0}, "x", &fallback));
}

Test(price, cached_tokens_cost_what_the_cache_costs)
{
        const struct meter_usage usage = {
                .input = 1000, .cache_read = 10000, .cache_write = 200, .cache_write_long = 100, .output = 50};

        /* 1000 × 3 + 10000 × 0.3 + 200 × 3.75 + 160 × 3.75 + 50 × 15 micro-dollars */
        cr_assert_eq(price_cost(&table[1], &usage), 3000 + 3000 + 750 + 600 + 750);
        cr_assert_eq(price_cost(&table[1], &(struct meter_usage){.cache_read = 1}), 1, "rounded up");
        cr_assert_eq(price_cost(&(struct egress_price){.output = UINT64_MAX}, &(struct meter_usage){.output = 5}),
                     UINT64_MAX);
}
