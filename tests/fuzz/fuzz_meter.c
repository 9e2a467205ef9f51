/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter makes of requests and answers. The first byte chooses the format, the second how long the request is, the rest is
 * request and answer. Beside not crashing: where bytes are cut changes nothing, no count is beyond its bounds, and what was
 * generated costs something.
 */
#include "lib/base/cleanup.h"
#include "runner/egress/meter.h"
#include "runner/egress/price.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct meter *meter, const char *request, size_t request_len, const char *answer, size_t len,
                 size_t step)
{
        for (size_t at = 0; at < request_len; at += step)
                meter_request(meter, request + at, request_len - at < step ? request_len - at : step);
        meter_request_end(meter);
        for (size_t at = 0; at < len; at += step)
                meter_answer(meter, answer + at, len - at < step ? len - at : step);
}

static void same(const struct meter_usage *a, const struct meter_usage *b)
{
        must(a->input == b->input && a->cache_read == b->cache_read && a->cache_write == b->cache_write);
        must(a->cache_write_long == b->cache_write_long && a->output == b->output);
        must(a->input_known == b->input_known && a->estimated == b->estimated && !strcmp(a->model, b->model));
}

static void bounded(const struct meter_usage *usage)
{
        static const struct egress_price price = {.input = 7, .output = 9, .cache_read = 1, .cache_write = 8};

        must(usage->input <= 2 * METER_TOKENS_MAX && usage->output <= 3 * METER_TOKENS_MAX);
        must(usage->cache_read <= 2 * METER_TOKENS_MAX && usage->cache_write <= METER_TOKENS_MAX);
        must(strlen(usage->model) < METER_MODEL);
        must(usage->output + usage->input == 0 || price_cost(&price, usage) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *copy = NULL;
        size_t cut, len;

        if (size < 2)
                return 0;
        len = size - 2;
        copy = xmemdup(data + 2, len);
        cut = data[1] < len ? data[1] : len;
        for (int over = 0; over < 2; over++) {
                struct meter *whole = meter_new(data[0] % METER_FORMATS, "/v1beta/models/m:generateContent");
                struct meter *bytes = meter_new(data[0] % METER_FORMATS, "/v1beta/models/m:generateContent");
                struct meter_usage one, two;

                feed(whole, copy, cut, copy + cut, len - cut, size);
                feed(bytes, copy, cut, copy + cut, len - cut, 1);
                meter_usage(whole, over, &one);
                meter_usage(bytes, over, &two);
                bounded(&one);
                if (meter_request_end(whole) == NULL)
                        same(&one, &two);
                meter_free(whole);
                meter_free(bytes);
        }
        return 0;
}
