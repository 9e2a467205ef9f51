/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a credential route makes of bytes that a step or an upstream sends. The first byte chooses, the rest is the input.
 * Beside not crashing: where bytes are cut changes nothing, what passes the list can be read in one way only, and no
 * credential comes out of what is masked.
 */
#include "lib/base/cleanup.h"
#include "runner/egress/route_answer.h"
#include "runner/egress/route_request.h"
#include "runner/egress/route_rules.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET "sk-Zq7+/uVw93"

static struct egress_header header = {(char *)"authorization", (char *)"Bearer " SECRET};
static char *rules[] = {(char *)"GET /v1/*", (char *)"POST /v1/messages*"};
static const struct egress_config config = {
        .routes = {{.headers = &header, .headers_len = 1, .allow = {.items = rules, .len = 2}}}, .routes_len = 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum request_state feed(struct request *request, const char *bytes, size_t len, size_t step, struct str *body)
{
        enum request_state state = REQUEST_MORE;
        size_t used;

        while (len && (state == REQUEST_MORE || state == REQUEST_HEAD)) {
                state = request_feed(request, bytes, step < len ? step : len, &used, body);
                bytes += used;
                len -= used;
        }
        return state;
}

static void filter(const struct request *request)
{
        _cleanup_strv_ struct strv lines = {0};

        header_filter_request(request_headers(request), &config.routes[0], &lines);
        for (size_t i = 0; i < lines.len; i++)
                must(header_value_ok(lines.items[i]) &&
                     (!strncasecmp(lines.items[i], "authorization:", 14) == (i + 1 == lines.len)));
        header_lines_release(&lines);
}

static void try_request(const char *bytes, size_t len)
{
        struct request *whole = request_new(), *cut = request_new();
        _cleanup_str_ struct str a = {0}, b = {0};
        enum request_state one = feed(whole, bytes, len, len, &a), two = feed(cut, bytes, len, 1, &b);

        must(one == two);
        if (one == REQUEST_END) {
                must(a.len == b.len && !memcmp(str_text(&a), str_text(&b), a.len));
                must(!strcmp(request_target(whole), request_target(cut)));
                must(request_length(whole) < 0 || (size_t)request_length(whole) == a.len);
                filter(whole);
        }
        request_free(whole);
        request_free(cut);
}

static void try_target(const char *bytes, size_t len)
{
        _cleanup_free_ char *target = xmemdup(bytes, len);
        _cleanup_str_ struct str url = {0};
        const char *path, *query;

        if (route_judge(&config.routes[0].allow, "GET", target))
                return;
        route_url("https://h/base", target, &url);
        path = str_text(&url) + strlen("https://h/base");
        must(!strncmp(str_text(&url), "https://h/base/v1/", 18));
        must(!strchr(path, '#') && !strchr(path, ' ') && strcspn(path, "\\") >= strcspn(path, "?"));
        must(strstr(path, "/../") == NULL || strstr(path, "/../") > strchr(path, '?'));
        query = path + strcspn(path, "?");
        must(strncmp(query, "?key=", 5) != 0 && !strstr(query, "&key=") && !strstr(query, ";key="));
}

static void try_answer(const char *bytes, size_t len)
{
        struct mask *mask = mask_new(&config);
        struct answer answer = {0};
        enum answer_state state = ANSWER_MORE;

        while (len && state == ANSWER_MORE) {
                const char *end = memchr(bytes, '\n', len);
                size_t line = end ? (size_t)(end - bytes) + 1 : len;

                state = answer_line(&answer, bytes, line);
                bytes += line;
                len -= line;
        }
        if (state == ANSWER_HEAD && !answer_refused(&answer)) {
                _cleanup_str_ struct str out = {0};

                answer_head(&answer, mask, &(struct answer_client){0}, &out);
                must(!strncmp(out.data, "HTTP/1.1 ", 9) && !strstr(out.data, SECRET));
                must(strstr(out.data, "\r\n\r\n") == out.data + out.len - 4);
        }
        answer_release(&answer);
        mask_free(mask);
}

static void try_mask(const char *bytes, size_t len)
{
        struct mask *mask = mask_new(&config);
        struct mask_stream stream = {0}, cut = {0};
        _cleanup_str_ struct str a = {0}, b = {0};
        _cleanup_free_ char *text = xmemdup(bytes, len);

        mask_feed(mask, &stream, bytes, len, &a);
        mask_end(&stream, &a);
        for (size_t i = 0; i < len; i++)
                mask_feed(mask, &cut, bytes + i, 1, &b);
        mask_end(&cut, &b);
        mask_text(mask, text, len);
        must(a.len == len && b.len == len && !memcmp(str_text(&a), str_text(&b), len) &&
             !memcmp(str_text(&a), text, len));
        must(!memmem(text, len, SECRET, strlen(SECRET)));
        mask_stream_release(&stream);
        mask_stream_release(&cut);
        mask_free(mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const tries[])(const char *bytes, size_t len) = {try_request, try_target, try_answer, try_mask};

        return must_try(tries, sizeof(tries) / sizeof(tries[0]), data, size);
}
