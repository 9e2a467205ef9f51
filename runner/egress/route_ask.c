/* SPDX-License-Identifier: Apache-2.0 */
/* From a request that a route lets through to libcurl's: the route's own headers, what is left of the client's, the body as it comes. */
#include "runner/egress/route_exchange.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static void add_line(struct exchange *exchange, const char *line)
{
        struct curl_slist *longer = curl_slist_append(exchange->lines, line);

        if (!longer)
                abort();
        exchange->lines = longer;
        exchange->bytes_out += strlen(line) + 2;
}

static void set_headers(struct exchange *exchange, const struct request *request)
{
        _cleanup_strv_ struct strv lines = {0};

        header_filter_request(request_headers(request), exchange->route, &lines);
        for (size_t i = 0; i < lines.len; i++)
                add_line(exchange, lines.items[i]);
        header_lines_release(&lines);
        if (!header_list_get(request_headers(request), "accept"))
                curl_slist_append(exchange->lines, "Accept:"); /* curl would add its own */
        curl_slist_append(exchange->lines, "Expect:");
        if (request_length(request) == REQUEST_LENGTH_UNKNOWN)
                curl_slist_append(exchange->lines, "Transfer-Encoding: chunked");
        curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->lines);
}

static void set_method(struct exchange *exchange, const struct request *request)
{
        static const char *const bodiless[] = {"GET", "HEAD", "OPTIONS", "DELETE"};
        bool body = request_length(request) != 0;

        for (size_t i = 0; i < sizeof(bodiless) / sizeof(*bodiless); i++)
                if (!body && !strcmp(exchange->method, bodiless[i])) {
                        curl_easy_setopt(exchange->easy, exchange->asked.head ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1L);
                        curl_easy_setopt(exchange->easy, CURLOPT_CUSTOMREQUEST, exchange->method);
                        return;
                }
        curl_easy_setopt(exchange->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(exchange->easy, CURLOPT_CUSTOMREQUEST, exchange->method);
        curl_easy_setopt(exchange->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request_length(request));
}

void exchange_ask(struct exchange *exchange, const struct request *request)
{
        set_method(exchange, request);
        set_headers(exchange, request);
}
