/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints whose cost a meter sees, and those that cost nothing. What stands in no row is refused on a metered route,
 * whatever its allow list says: batches, files, assistants, fine-tuning, audio and images bill elsewhere or by other units.
 */
#include "runner/egress/meter.h"

#include <string.h>

struct endpoint {
        const char *meter, *method;
        const char *path; /* what the target's path ends in; "*": one name */
        enum meter_verdict verdict;
        enum meter_format format;
};

static const struct endpoint endpoints[] = {
        {"anthropic", "POST", "/messages", METER_COUNTED, METER_MESSAGES},
        {"anthropic", "POST", "/messages/count_tokens", METER_FREE, 0},
        {"anthropic", "GET", "/models", METER_FREE, 0},
        {"anthropic", "GET", "/models/*", METER_FREE, 0},
        {"openai", "POST", "/responses", METER_COUNTED, METER_RESPONSES},
        {"openai", "POST", "/responses/compact", METER_COUNTED, METER_RESPONSES},
        {"openai", "POST", "/responses/input_tokens", METER_FREE, 0},
        {"openai", "GET", "/responses/*", METER_FREE, 0},
        {"openai", "DELETE", "/responses/*", METER_FREE, 0},
        {"openai", "POST", "/chat/completions", METER_COUNTED, METER_CHAT},
        {"openai", "POST", "/completions", METER_COUNTED, METER_CHAT},
        {"openai", "GET", "/models", METER_FREE, 0},
        {"openai", "GET", "/models/*", METER_FREE, 0},
        {"gemini", "POST", "/models/*:generateContent", METER_COUNTED, METER_GENERATE},
        {"gemini", "POST", "/models/*:streamGenerateContent", METER_COUNTED, METER_GENERATE},
        {"gemini", "POST", "/models/*:countTokens", METER_FREE, 0},
        {"gemini", "GET", "/models", METER_FREE, 0},
        {"gemini", "GET", "/models/*", METER_FREE, 0},
};

/* What may stand before an endpoint's own path: a version, or an upstream's folder for it. */
static const char *const prefixes[] = {"",        "/v1",        "/v1beta", "/v1alpha",     "/v1beta/openai",
                                       "/api/v1", "/openai/v1", "/openai", "/anthropic/v1"};

bool meter_is_known(const char *meter)
{
        for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++)
                if (!strcmp(endpoints[i].meter, meter))
                        return true;
        return !*meter || !strcmp(meter, "none");
}

static size_t name_len(const char *text)
{
        return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@");
}

static bool path_fits(const char *pattern, const char *path, size_t len)
{
        const char *end = path + len;

        while (*pattern && path <= end) {
                if (*pattern == '*') {
                        size_t name = name_len(path);

                        if (!name)
                                return false;
                        path += name;
                        pattern++;
                } else if (path == end || *pattern++ != *path++) {
                        return false;
                }
        }
        return !*pattern && path == end;
}

static bool endpoint_fits(const struct endpoint *endpoint, const char *path, size_t len)
{
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
                size_t before = strlen(prefixes[i]);

                if (before <= len && !memcmp(path, prefixes[i], before) &&
                    path_fits(endpoint->path, path + before, len - before))
                        return true;
        }
        return false;
}

enum meter_verdict meter_judge(const char *meter, const char *method, const char *target, enum meter_format *ret)
{
        if (!*meter || !strcmp(meter, "none"))
                return METER_FREE;
        for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++) {
                const struct endpoint *endpoint = &endpoints[i];

                if (strcmp(endpoint->meter, meter) != 0 || strcmp(endpoint->method, method) != 0 ||
                    !endpoint_fits(endpoint, target, strcspn(target, "?")))
                        continue;
                *ret = endpoint->format;
                return endpoint->verdict;
        }
        return METER_REFUSED;
}
