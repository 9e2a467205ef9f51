/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/network.h"

#include "lib/base/allow.h"
#include "policy/schema.h"
#include "policy/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- Hosts ---- */

static bool is_link_local(const struct address *address)
{
        const uint8_t *bytes = address->bytes;

        return address->is_v6 ? bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 : bytes[0] == 169 && bytes[1] == 254;
}

const char *check_network_host(const char *text)
{
        struct allow_entry entry;
        struct err ignored = ERR_INIT;
        bool below = !strncmp(text, "*.", 2);

        if (strchr(text, '/'))
                return "a host alone, without scheme and path: example.com, *.example.com, example.com:8443";
        if (strchr(below ? text + 2 : text, '*'))
                return "a * only as the whole first label: *.example.com (nothing allows every host)";
        if (*text && text[strlen(text) - 1] == '.')
                return "a host without a dot at its end";
        if (allow_entry_parse(text, &entry, &ignored) < 0)
                return "a host name in ASCII (xn-- for others), a wildcard *.example.com, either with a :port from 1 "
                       "to "
                       "65535, or an address with its port, 127.0.0.1:8080 or [::1]:8080";
        if (entry.host.is_address && is_link_local(&entry.host.address))
                return "no link-local address: a machine's metadata and credentials are there";
        if (entry.host.is_address && !entry.port)
                return "an address with its port: 192.0.2.1:8080, [2001:db8::1]:443";
        if (!below && !entry.port && !strcmp(entry.host.text, "localhost"))
                return "localhost with its port, localhost:8080: without one it would open nothing";
        if (below && !strchr(entry.host.text, '.'))
                return "a wildcard below a name of at least two labels: *.example.com";
        return NULL;
}

static bool has(const struct allow_list *list, const struct allow_entry *entry)
{
        for (size_t i = 0; i < list->len; i++) {
                const struct allow_entry *have = &list->entries[i];

                if (have->below == entry->below && have->port == entry->port && host_equal(&have->host, &entry->host))
                        return true;
        }
        return false;
}

bool network_covers(const struct strv *allow, const char *text)
{
        struct allow_list list;
        struct allow_entry entry;
        struct err ignored = ERR_INIT;
        bool covers;

        if (allow_entry_parse(text, &entry, &ignored) < 0 || allow_list_parse(allow, &list, &ignored) < 0)
                return false;
        covers = has(&list, &entry);
        /* a wildcard is covered by itself alone; a host also by a wildcard over it; what opens private addresses by nothing less */
        if (!covers && !entry.below && entry.port)
                covers = allow_list_match(&list, &entry.host, entry.port) >= allow_entry_match(&entry);
        else if (!covers && !entry.below)
                covers = allow_list_match(&list, &entry.host, 80) && allow_list_match(&list, &entry.host, 443);
        allow_list_release(&list);
        return covers;
}

int64_t network_smaller(int64_t a, int64_t b)
{
        if (a == KEY_UNSET || b == KEY_UNSET)
                return a == KEY_UNSET ? b : a;
        return a < b ? a : b;
}

/* ---- Routes ---- */

const char *check_route_upstream(const char *text)
{
        const char *host = !strncmp(text, "https://", 8) ? text + 8 : !strncmp(text, "http://", 7) ? text + 7 : NULL;
        size_t len = host ? strcspn(host, "/") : 0;
        struct err ignored = ERR_INIT;
        struct host parsed;
        uint16_t port;

        if (!host)
                return "an https:// URL (or http://)";
        if (strchr(text, '@'))
                return "a URL without user and password: header: {authorization: Bearer env NAME} carries a credential";
        if (strchr(text, '?') || strchr(text, '#'))
                return "a URL without query and fragment";
        for (const char *at = text; *at; at++)
                if (!isgraph((unsigned char)*at) || strchr("\"<>\\^`{|}", *at))
                        return "a URL of plain ASCII characters";
        if (strlen(text) > 1024 || authority_parse(host, len, 443, &parsed, &port, &ignored) < 0)
                return "a URL with a host name or address, and perhaps a :port";
        if (strstr(host + len, "//") || strstr(host + len, "/../") || strstr(host + len, "/./") || strchr(host, '%'))
                return "a URL whose path has no empty, \".\", \"..\" or %-encoded parts";
        return NULL;
}

