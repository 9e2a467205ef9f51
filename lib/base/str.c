/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *xcalloc(size_t count, size_t size)
{
        void *pointer = calloc(count ? count : 1, size ? size : 1);

        if (!pointer)
                abort();
        return pointer;
}

void *xrealloc(void *pointer, size_t size)
{
        void *bigger = realloc(pointer, size ? size : 1);

        if (!bigger)
                abort();
        return bigger;
}

void *xgrow(void *items, size_t len, size_t size)
{
        if (len & (len - 1))
                return items;
        return xrealloc(items, (len ? 2 * len : 1) * size);
}

void *xmemdup(const void *bytes, size_t len)
{
        char *copy = xrealloc(NULL, len + 1);

        if (len)
                memcpy(copy, bytes, len);
        copy[len] = '\0';
        return copy;
}

char *xstrdup(const char *text)
{
        return text ? xmemdup(text, strlen(text)) : NULL;
}

char *xvasprintf(const char *format, va_list args)
{
        char *text = NULL;

        if (vasprintf(&text, format, args) < 0)
                abort();
        return text;
}

char *xasprintf(const char *format, ...)
{
        char *text;
        va_list args;

        va_start(args, format);
        text = xvasprintf(format, args);
        va_end(args);
        return text;
}

static void str_reserve(struct str *str, size_t more)
{
        size_t need = str->len + more + 1;

        if (need < more)
                abort();
        if (need <= str->cap)
                return;
        str->cap = need < 64 ? 64 : need + need / 2;
        str->data = xrealloc(str->data, str->cap);
}

void str_release(struct str *str)
{
        free(str->data);
        *str = (struct str){0};
}

void str_cut(struct str *str, size_t len)
{
        str->len = len;
        if (str->data)
                str->data[len] = '\0';
}

void str_clear(struct str *str)
{
        str_cut(str, 0);
}

void str_append(struct str *str, const void *bytes, size_t len)
{
        str_reserve(str, len);
        if (len)
                memcpy(str->data + str->len, bytes, len);
        str->len += len;
        str->data[str->len] = '\0';
}

void str_puts(struct str *str, const char *text)
{
        str_append(str, text, strlen(text));
}

void str_putc(struct str *str, char c)
{
        str_append(str, &c, 1);
}

/* Nearly always there is room already: then it is formatted once. */
void str_printf(struct str *str, const char *format, ...)
{
        const size_t room = str->data ? str->cap - str->len : 0;
        va_list args, again;
        int len;

        va_start(args, format);
        va_copy(again, args);
        len = vsnprintf(room ? str->data + str->len : NULL, room, format, args);
        va_end(args);
        if (len < 0)
                abort();
        if ((size_t)len >= room) {
                str_reserve(str, (size_t)len);
                vsnprintf(str->data + str->len, (size_t)len + 1, format, again);
        }
        va_end(again);
        str->len += (size_t)len;
}

const char *str_text(const struct str *str)
{
        return str->data ? str->data : "";
}

char *str_steal(struct str *str)
{
        char *data = str->data ? str->data : xstrdup("");

        *str = (struct str){0};
        return data;
}

/* Length of the valid UTF-8 sequence at `bytes`, 0 where there is none (overlong forms and surrogates are none). */
static size_t utf8_sequence(const unsigned char *bytes, size_t len)
{
        size_t need = bytes[0] < 0x80   ? 1
                      : bytes[0] < 0xc2 ? 0
                      : bytes[0] < 0xe0 ? 2
                      : bytes[0] < 0xf0 ? 3
                      : bytes[0] < 0xf5 ? 4
                                        : 0;

        if (!need || need > len)
                return 0;
        for (size_t i = 1; i < need; i++)
                if ((bytes[i] & 0xc0) != 0x80)
                        return 0;
        if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
            (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f))
                return 0;
        return need;
}

/* What is not shown as it is, beside the printable bytes below: sorted. */
static const struct {
        uint32_t first, last;
} hidden[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},                         /* C0, DEL, C1 */
        {0xad, 0xad},                                             /* soft hyphen */
        {0x34f, 0x34f},                                           /* joins graphemes, shows nothing */
        {0x61c, 0x61c},                                           /* bidirectional */
        {0x115f, 0x1160},   {0x17b4, 0x17b5},                     /* fillers: letters without a shape */
        {0x180e, 0x180e},   {0x200b, 0x200f},                     /* zero-width, bidirectional */
        {0x2028, 0x202e},                                         /* ends of lines and paragraphs, bidirectional */
        {0x2060, 0x206f},                                         /* invisible, bidirectional, deprecated formats */
        {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, /* a filler, the byte order mark, a filler */
        {0xfffe, 0xffff},                                         /* no characters, and none that YAML has */
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},                   /* of shorthand and of notes of music */
        {0xe0000, 0xe0fff}, /* tags, variation selectors: a whole text that people do not see and models read */
};

static uint32_t code_point(const unsigned char *s, size_t len)
{
        uint32_t code = len == 1 ? s[0] : s[0] & (0x7fu >> len);

        for (size_t i = 1; i < len; i++)
                code = code << 6 | (s[i] & 0x3f);
        return code;
}

