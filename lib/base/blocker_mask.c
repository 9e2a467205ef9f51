/* SPDX-License-Identifier: Apache-2.0 */
/* Masking is by words, since a path or a run's id is only known as a whole; hex and numbers inside of other words too. */
#include "lib/base/blocker.h"

#include "lib/base/cleanup.h"

#include <ctype.h>
#include <string.h>

#define HEX_LEAST 7

/* "<slug>__2026-01-31-…": what every id of a run has in it. */
static bool is_run(const char *word, size_t len)
{
        for (size_t i = 0; i + 7 <= len; i++)
                if (word[i] == '_' && word[i + 1] == '_' && isdigit((unsigned char)word[i + 2]) &&
                    isdigit((unsigned char)word[i + 3]) && isdigit((unsigned char)word[i + 4]) &&
                    isdigit((unsigned char)word[i + 5]) && word[i + 6] == '-')
                        return true;
        return false;
}

static size_t word_of(const char *at)
{
        return strcspn(at, " \t\r\n,;()[]{}<>\"'`");
}

static bool is_path(const char *word, size_t len)
{
        return len > 1 && memchr(word, '/', len) != NULL;
}

/* Hex has a digit: "defaced" is a word, and so is "feedback". */
static size_t hex_at(const char *at, size_t len)
{
        bool digit = false;
        size_t i = 0;

        if (len > 2 && at[0] == '0' && at[1] == 'x')
                i = 2;
        for (; i < len && isxdigit((unsigned char)at[i]); i++)
                digit |= isdigit((unsigned char)at[i]) != 0;
        return digit && i >= HEX_LEAST && !(i < len && isalnum((unsigned char)at[i])) ? i : 0;
}

static size_t number_at(const char *at, size_t len)
{
        size_t i = 0;

        while (i < len && (isdigit((unsigned char)at[i]) ||
                           (i && (at[i] == '.' || at[i] == ':') && i + 1 < len && isdigit((unsigned char)at[i + 1]))))
                i++;
        return i;
}

/* Inside of a word: "0x7ffe01", "took12ms". */
static void mask_word(const char *word, size_t len, struct str *out)
{
        bool inside = false;

        for (size_t i = 0; i < len;) {
                const size_t hex = inside ? 0 : hex_at(word + i, len - i);
                const size_t number = hex ? 0 : number_at(word + i, len - i);

                if (hex || number) {
                        str_puts(out, hex ? "HEX" : "N");
                        i += hex + number;
                        inside = false;
                        continue;
                }
                inside = isalnum((unsigned char)word[i]) != 0;
                str_putc(out, word[i++]);
        }
}

static void cut(struct str *out)
{
        size_t at = BLOCKER_DETAIL_MAX;

        if (out->len <= at)
                return;
        while (at && ((unsigned char)out->data[at] & 0xc0) == 0x80)
                at--;
        out->data[at] = '\0';
        out->len = at;
}

void blocker_mask(const char *line, bool paths, struct str *out)
{
        _cleanup_str_ struct str masked = {0};

        while (*line && masked.len < (size_t)4 * BLOCKER_DETAIL_MAX) {
                const size_t len = word_of(line);

                if (is_run(line, len))
                        str_puts(&masked, "RUN");
                else if (paths && is_path(line, len))
                        str_puts(&masked, "PATH");
                else
                        mask_word(line, len, &masked);
                line += len;
                if (*line && isspace((unsigned char)*line)) {
                        line += strspn(line, " \t\r\n");
                        if (masked.len && *line)
                                str_putc(&masked, ' ');
                } else if (*line) {
                        str_putc(&masked, *line++);
                }
        }
        cut(&masked);
        str_append(out, str_text(&masked), masked.len);
}
