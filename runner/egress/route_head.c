/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/route_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const char *const hop_by_hop[] = {
        "connection", "keep-alive",        "proxy-connection", "te", "trailer", "trailers",
        "upgrade",    "transfer-encoding", "http2-settings",
};

static const char *const made_anew[] = {"host", "content-length", "accept-encoding", "expect"};

static const char *const misleading[] = {
        "forwarded",         "via",           "x-real-ip",      "x-original-url", "x-rewrite-url",
        "x-original-method", "x-http-method", "x-original-uri", "destination",    "x-http-method-override",
        "x-method-override", "origin",        "referer",        "range",          "if-range",
        "x-goog-fieldmask",
};

/* anywhere in the name */
static const char *const authenticating[] = {
        "auth",
        "token",
        "cookie",
        "secret",
        "credential",
        "password",
        "passwd",
        "api-key",
        "apikey",
        "subscription-key",
        "x-amz-",
        "x-forwarded-",
        /* whose account pays: a wrong one is answered as if the key were */
        "-organization",
        "-project",
        "-workspace",
};

static const char *const not_back[] = {
        "set-cookie", "set-cookie2", "alt-svc",         "strict-transport-security",
        "refresh",    "location",    "clear-site-data", "content-length",
};

/* ---- lists ---- */

void header_list_add(struct header_list *list, const char *name, size_t name_len, const char *value, size_t value_len)
{
        if (list->len == list->cap) {
                list->cap = list->cap ? list->cap * 2 : 16;
                list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
        }
        list->items[list->len++] =
                (struct header_line){.name = xmemdup(name, name_len), .value = xmemdup(value, value_len)};
}

void header_list_release(struct header_list *list)
{
        for (size_t i = 0; i < list->len; i++) {
                free(list->items[i].name);
                free(list->items[i].value);
        }
        free(list->items);
        *list = (struct header_list){0};
}

const char *header_list_get(const struct header_list *list, const char *name)
{
        for (size_t i = 0; i < list->len; i++)
                if (!strcasecmp(list->items[i].name, name))
                        return list->items[i].value;
        return NULL;
}

bool header_name_ok(const char *name)
{
        static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        return *name && !name[strspn(name, token)];
}

bool header_value_ok(const char *value)
{
        for (; *value; value++)
                if (((unsigned char)*value < ' ' && *value != '\t') || *value == 127)
                        return false;
        return true;
}

/* ---- names ---- */

static void canonical(const char *name, char *out, size_t size)
{
        size_t n = 0;

        for (; *name && n < size - 1; name++)
                out[n++] = (char)(*name == '_' ? '-' : *name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
        out[n] = '\0';
}

bool header_name_is(const char *a, const char *b)
{
        char left[128], right[128];

        canonical(a, left, sizeof(left));
        canonical(b, right, sizeof(right));
        return !strcmp(left, right);
}

static bool is_one_of(const char *name, const char *const *table, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (header_name_is(name, table[i]))
                        return true;
        return false;
}

static bool contains_one_of(const char *name, const char *const *table, size_t len)
{
        char text[128];

        canonical(name, text, sizeof(text));
        for (size_t i = 0; i < len; i++)
                if (strstr(text, table[i]))
                        return true;
        return strlen(name) >= sizeof(text); /* too long to judge */
}

/* Connection: close, x-one-hop */
static bool connection_names(const char *connection, const char *name)
{
        while (connection && *connection) {
                size_t len = strcspn(connection, ", \t");

                if (len == strlen(name) && !strncasecmp(connection, name, len))
                        return true;
                connection += len;
                connection += strspn(connection, ", \t");
        }
        return false;
}

bool header_is_ours(const char *name)
{
        return is_one_of(name, hop_by_hop, COUNT(hop_by_hop)) || is_one_of(name, made_anew, COUNT(made_anew));
}

/* ---- filters ---- */

static bool route_sets(const struct egress_route *route, const char *name)
{
        for (size_t i = 0; i < route->headers_len; i++)
                if (header_name_is(route->headers[i].name, name))
                        return true;
        return false;
}

static bool passes_on(const struct header_line *line, const struct egress_route *route)
{
        return !header_is_ours(line->name) && !is_one_of(line->name, misleading, COUNT(misleading)) &&
               !contains_one_of(line->name, authenticating, COUNT(authenticating)) && !route_sets(route, line->name);
}

static bool named_by_connection(const struct header_list *client, const char *name)
{
        for (size_t i = 0; i < client->len; i++)
                if (!strcasecmp(client->items[i].name, "connection") && connection_names(client->items[i].value, name))
                        return true;
        return false;
}

void header_filter_request(const struct header_list *client, const struct egress_route *route, struct strv *ret_lines)
{
        for (size_t i = 0; i < client->len; i++)
                if (passes_on(&client->items[i], route) && !named_by_connection(client, client->items[i].name))
                        strv_add_printf(ret_lines, "%s: %s", client->items[i].name, client->items[i].value);
        strv_add(ret_lines, "Accept-Encoding: identity"); /* what is compressed cannot be masked */
        for (size_t i = 0; i < route->headers_len; i++)
                strv_add_printf(ret_lines, "%s: %s", route->headers[i].name, route->headers[i].value);
}

void header_lines_release(struct strv *lines)
{
        for (size_t i = 0; i < lines->len; i++)
                explicit_bzero(lines->items[i], strlen(lines->items[i]));
        strv_release(lines);
}

bool header_passes_back(const char *name, const char *connection)
{
        return !is_one_of(name, hop_by_hop, COUNT(hop_by_hop)) && !is_one_of(name, not_back, COUNT(not_back)) &&
               strncasecmp(name, "proxy-", 6) != 0 && !connection_names(connection, name);
}
