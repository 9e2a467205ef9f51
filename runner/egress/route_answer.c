/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/route_answer.h"

#include "runner/egress/limits.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static const struct {
        int status;
        const char *reason;
} own_reasons[] = {
        {400, "Bad Request"},     {403, "Forbidden"},
        {408, "Request Timeout"}, {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"}, {502, "Bad Gateway"},
        {504, "Gateway Timeout"},
};

static const int redirects[] = {301, 302, 303, 307, 308};

/* ---- the upstream's head ---- */

/* "HTTP/1.1 200 OK" begins a head, the one after an interim answer too. */
static enum answer_state take_status(struct answer *answer, const char *line, size_t len)
{
        const char *space = memchr(line, ' ', len);
        size_t at = space ? (size_t)(space - line) + 1 : len;

        if (at + 3 > len || strspn(line + at, "0123456789") < 3)
                return ANSWER_BAD;
        answer->status = (line[at] - '0') * 100 + (line[at + 1] - '0') * 10 + (line[at + 2] - '0');
        str_clear(&answer->reason);
        at += len > at + 3 ? 4 : 3;
        str_append(&answer->reason, line + at, len - at);
        return answer->status >= 100 && header_value_ok(str_text(&answer->reason)) ? ANSWER_MORE : ANSWER_BAD;
}

/* It goes on to the client as it came: one number, and one only. */
static bool length_ok(const struct answer *answer, const struct header_line *line)
{
        const char *first;

        if (strcasecmp(line->name, "content-length") != 0)
                return true;
        first = header_list_get(&answer->headers, "content-length");
        return *line->value && strlen(line->value) < 19 && !line->value[strspn(line->value, "0123456789")] &&
               !strcmp(first, line->value);
}

static enum answer_state take_header(struct answer *answer, const char *line, size_t len)
{
        const char *colon = memchr(line, ':', len);
        size_t name = colon ? (size_t)(colon - line) : 0, value = name + 1;
        const struct header_line *added;

        if (!name || answer->headers.len == HEADERS_MAX)
                return ANSWER_BAD;
        while (value < len && (line[value] == ' ' || line[value] == '\t'))
                value++;
        header_list_add(&answer->headers, line, name, line + value, len - value);
        added = &answer->headers.items[answer->headers.len - 1];
        return header_name_ok(added->name) && header_value_ok(added->value) && length_ok(answer, added) ? ANSWER_MORE
                                                                                                        : ANSWER_BAD;
}

static enum answer_state end_head(struct answer *answer)
{
        bool interim = answer->status < 200 && answer->status != 101;

        if (!answer->status)
                return ANSWER_BAD;
        if (interim) {
                header_list_release(&answer->headers);
                answer->status = 0;
                return ANSWER_MORE;
        }
        answer->complete = true;
        return ANSWER_HEAD;
}

enum answer_state answer_line(struct answer *answer, const char *line, size_t len)
{
        answer->bytes += len;
        if (answer->bytes > HEAD_MAX || memchr(line, '\0', len))
                return ANSWER_BAD;
        while (len && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' '))
                len--;
        if (!len)
                return end_head(answer);
        if (!answer->status)
                return take_status(answer, line, len);
        return take_header(answer, line, len);
}

const char *answer_refused(const struct answer *answer)
{
        if (answer->status == 101)
                return "the upstream wants to switch to another protocol";
        for (size_t i = 0; i < sizeof(redirects) / sizeof(*redirects); i++)
                if (answer->status == redirects[i])
                        return "the upstream redirects; a route leads to its own upstream alone";
        for (size_t i = 0; i < answer->headers.len; i++)
                if (!strcasecmp(answer->headers.items[i].name, "content-encoding") &&
                    strcasecmp(answer->headers.items[i].value, "identity") != 0 && *answer->headers.items[i].value)
                        return "the upstream's answer is compressed, although that was not asked for";
        return NULL;
}

/* ---- the client's head ---- */

