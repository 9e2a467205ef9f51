/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_form.h"

#include "lib/base/cleanup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RUN_LEAST 28 /* of base64: a shorter one holds no key */
#define GAP_MAX 200  /* white space between two pieces of a literal */

static void put(struct secret_form *form, size_t from, const char *text, size_t len)
{
        form->pieces = xgrow(form->pieces, form->len, sizeof(*form->pieces));
        form->pieces[form->len++] = (struct secret_piece){.at = form->text.len, .from = from};
        str_append(&form->text, text, len);
}

/* Behind a closing quote at `at`: the place behind the quote that opens the next piece; 0: what follows is no piece. */
static size_t next_piece(const char *text, size_t len, size_t at)
{
        const char quote = text[at];
        const size_t end = len - at > GAP_MAX ? at + GAP_MAX : len;
        size_t next = at + 1;

        while (next < end && strchr(" \t\r\n+.\\&,", text[next]) && text[next])
                next++;
        if (next == at + 1 || next >= end || text[next] != quote || memchr(text + at + 1, ',', next - at - 1))
                return 0;
        return next + 1;
}

void secret_form_joined(struct secret_form *form, const char *text, size_t len)
{
        size_t start = 0;

        for (size_t at = 0; at < len; at++) {
                const size_t next = text[at] && strchr("\"'`", text[at]) ? next_piece(text, len, at) : 0;

                if (!next)
                        continue;
                put(form, start, text + start, at - start);
                start = next;
                at = next - 1;
        }
        if (start)
                put(form, start, text + start, len - start);
}

static int value_of(char c)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *at = c ? strchr(letters, c == '-' ? '+' : c == '_' ? '/' : c) : NULL;

        return at ? (int)(at - letters) : -1;
}

/* False: what it says is no text. */
static bool decode(const char *text, size_t len, struct str *ret)
{
        unsigned bits = 0, held = 0;

        for (size_t i = 0; i < len; i++) {
                bits = bits << 6 | (unsigned)value_of(text[i]);
                held += 6;
                if (held < 8)
                        continue;
                held -= 8;
                str_putc(ret, (char)(bits >> held));
                if (!isprint((unsigned char)ret->data[ret->len - 1]) &&
                    !isspace((unsigned char)ret->data[ret->len - 1]))
                        return false;
        }
        return true;
}

void secret_form_decoded(struct secret_form *form, const char *text, size_t len)
{
        for (size_t at = 0; at < len;) {
                _cleanup_str_ struct str decoded = {0};
                size_t end = at;

                while (end < len && value_of(text[end]) >= 0)
                        end++;
                if (end - at >= RUN_LEAST && decode(text + at, end - at, &decoded)) {
                        str_putc(&decoded, '\n');
                        put(form, at, str_text(&decoded), decoded.len);
                }
                at = end + (end == at);
        }
}

void secret_form_narrow(struct secret_form *form, const char *text, size_t len)
{
        if (!memchr(text, '\0', len))
                return;
        put(form, 0, "", 0);
        for (size_t at = 0; at < len;) {
                const char *zero = memchr(text + at, '\0', len - at);
                const size_t end = zero ? (size_t)(zero - text) : len;

                str_append(&form->text, text + at, end - at);
                at = end + 1;
        }
}

size_t secret_form_origin(const struct secret_form *form, size_t offset)
{
        size_t low = 0, high = form->len;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (form->pieces[middle].at <= offset)
                        low = middle;
                else
                        high = middle;
        }
        return form->len ? form->pieces[low].from : 0;
}

void secret_form_release(struct secret_form *form)
{
        str_release(&form->text);
        free(form->pieces);
        *form = (struct secret_form){0};
}
