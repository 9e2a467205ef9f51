/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* Newlines and tabs of an attribute are kept by name: a parser may fold them else. */
static const char *entity(char c, bool attribute)
{
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\'':
                return "&#39;";
        case '\n':
                return attribute ? "&#10;" : NULL;
        case '\t':
                return attribute ? "&#9;" : NULL;
        default:
                return NULL;
        }
}

static void escape(struct str *out, const char *bytes, size_t len, bool attribute)
{
        _cleanup_str_ struct str harmless = {0};
        size_t plain = 0;

        str_put_harmless(&harmless, bytes, len);
        for (size_t i = 0; i < harmless.len; i++) {
                const char *name = entity(harmless.data[i], attribute);

                if (!name)
                        continue;
                str_append(out, harmless.data + plain, i - plain);
                str_puts(out, name);
                plain = i + 1;
        }
        if (harmless.len)
                str_append(out, harmless.data + plain, harmless.len - plain);
}

void html_text(struct str *out, const char *bytes, size_t len)
{
        escape(out, bytes, len, false);
}

static void put_url(struct str *out, const char *text)
{
        for (size_t i = 0; text[i]; i++) {
                const unsigned char c = (unsigned char)text[i];

                if (c < 0x80 && (isalnum(c) || strchr("-._~", c) || (c == '/' && i > 0 && text[i - 1] != '/')))
                        str_putc(out, (char)c);
                else
                        str_printf(out, "%%%02X", c);
        }
}

static void put_value(struct str *out, char context, const char *text)
{
        if (!text)
                return;
        if (context == 'u')
                put_url(out, text);
        else
                escape(out, text, strlen(text), context == 'a');
}

void html_put(struct str *out, const char *template, ...)
{
        va_list args;

        va_start(args, template);
        for (const char *at = template; *at;) {
                const size_t plain = strcspn(at, "%");

                str_append(out, at, plain);
                at += plain;
                if (!*at)
                        break;
                if (at[1] == 'd')
                        str_printf(out, "%lld", va_arg(args, long long));
                else if (at[1] == '%')
                        str_putc(out, '%');
                else
                        put_value(out, at[1], va_arg(args, const char *));
                at += 2;
        }
        va_end(args);
}