static void choose_framing(struct answer *answer, const struct answer_client *client)
{
        if (client->head || answer->status == 204 || answer->status == 304)
                answer->framing = FRAME_NOTHING;
        else if (header_list_get(&answer->headers, "content-length") &&
                 !header_list_get(&answer->headers, "transfer-encoding"))
                answer->framing = FRAME_LENGTH;
        else
                answer->framing = client->http_1_0 ? FRAME_CLOSE : FRAME_CHUNKED;
}

static void put_framing(const struct answer *answer, const struct answer_client *client, struct str *out)
{
        const char *length = header_list_get(&answer->headers, "content-length");

        if (answer->framing == FRAME_CHUNKED)
                str_puts(out, "Transfer-Encoding: chunked\r\n");
        else if (length && answer->status != 204 && answer->framing != FRAME_CLOSE)
                str_printf(out, "Content-Length: %s\r\n", length);
        str_puts(out, client->close || answer->framing == FRAME_CLOSE ? "Connection: close\r\n\r\n"
                                                                      : "Connection: keep-alive\r\n\r\n");
}

void answer_head(struct answer *answer, const struct mask *mask, const struct answer_client *client, struct str *out)
{
        const char *connection = header_list_get(&answer->headers, "connection");
        _cleanup_str_ struct str head = {0};

        choose_framing(answer, client);
        str_printf(&head, "HTTP/1.1 %d %s\r\n", answer->status, str_text(&answer->reason));
        for (size_t i = 0; i < answer->headers.len; i++)
                if (header_passes_back(answer->headers.items[i].name, connection))
                        str_printf(&head, "%s: %s\r\n", answer->headers.items[i].name, answer->headers.items[i].value);
        mask_text(mask, head.data, head.len);
        str_append(out, head.data, head.len);
        put_framing(answer, client, out);
}

/* ---- the body ---- */

void answer_body(const struct answer *answer, const char *bytes, size_t len, struct str *out)
{
        if (!len || answer->framing == FRAME_NOTHING)
                return;
        if (answer->framing == FRAME_CHUNKED)
                str_printf(out, "%zx\r\n", len);
        str_append(out, bytes, len);
        if (answer->framing == FRAME_CHUNKED)
                str_puts(out, "\r\n");
}

void answer_end(const struct answer *answer, struct str *out)
{
        if (answer->framing == FRAME_CHUNKED)
                str_puts(out, "0\r\n\r\n");
}

/* Seconds or a date (RFC 9110 10.2.3): nothing else of an upstream's head is worth telling, or safe to. */
static const char *retry_after(const struct answer *answer)
{
        const char *value = header_list_get(&answer->headers, "retry-after");
        size_t digits = value ? strspn(value, "0123456789") : 0;
        struct tm date = {0};
        const char *end;

        if (!value)
                return NULL;
        if (digits && digits < 10 && !value[digits])
                return value;
        end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &date);
        return end && !*end ? value : NULL;
}

void answer_tell(const struct answer *answer, const char *route, const char *error, struct sink *sink)
{
        sink_answer(sink, &(struct upstream_answer){.route = route,
                                                    .status = error ? 0 : answer->status,
                                                    .retry_after = error ? NULL : retry_after(answer),
                                                    .error = error});
}

void answer_release(struct answer *answer)
{
        str_release(&answer->reason);
        header_list_release(&answer->headers);
        *answer = (struct answer){0};
}

static const char *own_reason(int status)
{
        for (size_t i = 0; i < sizeof(own_reasons) / sizeof(*own_reasons); i++)
                if (own_reasons[i].status == status)
                        return own_reasons[i].reason;
        return "Error";
}

void answer_own(int status, const char *text, bool head, struct str *out)
{
        str_printf(out,
                   "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
                   "Connection: close\r\n\r\n",
                   status, own_reason(status), strlen(text) + strlen("cupel: \n"));
        if (!head)
                str_printf(out, "cupel: %s\n", text);
}
