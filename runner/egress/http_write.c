/* SPDX-License-Identifier: Apache-2.0 */
/* Heads written anew from their parts, and the target of a request to a proxy. */
#include "runner/egress/http.h"

#include <string.h>
#include <strings.h>

int http_target_parse(const char *target, struct host *ret_host, uint16_t *ret_port, const char **ret_path,
                      struct err *err)
{
        const char *authority = target + strlen("http://");
        size_t len;

        if (!strncasecmp(target, "https://", 8))
                return err_set(err, ERR_INPUT, "https goes through CONNECT, so that this proxy cannot read it");
        if (strncasecmp(target, "http://", 7) != 0)
                return err_set(err, ERR_INPUT, "this is a proxy: it expects CONNECT host:port, or http://host/path");
        for (const char *at = target; *at; at++)
                if (*at <= 0x20 || *at > 0x7e || *at == '#')
                        return err_set(err, ERR_INPUT, "a character in the URL that must be written as %%XX");
        len = strcspn(authority, "/?");
        if (authority_parse(authority, len, 80, ret_host, ret_port, err) < 0)
                return -1;
        *ret_path = authority + len;
        return 0;
}

void http_put_authority(struct str *out, const struct host *host, uint16_t port)
{
        bool v6 = host->is_address && host->address.is_v6;

        str_printf(out, v6 ? "[%s]" : "%s", host->text);
        if (port != 80)
                str_printf(out, ":%u", port);
}

static void put_fields(struct str *out, const struct http_head *head, const char *const *ours)
{
        for (size_t i = 0; i < head->names.len; i++) {
                const char *name = head->names.items[i];
                bool skip = http_is_hop(head, name);

                for (size_t k = 0; ours[k]; k++)
                        skip = skip || !strcasecmp(name, ours[k]);
                if (!skip)
                        str_printf(out, "%s: %s\r\n", name, head->values.items[i]);
        }
}

void http_put_request(struct str *out, const struct http_head *head, const char *path, const char *authority)
{
        static const char *const ours[] = {"Host", "Content-Length", NULL};

        str_printf(out, "%s %s%s HTTP/1.1\r\nHost: %s\r\n", head->method, *path == '/' ? "" : "/", path, authority);
        put_fields(out, head, ours);
        if (head->body == HTTP_BODY_CHUNKED)
                str_puts(out, "Transfer-Encoding: chunked\r\n");
        else if (http_field(head, "Content-Length"))
                str_printf(out, "Content-Length: %llu\r\n", (unsigned long long)head->length);
        str_puts(out, "Connection: close\r\n\r\n");
}

/* What follows a response to HEAD, or a 304, has a length that is told and no bytes; an interim answer and a 204 have neither. */
static bool tells_length(const struct http_head *head)
{
        return head->body != HTTP_BODY_CHUNKED && head->status >= 200 && head->status != 204 &&
               http_field(head, "Content-Length");
}

void http_put_response(struct str *out, const struct http_head *head, int minor, bool keep)
{
        static const char *const ours[] = {"Content-Length", NULL};

        str_printf(out, "HTTP/1.1 %d %s\r\n", head->status, head->reason);
        put_fields(out, head, ours);
        if (head->body == HTTP_BODY_CHUNKED && minor == 1)
                str_puts(out, "Transfer-Encoding: chunked\r\n");
        else if (tells_length(head))
                str_printf(out, "Content-Length: %llu\r\n", (unsigned long long)head->length);
        if (head->status >= 200)
                str_printf(out, "Connection: %s\r\n", keep ? "keep-alive" : "close");
        str_puts(out, "\r\n");
}
