/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/route_rules.h"

#include "runner/egress/meter.h"
#include "runner/egress/route_head.h"

#include <http_parser.h>
#include <string.h>
#include <strings.h>

/* ---- the configuration ---- */

static int parse_url(const char *url, struct http_parser_url *ret)
{
        size_t len = strlen(url);

        http_parser_url_init(ret);
        if (len > 2048 || http_parser_parse_url(url, len, 0, ret))
                return -1;
        return 0;
}

static bool has(const struct http_parser_url *parts, enum http_parser_url_fields field)
{
        return parts->field_set & (1u << field);
}

static int check_upstream(const char *url, struct err *err)
{
        struct http_parser_url parts;
        bool scheme = !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7);

        for (const char *at = url; *at; at++)
                if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 127)
                        scheme = false;
        if (!scheme || parse_url(url, &parts) < 0 || !has(&parts, UF_HOST) || parts.field_data[UF_HOST].len > 255)
                return err_set(err, ERR_INPUT, "upstream: expected https://host[:port][/path]");
        if (has(&parts, UF_USERINFO) || has(&parts, UF_QUERY) || has(&parts, UF_FRAGMENT) || strpbrk(url, "?#@"))
                return err_set(err, ERR_INPUT,
                               "upstream: a URL without user, query and fragment; put credentials "
                               "into \"header\"");
        return 0;
}

