/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/mask_forms.h"

#include "runner/egress/mask.h"

#include <string.h>

struct form {
        mask_form_fn *add;
        void *target;
        struct str text;
};

static void give(struct form *form)
{
        form->add(form->target, str_text(&form->text), form->text.len);
        if (form->text.data)
                explicit_bzero(form->text.data, form->text.cap);
        str_clear(&form->text);
}

static void as_it_is(struct form *form, const char *word, size_t len)
{
        str_append(&form->text, word, len);
        give(form);
}

static bool unreserved(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c);
}

static void percent(struct form *form, const char *word, size_t len, const char *format)
{
        for (size_t i = 0; i < len; i++)
                if (unreserved(word[i]))
                        str_putc(&form->text, word[i]);
                else
                        str_printf(&form->text, format, (unsigned char)word[i]);
        give(form);
}

static void json(struct form *form, const char *word, size_t len, const char *escaped)
{
        for (size_t i = 0; i < len; i++) {
                if (strchr(escaped, word[i]))
                        str_putc(&form->text, '\\');
                str_putc(&form->text, word[i]);
        }
        give(form);
}

static void hex(struct form *form, const char *word, size_t len, const char *format)
{
        for (size_t i = 0; i < len; i++)
                str_printf(&form->text, format, (unsigned char)word[i]);
        give(form);
}

/*
 * The value with `shift` unknown bytes before it. Of its first and last characters those that also depend on a neighbour are
 * left out: with shift 0 none at the front, with 1 the first two, with 2 the first three.
 */
static void base64(struct form *form, const char *word, size_t len, size_t shift, const char *last_two)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        size_t first = shift ? shift + 1 : 0, end = (shift + len) * 8 / 6;

        for (size_t i = first; i < end; i++) {
                size_t bit = i * 6, byte = bit / 8 - shift;
                unsigned pair = (unsigned)(unsigned char)word[byte] << 8 |
                                (byte + 1 < len ? (unsigned char)word[byte + 1] : 0u);
                unsigned digit = pair >> (10 - bit % 8) & 63;

                str_putc(&form->text, digit < 62 ? digits[digit] : last_two[digit - 62]);
        }
        give(form);
}

static void word_forms(struct form *form, const char *word, size_t len)
{
        as_it_is(form, word, len);
        percent(form, word, len, "%%%02X");
        percent(form, word, len, "%%%02x");
        json(form, word, len, "\"\\");
        json(form, word, len, "\"\\/");
        hex(form, word, len, "%02x");
        hex(form, word, len, "%02X");
        for (size_t shift = 0; shift < 3; shift++) {
                base64(form, word, len, shift, "+/");
                base64(form, word, len, shift, "-_");
        }
}

void mask_forms(const struct egress_header *header, mask_form_fn *add, void *target)
{
        struct form form = {.add = add, .target = target};
        const char *at = header->value;

        while (*at) {
                size_t len = strcspn(at, " \t,;");

                if (len >= MASK_WORD_MIN)
                        word_forms(&form, at, len);
                at += len;
                at += strspn(at, " \t,;");
        }
        str_release(&form.text);
}
