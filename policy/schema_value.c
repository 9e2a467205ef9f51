/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars between text and number. Numbers are exact: no floating point, and what does not fit 62 bits is no number.
 */
#include "policy/schema.h"

#include "lib/base/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct unit {
        const char *suffix;
        int64_t factor;
};

static const struct unit sizes[] = {
        {"", 1}, {"K", 1024}, {"M", (int64_t)1024 * 1024}, {"G", (int64_t)1024 * 1024 * 1024}, {0}};
static const struct unit times[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", (int64_t)24 * 3600 * 1000},
        {0}};

/* Digits from `text`; returns what follows them, NULL where there are none or too many. */
static const char *read_digits(const char *text, int64_t *ret)
{
        int64_t value = 0;

        if (!isdigit((unsigned char)*text))
                return NULL;
        for (; isdigit((unsigned char)*text); text++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
                        return NULL;
        *ret = value;
        return text;
}

static int with_unit(const char *text, const struct unit *units, int64_t *ret)
{
        int64_t number;
        const char *suffix = read_digits(text, &number);

        if (!suffix)
                return -1;
        for (; units->suffix; units++) {
                if (strcmp(units->suffix, suffix) != 0)
                        continue;
                if (__builtin_mul_overflow(number, units->factor, &number) || number > KEY_NUMBER_MAX)
                        return -1;
                *ret = number;
                return 0;
        }
        return -1;
}

/* In the largest unit that says it exactly: what a person would write. */
static void in_unit(int64_t number, const struct unit *units, char ret[NUMBER_TEXT])
{
        const struct unit *best = units;

        for (const struct unit *unit = units; number && unit->suffix; unit++)
                if (number % unit->factor == 0 && (unit->factor >= best->factor || number % best->factor))
                        best = unit;
        snprintf(ret, NUMBER_TEXT, "%lld%s", (long long)(number / best->factor), best->suffix);
}

void size_to_text(int64_t size, char ret[NUMBER_TEXT])
{
        in_unit(size, sizes, ret);
}

void time_to_text(int64_t ms, char ret[NUMBER_TEXT])
{
        in_unit(ms, times, ret);
}

void int_to_text(int64_t number, char ret[NUMBER_TEXT])
{
        snprintf(ret, NUMBER_TEXT, "%lld", (long long)number);
}

int text_to_size(const char *text, int64_t *ret)
{
        return with_unit(text, sizes, ret);
}

int text_to_time(const char *text, int64_t *ret)
{
        return with_unit(text, times, ret);
}

int text_to_int(const char *text, int64_t *ret)
{
        static const struct unit plain[] = {{"", 1}, {0}};

        return with_unit(text, plain, ret);
}

int text_to_usd(const char *text, int64_t *ret)
{
        int64_t dollars, micro = 0;
        const char *at = read_digits(text, &dollars);

        if (!at || __builtin_mul_overflow(dollars, 1000000, &dollars) || dollars > KEY_NUMBER_MAX)
                return -1;
        if (*at == '.') {
                size_t digits = strspn(++at, "0123456789");

                if (!digits || digits > 6)
                        return -1;
                for (size_t i = 0; i < 6; i++)
                        micro = 10 * micro + (i < digits ? at[i] - '0' : 0);
                at += digits;
        }
        if (*at)
                return -1;
        *ret = dollars + micro;
        return 0;
}

void usd_to_text(int64_t micro, char ret[NUMBER_TEXT])
{
        size_t len;

        snprintf(ret, NUMBER_TEXT, "%lld.%06lld", (long long)(micro / 1000000), (long long)(micro % 1000000));
        for (len = strlen(ret); ret[len - 1] == '0' && ret[len - 3] != '.'; len--)
                ret[len - 1] = 0;
}

/*
 * Control characters could move a terminal's cursor; the other line ends of Unicode and the byte order mark do not
 * survive YAML. libyaml has already refused what is no UTF-8.
 */
const char *text_check(const char *text)
{
        static const char *const refused[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};

        for (const unsigned char *at = (const unsigned char *)text; *at; at++)
                if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
                        return "text without control characters";
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
                if (strstr(text, refused[i]))
                        return "text with plain line ends and no byte order mark";
        return NULL;
}

void pairs_set(struct pairs *pairs, const char *name, const char *value)
{
        size_t at = 0;

        while (at < pairs->len && strcmp(pairs->items[at].name, name) < 0)
                at++;
        if (at < pairs->len && !strcmp(pairs->items[at].name, name)) {
                free(pairs->items[at].value);
                pairs->items[at].value = xstrdup(value);
                return;
        }
        pairs->items = xrealloc(pairs->items, (pairs->len + 1) * sizeof(*pairs->items));
        memmove(&pairs->items[at + 1], &pairs->items[at], (pairs->len - at) * sizeof(*pairs->items));
        pairs->items[at] = (struct pair){.name = xstrdup(name), .value = xstrdup(value)};
        pairs->len++;
}

const char *pairs_get(const struct pairs *pairs, const char *name)
{
        for (size_t i = 0; i < pairs->len; i++)
                if (!strcmp(pairs->items[i].name, name))
                        return pairs->items[i].value;
        return NULL;
}

void pairs_release(struct pairs *pairs)
{
        for (size_t i = 0; i < pairs->len; i++) {
                free(pairs->items[i].name);
                free(pairs->items[i].value);
        }
        free(pairs->items);
        *pairs = (struct pairs){0};
}
