/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner with one answer: yes, or "I cannot tell". It accepts less than jansson writes (no exponents, no \u escapes, integers
 * that surely fit), never more. What is accepted of numbers rests on C: a decimal of 15 digits comes back from a double as it was.
 */
#include "lib/base/canonical.h"

#include <string.h>

#define INTEGER_DIGITS 18 /* fits 64 bits whatever they are */
#define REAL_DIGITS 15    /* DBL_DIG */
#define SMALL_ZEROS 3     /* behind "0."; from four on %g writes an exponent */

struct scan {
        const char *at, *end;
        bool escapes;
        int depth;
};

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool take(struct scan *scan, char c)
{
        if (scan->at == scan->end || *scan->at != c)
                return false;
        scan->at++;
        return true;
}

static bool take_word(struct scan *scan, const char *word)
{
        const size_t len = strlen(word);

        if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
                return false;
        scan->at += len;
        return true;
}

/* One character of several bytes: no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool take_wide(struct scan *scan)
{
        const unsigned char *s = (const unsigned char *)scan->at;
        const size_t left = (size_t)(scan->end - scan->at);
        const size_t need = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

        if (!need || need > left)
                return false;
        for (size_t i = 1; i < need; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return false;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
            (s[0] == 0xf4 && s[1] > 0x8f))
                return false;
        scan->at += need;
        return true;
}

/* 1 for what may stand in a string as it is, 0 for what ends it or wants a closer look. */
static bool is_plain(unsigned char c)
{
        return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool take_string(struct scan *scan)
{
        static const char escaped[] = {'"', '\\', 'b', 'f', 'n', 'r', 't'};

        if (!take(scan, '"'))
                return false;
        for (;;) {
                while (scan->at < scan->end && is_plain((unsigned char)*scan->at))
                        scan->at++;
                if (scan->at == scan->end)
                        return false;
                if (*scan->at == '"')
                        break;
                if (*scan->at == '\\') {
                        if (scan->end - scan->at < 2 || !memchr(escaped, scan->at[1], sizeof(escaped)))
                                return false;
                        scan->escapes = true;
                        scan->at += 2;
                } else if (!take_wide(scan)) {
                        return false;
                }
        }
        scan->at++;
        return true;
}

static size_t take_digits(struct scan *scan)
{
        const char *from = scan->at;

        while (scan->at < scan->end && is_digit(*scan->at))
                scan->at++;
        return (size_t)(scan->at - from);
}

/* Behind the point: no zero at the end but in "N.0", no zero as a whole, no value so small that it has an exponent. */
static bool is_fraction(const char *whole, size_t whole_len, const char *part, size_t part_len)
{
        const bool below_one = whole_len == 1 && *whole == '0';
        size_t zeros = 0;

        if (!part_len || whole_len + part_len > REAL_DIGITS)
                return false;
        while (zeros < part_len && part[zeros] == '0')
                zeros++;
        if (zeros == part_len)
                return part_len == 1 && !below_one;
        return part[part_len - 1] != '0' && !(below_one && zeros > SMALL_ZEROS);
}

static bool take_number(struct scan *scan, enum canonical_kind *ret)
{
        const bool minus = take(scan, '-');
        const char *whole = scan->at, *part;
        const size_t whole_len = take_digits(scan);

        if (!whole_len || (whole_len > 1 && *whole == '0'))
                return false;
        if (!take(scan, '.')) {
                *ret = CANONICAL_INTEGER;
                if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E'))
                        return false;
                return whole_len <= INTEGER_DIGITS && !(minus && *whole == '0');
        }
        part = scan->at;
        *ret = CANONICAL_REAL;
        take_digits(scan);
        return is_fraction(whole, whole_len, part, (size_t)(scan->at - part)) &&
               !(scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E'));
}

static bool take_value(struct scan *scan, enum canonical_kind *ret);

static bool take_array(struct scan *scan)
{
        enum canonical_kind ignored;

        if (!take(scan, '[') || ++scan->depth > CANONICAL_DEPTH_MAX)
                return false;
        if (take(scan, ']')) {
                scan->depth--;
                return true;
        }
        do
                if (!take_value(scan, &ignored))
                        return false;
        while (take(scan, ','));
        scan->depth--;
        return take(scan, ']');
}

/* By bytes, the shorter first. A name with an escape stands elsewhere than its bytes say: that cannot be told. */
static bool is_after(const struct canonical_member *member, const char *name, size_t len)
{
        const size_t least = member->name_len < len ? member->name_len : len;
        const int order = memcmp(name, member->name, least);

        return order ? order > 0 : len > member->name_len;
}

/* `ret` is the member before, and becomes this one. */
static bool take_member(struct scan *scan, bool first, struct canonical_member *ret)
{
        const char *name = scan->at + 1, *text;
        const bool escapes = scan->escapes;
        struct canonical_member member = {.name = name};

        scan->escapes = false;
        if (!take_string(scan) || scan->escapes || !take(scan, ':'))
                return false;
        scan->escapes = escapes;
        member.name_len = (size_t)(scan->at - name) - 2;
        if (!first && !is_after(ret, name, member.name_len))
                return false;
        text = scan->at;
        if (!take_value(scan, &member.kind))
                return false;
        member.text = text + (member.kind == CANONICAL_STRING);
        member.len = (size_t)(scan->at - text) - (member.kind == CANONICAL_STRING ? 2 : 0);
        *ret = member;
        return true;
}

/* With `ret` NULL only whether it is one. */
static bool take_object(struct scan *scan, struct canonical *ret)
{
        struct canonical_member member = {0};
        bool first = true;

        if (!take(scan, '{') || ++scan->depth > CANONICAL_DEPTH_MAX)
                return false;
        if (take(scan, '}')) {
                scan->depth--;
                return true;
        }
        do {
                if (!take_member(scan, first, &member) || (ret && ret->len == CANONICAL_MEMBERS_MAX))
                        return false;
                if (ret)
                        ret->members[ret->len++] = member;
                first = false;
        } while (take(scan, ','));
        scan->depth--;
        return take(scan, '}');
}

static bool take_value(struct scan *scan, enum canonical_kind *ret)
{
        const char c = scan->at < scan->end ? *scan->at : '\0';

        if (c == '"') {
                *ret = CANONICAL_STRING;
                return take_string(scan);
        }
        if (c == '-' || is_digit(c))
                return take_number(scan, ret);
        if (c == '{' || c == '[') {
                *ret = c == '{' ? CANONICAL_OBJECT : CANONICAL_ARRAY;
                return c == '{' ? take_object(scan, NULL) : take_array(scan);
        }
        *ret = c == 'n' ? CANONICAL_NULL : CANONICAL_BOOL;
        return take_word(scan, c == 'n' ? "null" : c == 't' ? "true" : "false");
}

bool canonical_read(const char *text, size_t len, struct canonical *ret)
{
        struct scan scan = {.at = text, .end = text + len};

        ret->len = 0;
        ret->escapes = false;
        if (!take_object(&scan, ret) || scan.at != scan.end)
                return false;
        ret->escapes = scan.escapes;
        return true;
}

const struct canonical_member *canonical_get(const struct canonical *object, const char *name)
{
        const size_t len = strlen(name);

        for (size_t i = 0; i < object->len; i++)
                if (object->members[i].name_len == len && memcmp(object->members[i].name, name, len) == 0)
                        return &object->members[i];
        return NULL;
}