static bool is_loopback(const struct host *host)
{
        static const uint8_t loopback6[16] = {[15] = 1};

        if (!host->is_address)
                return strcmp(host->text, "localhost") == 0;
        return host->address.is_v6 ? memcmp(host->address.bytes, loopback6, sizeof(loopback6)) == 0
                                   : host->address.bytes[0] == 127;
}

bool route_upstream_is_private(const char *text)
{
        static const char http[] = "http://";
        const char *host = text + sizeof(http) - 1;
        struct err ignored = ERR_INIT;
        struct host parsed;
        uint16_t port;

        if (strncmp(text, http, sizeof(http) - 1) != 0)
                return true;
        return authority_parse(host, strcspn(host, "/"), 80, &parsed, &port, &ignored) == 0 && is_loopback(&parsed);
}

static bool is_token(const char *text)
{
        for (const char *at = text; *at; at++)
                if (!isalnum((unsigned char)*at) && !strchr("!#$&'*+-.^_`|~", *at))
                        return false;
        return *text && strlen(text) <= 128;
}

const char *check_route_header(const char *text)
{
        static const char *const framing[] = {"host",       "connection", "content-length",  "transfer-encoding",
                                              "te",         "trailer",    "upgrade",         "proxy-connection",
                                              "keep-alive", "expect",     "accept-encoding", NULL};

        if (!is_token(text))
                return "the name of a header";
        for (size_t i = 0; framing[i]; i++)
                if (strcasecmp(framing[i], text) == 0)
                        return "a header that carries a credential, not one of the connection itself";
        return NULL;
}

const char *route_secret_variable(const char *text, size_t *ret_prefix)
{
        const char *env = !strncmp(text, "env ", 4) ? text : strstr(text, " env ");

        if (!env)
                return NULL;
        env += *env == ' ';
        *ret_prefix = (size_t)(env - text);
        return env + 4;
}

const char *check_route_secret(const char *text)
{
        static const char expected[] =
                "\"env NAME\", or a scheme before it: \"Bearer env NAME\"; a value itself is never "
                "written into a file: export it, and name its variable";
        size_t prefix = 0;
        const char *name = route_secret_variable(text, &prefix);

        if (!name || check_env_name(name))
                return expected;
        /* a scheme is a word, not a secret that looks like one */
        for (size_t i = 0; i + 1 < prefix; i++)
                if (!isalpha((unsigned char)text[i]))
                        return expected;
        return prefix <= 16 ? NULL : expected;
}

const char *check_route_allow(const char *text)
{
        static const char expected[] = "METHOD /path, a * at its end matches the rest: \"POST /v1/messages*\"";
        size_t method = strcspn(text, " ");
        const char *path = text + method + (text[method] == ' ');
        const char *star = strchr(path, '*');

        for (size_t i = 0; i < method; i++)
                if (!isupper((unsigned char)text[i]))
                        return expected;
        if (!method || method > 16 || *path != '/' || (star && star[1]) || strlen(path) > 512)
                return expected;
        if (!strncmp(text, "CONNECT ", 8) || !strncmp(text, "TRACE ", 6))
                return "a method other than CONNECT and TRACE";
        for (const char *at = path; *at; at++)
                if (!isgraph((unsigned char)*at) || strchr("?#%\\", *at))
                        return "a path without ? # % and \\ (a query is let through with its path)";
        return strstr(path, "//") || strstr(path, "/../") || strstr(path, "/./") ? expected : NULL;
}

const char *check_route_value(const char *text)
{
        return strstr(text, "{url}") ? NULL
                                     : "a text with {url} in it, which becomes the route's address inside; plain "
                                       "variables go to the agent's env";
}

char *route_value_fill(const char *text, const char *url)
{
        struct str filled = {0};

        for (const char *hit; (hit = strstr(text, "{url}")); text = hit + 5) {
                str_append(&filled, text, (size_t)(hit - text));
                str_puts(&filled, url);
        }
        str_puts(&filled, text);
        return str_steal(&filled);
}
