/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads. Two looks at the same bytes: ours at their form, strictly, then http_parser at their meaning. It is built without
 * its strict mode in most distributions: spaces in names, folded lines and lone LF pass it, and these are what request
 * smuggling is made of.
 */
#include "runner/egress/http.h"

#include "runner/egress/limits.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_head_release(struct http_head *head)
{
        free(head->target);
        free(head->reason);
        strv_release(&head->names);
        strv_release(&head->values);
        *head = (struct http_head){0};
}

const char *http_field(const struct http_head *head, const char *name)
{
        for (size_t i = 0; i < head->names.len; i++)
                if (!strcasecmp(head->names.items[i], name))
                        return head->values.items[i];
        return NULL;
}

/* ---- form ---- */

static bool is_token_char(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* `line` without its CR LF. */
static int check_line(const char *line, size_t len, bool first, struct err *err)
{
        const char *colon = memchr(line, ':', len);

        for (size_t i = 0; i < len; i++)
                if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
                        return err_set(err, ERR_INPUT, "a control character in the head (byte %d)", line[i]);
        if (first)
                return 0;
        if (line[0] == ' ' || line[0] == '\t')
                return err_set(err, ERR_INPUT, "a folded header line");
        if (!colon || colon == line)
                return err_set(err, ERR_INPUT, "a header line without a name");
        for (const char *at = line; at < colon; at++)
                if (!is_token_char(*at))
                        return err_set(err, ERR_INPUT, "a header name with a character that no name has");
        return 0;
}

int http_head_scan(const char *bytes, size_t len, size_t *ret_len, struct err *err)
{
        size_t lines = 0;

        for (size_t at = 0; at < len;) {
                const char *newline = memchr(bytes + at, '\n', len - at);
                size_t end = newline ? (size_t)(newline - bytes) : len;

                if (at > HEAD_MAX || end > HEAD_MAX || lines > HEADERS_MAX)
                        return err_set(err, ERR_INPUT, "a head of more than %d bytes or %d lines", HEAD_MAX,
                                       HEADERS_MAX);
                if (!newline)
                        return 0;
                if (end == at || bytes[end - 1] != '\r')
                        return err_set(err, ERR_INPUT, "a line that does not end in CR LF");
                if (end == at + 1 && lines) {
                        *ret_len = end + 1;
                        return 1;
                }
                if (check_line(bytes + at, end - 1 - at, !lines, err) < 0)
                        return -1;
                lines++;
                at = end + 1;
        }
        return 0;
}

/* ---- meaning ---- */

struct reading {
        struct http_head *head;
        struct str url, reason, name, value;
        bool in_value;
};

static void end_field(struct reading *reading)
{
        if (!reading->in_value)
                return;
        strv_add(&reading->head->names, str_text(&reading->name));
        strv_add(&reading->head->values, str_text(&reading->value));
        str_clear(&reading->name);
        str_clear(&reading->value);
        reading->in_value = false;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
        str_append(&((struct reading *)parser->data)->url, at, len);
        return 0;
}

static int on_status(http_parser *parser, const char *at, size_t len)
{
        str_append(&((struct reading *)parser->data)->reason, at, len);
        return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
        struct reading *reading = parser->data;

        end_field(reading);
        str_append(&reading->name, at, len);
        return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
        struct reading *reading = parser->data;

        reading->in_value = true;
        str_append(&reading->value, at, len);
        return 0;
}

/* Framing is decided by read_framing(): the parser shall not wait for a body. */
static int on_head(http_parser *parser)
{
        end_field(parser->data);
        http_parser_pause(parser, 1);
        return 0;
}

static const http_parser_settings settings = {
        .on_url = on_url,
        .on_status = on_status,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_head,
};

static int read_head(const char *bytes, size_t len, enum http_parser_type type, http_parser *parser,
                     struct reading *reading, struct err *err)
{
        http_parser_init(parser, type);
        parser->data = reading;
        http_parser_execute(parser, &settings, bytes, len);
        if (HTTP_PARSER_ERRNO(parser) == HPE_OK)
                return err_set(err, ERR_INPUT, "no head of HTTP");
        if (HTTP_PARSER_ERRNO(parser) != HPE_PAUSED)
                return err_set(err, ERR_INPUT, "%s", http_errno_description(HTTP_PARSER_ERRNO(parser)));
        if (parser->http_major != 1)
                return err_set(err, ERR_INPUT, "HTTP/%d.%d; expected HTTP/1.1", parser->http_major, parser->http_minor);
        return 0;
}

static size_t count(const struct http_head *head, const char *name)
{
        size_t found = 0;

        for (size_t i = 0; i < head->names.len; i++)
                found += !strcasecmp(head->names.items[i], name);
        return found;
}

static int read_length(const char *text, uint64_t *ret_length, struct err *err)
{
        size_t len = strlen(text);

        if (!len || len > 18 || strspn(text, "0123456789") != len)
                return err_set(err, ERR_INPUT, "Content-Length is no plain number");
        *ret_length = strtoull(text, NULL, 10);
        return 0;
}

/* RFC 9112 6.3, with everything refused on which two readers might differ. */
static int read_framing(struct http_head *head, enum http_body otherwise, struct err *err)
{
        const char *coding = http_field(head, "Transfer-Encoding"), *length = http_field(head, "Content-Length");

        if (count(head, "Content-Length") > 1 || count(head, "Transfer-Encoding") > 1)
                return err_set(err, ERR_INPUT, "Content-Length or Transfer-Encoding twice");
        if (coding && length)
                return err_set(err, ERR_INPUT, "Content-Length beside Transfer-Encoding");
        if (coding && (strcasecmp(coding, "chunked") != 0 || head->minor == 0))
                return err_set(err, ERR_INPUT, "a Transfer-Encoding other than \"chunked\"");
        head->body = coding ? HTTP_BODY_CHUNKED : length ? HTTP_BODY_LENGTH : otherwise;
        if (length && read_length(length, &head->length, err) < 0)
                return -1;
        if (head->body == HTTP_BODY_LENGTH && !head->length)
                head->body = HTTP_BODY_NONE;
        return 0;
}

/* Whether a comma-separated list has the word. */
static bool list_has(const char *list, const char *word)
{
        size_t len = strlen(word);

        for (const char *at = list; *at;) {
                size_t part;

                at += strspn(at, ", \t");
                part = strcspn(at, ", \t");
                if (part == len && !strncasecmp(at, word, len))
                        return true;
                at += part;
        }
        return false;
}

static bool connection_has(const struct http_head *head, const char *word)
{
        for (size_t i = 0; i < head->names.len; i++)
                if ((!strcasecmp(head->names.items[i], "Connection") ||
                     !strcasecmp(head->names.items[i], "Proxy-Connection")) &&
                    list_has(head->values.items[i], word))
                        return true;
        return false;
}

bool http_is_hop(const struct http_head *head, const char *name)
{
        static const char *const hops[] = {"Connection",     "Keep-Alive",        "TE", "Trailer", "Upgrade",
                                           "HTTP2-Settings", "Transfer-Encoding", NULL};

        for (size_t i = 0; hops[i]; i++)
                if (!strcasecmp(name, hops[i]))
                        return true;
        return !strncasecmp(name, "Proxy-", 6) || connection_has(head, name);
}

static void release_reading(struct reading *reading)
{
        str_release(&reading->url);
        str_release(&reading->reason);
        str_release(&reading->name);
        str_release(&reading->value);
}

int http_request_parse(const char *bytes, size_t len, struct http_head *ret_head, struct err *err)
{
        __attribute__((cleanup(release_reading))) struct reading reading = {.head = ret_head};
        http_parser parser;

        http_head_release(ret_head);
        if (read_head(bytes, len, HTTP_REQUEST, &parser, &reading, err) < 0)
                return -1;
        snprintf(ret_head->method, sizeof(ret_head->method), "%s", http_method_str(parser.method));
        ret_head->target = str_steal(&reading.url);
        ret_head->minor = parser.http_minor;
        ret_head->keep = parser.http_minor == 1 && !connection_has(ret_head, "close");
        if (count(ret_head, "Host") > 1)
                return err_set(err, ERR_INPUT, "several Host fields");
        return read_framing(ret_head, HTTP_BODY_NONE, err);
}

int http_response_parse(const char *bytes, size_t len, bool to_head_request, struct http_head *ret_head,
                        struct err *err)
{
        __attribute__((cleanup(release_reading))) struct reading reading = {.head = ret_head};
        http_parser parser;

        http_head_release(ret_head);
        if (read_head(bytes, len, HTTP_RESPONSE, &parser, &reading, err) < 0)
                return -1;
        ret_head->status = parser.status_code;
        ret_head->reason = str_steal(&reading.reason);
        ret_head->minor = parser.http_minor;
        ret_head->keep = parser.http_minor == 1 && !connection_has(ret_head, "close");
        if (ret_head->status < 100 || ret_head->status > 999)
                return err_set(err, ERR_INPUT, "status %d", ret_head->status);
        if (read_framing(ret_head, HTTP_BODY_EOF, err) < 0)
                return -1;
        if (to_head_request || ret_head->status < 200 || ret_head->status == 204 || ret_head->status == 304)
                ret_head->body = HTTP_BODY_NONE;
        return 0;
}
