/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_value.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#define RUN_MAX 5 /* equal or consecutive characters in a row: more are typed, not drawn */

static bool has_word(const char *text, size_t len, const char *word)
{
        size_t word_len = strlen(word);

        for (size_t i = 0; i + word_len <= len; i++)
                if (strncasecmp(text + i, word, word_len) == 0)
                        return true;
        return false;
}

static bool has_run(const char *text, size_t len)
{
        size_t same = 1, up = 1;

        for (size_t i = 1; i < len; i++) {
                same = text[i] == text[i - 1] ? same + 1 : 1;
                up = text[i] == text[i - 1] + 1 ? up + 1 : 1;
                if (same > RUN_MAX || up > RUN_MAX)
                        return true;
        }
        return false;
}

static size_t distinct(const char *text, size_t len)
{
        bool seen[256] = {false};
        size_t count = 0;

        for (size_t i = 0; i < len; i++) {
                count += !seen[(unsigned char)text[i]];
                seen[(unsigned char)text[i]] = true;
        }
        return count;
}

static bool has_any(const char *text, size_t len, const char *const *words)
{
        for (; *words; words++)
                if (has_word(text, len, *words))
                        return true;
        return false;
}

bool secret_is_made_up(const char *text, size_t len)
{
        /* None of them comes about in a real key but once in millions. */
        static const char *const words[] = {"example", "changeme", "change-me", "change_me", "placeholder", "your-",
                                            "your_", "redacted", "replace", "deadbeef", "notreal", "not-a-", "not_a_",
                                            "password", "0000000", "1234567",
                                            /* the token of jwt.io, which documentation everywhere shows */
                                            "eyJzdWIiOiIxMjM0NTY3ODkw", NULL};

        return has_any(text, len, words) || has_run(text, len) || (len >= 16 && distinct(text, len) < 6);
}

/* Of values without a provider's form, whose length is anybody's: short words count as well. */
static bool is_made_up_text(const char *text, size_t len)
{
        static const char *const words[] = {"dummy",  "sample", "foobar",   "insert", "qwer", "asdf",
                                            "mypass", "secret", "token",    "todo",   "xxx",  "fake",
                                            "your",   "hunter", "passw0rd", "p@ss",   "${",   "$(",
                                            "{{",     "<",      "%(",       "...",    "test", NULL};

        return secret_is_made_up(text, len) || has_any(text, len, words);
}

struct shape {
        size_t lower, upper, digit, sign, hex, changes;
};

static int kind_of(char c)
{
        return islower((unsigned char)c) ? 0 : isupper((unsigned char)c) ? 1 : isdigit((unsigned char)c) ? 2 : 3;
}

static struct shape shape_of(const char *text, size_t len)
{
        struct shape shape = {0};
        size_t *const counts[] = {&shape.lower, &shape.upper, &shape.digit, &shape.sign};

        for (size_t i = 0; i < len; i++) {
                (*counts[kind_of(text[i])])++;
                shape.hex += isxdigit((unsigned char)text[i]) != 0;
                shape.changes += i && kind_of(text[i]) != kind_of(text[i - 1]);
        }
        return shape;
}

/* Bits per character (Shannon), of the characters that are there. */
static double entropy(const char *text, size_t len)
{
        size_t counts[256] = {0};
        double bits = 0;

        for (size_t i = 0; i < len; i++)
                counts[(unsigned char)text[i]]++;
        for (size_t i = 0; i < 256; i++)
                if (counts[i])
                        bits -= (double)counts[i] / (double)len * log2((double)counts[i] / (double)len);
        return bits;
}

static bool is_uuid(const char *text, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
                        return false;
        return len == 36;
}

/* What names, paths, calls and addresses are written with, and keys are not. */
static bool is_reference(const char *text, size_t len)
{
        static const char *const marks[] = {"://",   "::",          "->",      "(",      "[", "\\",
                                            "uuid:", "process.env", "environ", "getenv", "@"};

        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
                if (has_word(text, len, marks[i]))
                        return true;
        return strchr("$/.~-&*%{#", *text) != NULL || is_uuid(text, len);
}

bool secret_is_random(const char *text, size_t len)
{
        struct shape shape = shape_of(text, len);
        size_t signs = shape.sign, changes = shape.changes;

        if (len < 16 || is_made_up_text(text, len) || is_reference(text, len))
                return false;
        if (shape.hex == len)
                return len >= 32 && shape.digit && shape.lower + shape.upper && entropy(text, len) >= 3.0;
        if (!shape.digit || shape.lower + shape.upper == 0 || signs * 5 > len)
                return false;
        if (shape.lower && shape.upper)
                return changes * 10 >= len * 4 && entropy(text, len) >= (len >= 24 ? 3.9 : 3.5);
        return len >= 20 && shape.digit * 8 >= len && changes * 4 >= len && entropy(text, len) >= 3.4;
}

bool secret_is_password(const char *text, size_t len)
{
        struct shape shape = shape_of(text, len);

        if (len < 10 || is_made_up_text(text, len) || is_reference(text, len))
                return false;
        return (shape.lower > 0) + (shape.upper > 0) + (shape.digit > 0) + (shape.sign > 0) >= 3 &&
               shape.changes * 10 >= len * 4;
}

/* At most one letter at a number, or one digit at a word, which may have a capital. */
static bool is_spelled_piece(const char *text, size_t len)
{
        const struct shape shape = shape_of(text, len);
        const size_t letters = shape.lower + shape.upper;
        const bool capital = shape.upper == 1 && isupper((unsigned char)*text);

        if (shape.sign || (shape.lower && shape.upper && !capital))
                return false;
        if (letters <= 1 || !shape.digit)
                return true;
        return shape.digit == 1 && (isdigit((unsigned char)text[0]) || isdigit((unsigned char)text[len - 1]));
}

bool secret_is_spelled(const char *text, size_t len)
{
        for (size_t at = 0, end; at < len; at = end + 1) {
                for (end = at; end < len && !strchr("-._/:+ ", text[end]); end++)
                        ;
                if (end > at && !is_spelled_piece(text + at, end - at))
                        return false;
        }
        return true;
}