/* Whether the sequence may be shown: no control, and nothing that reorders or hides text on a terminal. */
static bool is_plain(const unsigned char *s, size_t len)
{
        const uint32_t code = code_point(s, len);

        for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && hidden[i].first <= code; i++)
                if (code <= hidden[i].last)
                        return false;
        return code != '"' && code != '\\';
}

static void put_escaped(struct str *str, unsigned char byte)
{
        static const char letters[] = "abtnvfr"; /* \a is 7, \r is 13 */

        if (byte == '"' || byte == '\\')
                str_printf(str, "\\%c", byte);
        else if (byte >= 7 && byte <= 13)
                str_printf(str, "\\%c", letters[byte - 7]);
        else
                str_printf(str, "\\%03o", byte);
}

void str_put_quoted(struct str *str, const char *bytes, size_t len)
{
        const unsigned char *in = (const unsigned char *)bytes;
        struct str out = {0};
        bool quote = false;

        for (size_t i = 0; i < len;) {
                size_t sequence = utf8_sequence(in + i, len - i);

                if (sequence && is_plain(in + i, sequence)) {
                        str_append(&out, in + i, sequence);
                        i += sequence;
                        continue;
                }
                quote = true;
                for (size_t end = i + (sequence ? sequence : 1); i < end; i++)
                        put_escaped(&out, in[i]);
        }
        str_printf(str, quote ? "\"%s\"" : "%s", str_text(&out));
        str_release(&out);
}

void str_put_harmless(struct str *str, const char *bytes, size_t len)
{
        const unsigned char *in = (const unsigned char *)bytes;

        for (size_t i = 0; i < len;) {
                size_t sequence = utf8_sequence(in + i, len - i), end = i + (sequence ? sequence : 1);

                if (sequence && (is_plain(in + i, sequence) || (in[i] && strchr("\"\\\t\n", in[i]))))
                        str_append(str, in + i, sequence);
                else
                        for (size_t at = i; at < end; at++)
                                put_escaped(str, in[at]);
                i = end;
        }
}

static bool is_continued(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80;
}

void str_put_ends(struct str *str, const char *text, size_t most)
{
        static const char gap[] = " … ";
        const size_t len = strlen(text), room = most - strlen(gap);
        size_t head = room / 2, tail = len - (room - room / 2);

        if (len <= most) {
                str_append(str, text, len);
                return;
        }
        while (head && is_continued(text[head]))
                head--;
        while (is_continued(text[tail]))
                tail++;
        str_append(str, text, head);
        str_puts(str, gap);
        str_puts(str, text + tail);
}

void str_put_size(struct str *str, uint64_t bytes)
{
        static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
        double size = (double)bytes;
        size_t unit = 0;

        if (bytes < 1024) {
                str_printf(str, "%u B", (unsigned)bytes);
                return;
        }
        for (size /= 1024; size >= 1024 && unit < 3; unit++)
                size /= 1024;
        str_printf(str, "%.1f %s", size, units[unit]);
}

void strv_release(struct strv *list)
{
        for (size_t i = 0; i < list->len; i++)
                free(list->items[i]);
        free(list->items);
        *list = (struct strv){0};
}

void strv_take(struct strv *list, char *owned)
{
        /* grows at powers of two: the capacity needs no field of its own */
        if ((list->len & (list->len + 1)) == 0)
                list->items = xrealloc(list->items, (list->len + 1) * 2 * sizeof(*list->items));
        list->items[list->len++] = owned;
        list->items[list->len] = NULL;
}

void strv_add(struct strv *list, const char *text)
{
        strv_take(list, xstrdup(text));
}

void strv_add_printf(struct strv *list, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        strv_take(list, xvasprintf(format, args));
        va_end(args);
}

bool strv_has(const struct strv *list, const char *text)
{
        for (size_t i = 0; i < list->len; i++)
                if (strcmp(list->items[i], text) == 0)
                        return true;
        return false;
}

void strv_copy(struct strv *list, const struct strv *from)
{
        for (size_t i = 0; i < from->len; i++)
                strv_add(list, from->items[i]);
}

void strv_add_missing(struct strv *list, const struct strv *from)
{
        for (size_t i = 0; i < from->len; i++)
                if (!strv_has(list, from->items[i]))
                        strv_add(list, from->items[i]);
}

static int compare_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort_unique(struct strv *list)
{
        size_t kept = 0;

        if (!list->len)
                return;
        qsort(list->items, list->len, sizeof(*list->items), compare_text);
        for (size_t i = 1; i < list->len; i++) {
                if (strcmp(list->items[kept], list->items[i]) == 0)
                        free(list->items[i]);
                else
                        list->items[++kept] = list->items[i];
        }
        /* the slack of strv_take() depends on the length being grown step by step: rebuild after a shrink */
        list->len = kept + 1;
        list->items = xrealloc(list->items, 2 * (list->len + 1) * sizeof(*list->items));
        list->items[list->len] = NULL;
}