static int check_rule(const char *rule, struct err *err)
{
        size_t method = strspn(rule, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (!method || rule[method] != ' ' || rule[method + 1] != '/' || strpbrk(rule + method + 1, " \t\r\n#"))
                return err_set(err, ERR_INPUT, "allow: \"%.64s\": expected \"METHOD /path\", as \"POST /v1/messages*\"",
                               rule);
        return 0;
}

static int check_header(const struct egress_header *header, struct err *err)
{
        if (!header_name_ok(header->name) || header_is_ours(header->name))
                return err_set(err, ERR_INPUT, "header: \"%.64s\" is no header that a route can set", header->name);
        if (!*header->value || !header_value_ok(header->value))
                return err_set(err, ERR_INPUT, "header %.64s: its value is empty or has control characters",
                               header->name);
        return 0;
}

int route_check(const struct egress_route *route, struct err *err)
{
        if (check_upstream(route->upstream, err) < 0)
                return -1;
        for (size_t i = 0; i < route->allow.len; i++)
                if (check_rule(route->allow.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < route->headers_len; i++)
                if (check_header(&route->headers[i], err) < 0)
                        return -1;
        return 0;
}

void route_upstream(const char *url, struct route_upstream *ret)
{
        struct http_parser_url parts;

        *ret = (struct route_upstream){0};
        if (parse_url(url, &parts) < 0)
                return;
        snprintf(ret->host, sizeof(ret->host), "%.*s", (int)parts.field_data[UF_HOST].len,
                 url + parts.field_data[UF_HOST].off);
        ret->port = parts.port ? parts.port : !strncmp(url, "https", 5) ? 443 : 80;
}

/* ---- one request ---- */

static int hex_digit(char c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* The byte that %XX stands for, or -1. */
static int percent_byte(const char *at)
{
        int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);

        return low < 0 ? -1 : high * 16 + low;
}

static const char *judge_segment(const char *segment, size_t len)
{
        const char *parameters = memchr(segment, ';', len);

        if (!len)
                return "the path has an empty segment (\"//\")";
        if (parameters)
                len = (size_t)(parameters - segment);
        if ((len == 1 && segment[0] == '.') || (len == 2 && segment[0] == '.' && segment[1] == '.'))
                return "the path has a \".\" or \"..\" segment";
        return NULL;
}

static const char *judge_path(const char *path, size_t len)
{
        const char *why = NULL;

        for (size_t i = 0; i < len; i++) {
                int byte = path[i] == '%' ? percent_byte(path + i) : -1;

                if (path[i] == '\\')
                        return "the path has a backslash";
                if (path[i] == '%' && (byte < ' ' || byte == 127 || strchr("%./\\;", byte)))
                        return "the path has a percent-encoding that it must not have (of '%', '.', '/', '\\', ';' or "
                               "a "
                               "control character, or a broken one)";
        }
        for (const char *at = path + 1, *end = path + len; !why && at < end;) {
                const char *slash = memchr(at, '/', (size_t)(end - at));

                why = judge_segment(at, (size_t)((slash ? slash : end) - at));
                at = slash ? slash + 1 : end;
        }
        return why;
}

static const char *judge_target(const char *target)
{
        if (target[0] != '/')
                return "the target is not of the form /path?query";
        for (const char *at = target; *at; at++)
                if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 127)
                        return "the target has bytes other than visible ASCII";
        if (strchr(target, '#'))
                return "the target has a fragment";
        return judge_path(target, strcspn(target, "?"));
}

/* Linear in the usual case: on a mismatch only the last star takes one byte more. */
static bool glob(const char *pattern, size_t pattern_len, const char *text, size_t len)
{
        size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;

        while (t < len) {
                if (p < pattern_len && pattern[p] == '*') {
                        star = ++p;
                        star_text = t;
                } else if (p < pattern_len && pattern[p] == text[t]) {
                        p++;
                        t++;
                } else if (star != SIZE_MAX) {
                        p = star;
                        t = ++star_text;
                } else {
                        return false;
                }
        }
        while (p < pattern_len && pattern[p] == '*')
                p++;
        return p == pattern_len;
}

static bool rule_matches(const char *rule, const char *method, const char *target)
{
        size_t word = strcspn(rule, " ");
        const char *pattern = rule + word + 1;

        if (strlen(method) != word || strncmp(rule, method, word) != 0)
                return false;
        return glob(pattern, strlen(pattern), target, strchr(pattern, '?') ? strlen(target) : strcspn(target, "?"));
}

const char *route_judge(const struct strv *allow, const char *method, const char *target)
{
        const char *why = judge_target(target);

        for (size_t i = 0; !why && i < allow->len; i++)
                if (rule_matches(allow->items[i], method, target))
                        return NULL;
        return why ? why : "the route's allow list does not name this method and path";
}

/* "application/json", alone or with charset=utf-8. */
static bool is_plain_json(const char *type)
{
        static const char json[] = "application/json";

        if (strncasecmp(type, json, sizeof(json) - 1) != 0)
                return false;
        type += sizeof(json) - 1;
        type += strspn(type, "; \t");
        return !*type || !strcasecmp(type, "charset=utf-8") || !strcasecmp(type, "charset=\"utf-8\"");
}

/* A body that is compressed, or in another form or alphabet, would have to be taken apart to see what it asks for. */
static const char *judge_form(const struct header_list *headers)
{
        for (size_t i = 0; i < headers->len; i++) {
                const char *name = headers->items[i].name, *value = headers->items[i].value;

                if (header_name_is(name, "content-encoding") && *value && strcasecmp(value, "identity") != 0)
                        return "the request's body is compressed, which a metered route cannot read; send it as it is";
                if (header_name_is(name, "content-type") && *value && !is_plain_json(value))
                        return "the request's body is said to be something else than JSON in UTF-8, which is all that "
                               "a "
                               "metered route can read (Content-Type: application/json)";
        }
        return NULL;
}

/* The parameter with its percent-encodings taken, cut to the buffer. */
static size_t decode(const char *parameter, size_t len, char *ret, size_t size)
{
        size_t n = 0;

        for (size_t i = 0; i < len && n < size - 1; i++) {
                int byte = parameter[i] == '%' && i + 2 < len ? percent_byte(parameter + i) : -1;

                ret[n++] = (char)(byte < 0 ? parameter[i] : byte);
                i += byte < 0 ? 0 : 2;
        }
        ret[n] = '\0';
        return n;
}

static bool word_is(const char *at, size_t len, const char *word)
{
        return strlen(word) == len && !strncasecmp(at, word, len);
}

/* Google's system parameters: an answer in another form, or with its counts left out; a body or headers in the URL. */
static bool hides_cost(const char *parameter, size_t len)
{
        char text[64];
        size_t name, n = decode(parameter, len, text, sizeof(text));

        name = strcspn(text, "=");
        if (text[0] == '$' || word_is(text, name, "fields") || word_is(text, name, "callback"))
                return true;
        return word_is(text, name, "alt") && !word_is(text + name, n - name, "=sse") &&
               !word_is(text + name, n - name, "=json");
}

static const char *judge_query(const char *target)
{
        for (const char *at = target + strcspn(target, "?"); *at;) {
                size_t len = strcspn(++at, "&;?");

                if (hides_cost(at, len))
                        return "the query has the answer come in another form, or without what it cost, which a "
                               "metered "
                               "route cannot read (alt, fields, callback, $…)";
                at += len;
        }
        return NULL;
}

const char *route_judge_request(const struct egress_route *route, const struct request *request)
{
        const char *method = request_method(request), *target = request_target(request);
        const char *why = route_judge(&route->allow, method, target);
        enum meter_format format;

        if (why || !strcmp(route->meter, "none"))
                return why;
        if (meter_judge(route->meter, method, target, &format) == METER_REFUSED)
                return "the route is metered, and what this costs is not in its answer; what can be asked for stands "
                       "in "
                       "docs/policy.md";
        why = judge_query(target);
        return why ? why : judge_form(request_headers(request));
}

bool route_counts(const struct egress_route *route, const struct request *request)
{
        enum meter_format format;

        return meter_judge(route->meter, request_method(request), request_target(request), &format) == METER_COUNTED;
}

/* ---- the URL ---- */

static const char *const credential_parameters[] = {
        "key",
        "api_key",
        "api-key",
        "apikey",
        "access_token",
        "access-token",
        "oauth_token",
        "authorization",
        "auth",
        "auth_token",
        "token",
        "id_token",
        "client_secret",
        "subscription-key",
        "signature",
        "x-api-key",
        "x-goog-api-key",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "_method", /* no credential, but it would change what the list was asked about */
};

static bool is_credential(const char *parameter, size_t len)
{
        const char *value = memchr(parameter, '=', len);
        char name[64];

        decode(parameter, value ? (size_t)(value - parameter) : len, name, sizeof(name));
        for (size_t i = 0; i < sizeof(credential_parameters) / sizeof(*credential_parameters); i++)
                if (!strcasecmp(name, credential_parameters[i]))
                        return true;
        return false;
}

void route_url(const char *upstream, const char *target, struct str *url)
{
        size_t base = strlen(upstream), path = strcspn(target, "?");
        bool first = true;

        while (base && upstream[base - 1] == '/')
                base--;
        str_append(url, upstream, base);
        str_append(url, target, path);
        for (const char *at = target + path; *at;) {
                size_t len = strcspn(++at, "&;");

                if (len && !is_credential(at, len)) {
                        str_putc(url, first ? '?' : at[-1] == '?' ? '&' : at[-1]);
                        str_append(url, at, len);
                        first = false;
                }
                at += len;
        }
}
