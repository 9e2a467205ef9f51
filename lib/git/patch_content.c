/* SPDX-License-Identifier: Apache-2.0 */
/* Contents: hunks of lines, or a pair of deflated literals in base 85, of which the first is the new side. */
#include "lib/base/cleanup.h"
#include "lib/git/patch_internal.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- Hunks ---- */

struct hunking {
        struct patch_reader *reader;
        const char *at, *end; /* what is left of the old side */
        uint64_t line;        /* of it, from 0 */
        struct str *out;
};

static bool old_line(struct hunking *h, const char **ret, size_t *ret_len)
{
        const char *newline;

        if (h->at == h->end)
                return false;
        newline = memchr(h->at, '\n', (size_t)(h->end - h->at));
        *ret = h->at;
        *ret_len = (size_t)((newline ? newline + 1 : h->end) - h->at);
        h->at += *ret_len;
        h->line++;
        return true;
}

static int copy_until(struct hunking *h, uint64_t line, struct err *err)
{
        const char *text;
        size_t len;

        while (h->line < line) {
                if (!old_line(h, &text, &len))
                        return patch_refuse(h->reader, "a hunk beyond the end of the file", err);
                str_append(h->out, text, len);
        }
        return 0;
}

/* The line of a hunk with its end, which "\ No newline" behind it takes away. */
static void take_text(struct hunking *h, const struct patch_line *line, struct str *ret)
{
        struct patch_line mark;

        str_append(ret, line->text + 1, line->len - 1);
        if (patch_peek(h->reader, "\\ "))
                patch_line(h->reader, &mark);
        else
                str_putc(ret, '\n');
}

static int apply_line(struct hunking *h, uint64_t *old_left, uint64_t *new_left, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        struct patch_line line;
        const char *old;
        size_t old_len;
        char sign;

        if (!patch_line(h->reader, &line) || line.len < 1 || !strchr(" +-", line.text[0]) || !line.text[0])
                return patch_refuse(h->reader, "a hunk ends early", err);
        sign = line.text[0];
        take_text(h, &line, &text);
        if ((sign != '+' && (*old_left)-- == 0) || (sign != '-' && (*new_left)-- == 0))
                return patch_refuse(h->reader, "a hunk has more lines than it says", err);
        if (sign != '+' &&
            (!old_line(h, &old, &old_len) || old_len != text.len || memcmp(old, str_text(&text), old_len) != 0))
                return patch_refuse(h->reader, "it does not fit its base", err);
        if (sign != '-')
                str_append(h->out, str_text(&text), text.len);
        return 0;
}

static int take_number(const char **at, size_t most, uint64_t *ret)
{
        const size_t digits = strspn(*at, "0123456789");

        if (!digits || digits > most)
                return -1;
        *ret = strtoull(*at, NULL, 10);
        *at += digits;
        return 0;
}

/* "@@ -1,2 +3,4 @@": a number of lines that is not given is 1. */
static int take_range(const char **at, uint64_t *ret_start, uint64_t *ret_count)
{
        if (take_number(at, 9, ret_start) < 0)
                return -1;
        *ret_count = 1;
        if (**at != ',')
                return 0;
        (*at)++;
        return take_number(at, 9, ret_count);
}

static int apply_hunk(struct hunking *h, struct err *err)
{
        uint64_t old_start, old_count, new_start, new_count, before;
        struct patch_line line;
        _cleanup_free_ char *text = NULL;
        const char *at;

        patch_line(h->reader, &line);
        text = xmemdup(line.text, line.len);
        at = text + strlen("@@ -");
        if (take_range(&at, &old_start, &old_count) < 0 || strncmp(at, " +", 2) != 0)
                return patch_refuse(h->reader, "a hunk without its place", err);
        at += 2;
        if (take_range(&at, &new_start, &new_count) < 0 || strncmp(at, " @@", 3) != 0)
                return patch_refuse(h->reader, "a hunk without its place", err);
        before = old_count ? old_start - 1 : old_start;
        if ((old_count && !old_start) || before < h->line)
                return patch_refuse(h->reader, "hunks out of order", err);
        if (copy_until(h, before, err) < 0)
                return -1;
        while (old_count || new_count)
                if (apply_line(h, &old_count, &new_count, err) < 0)
                        return -1;
        return 0;
}

static int apply_hunks(struct patch_reader *reader, const char *old, size_t old_len, struct str *ret, struct err *err)
{
        struct hunking h = {.reader = reader, .at = old, .end = old + old_len, .out = ret};
        struct patch_line line;

        patch_line(reader, &line); /* --- */
        if (!patch_peek(reader, "+++ "))
                return patch_refuse(reader, "no name of the new side", err);
        patch_line(reader, &line);
        while (patch_peek(reader, "@@ -"))
                if (apply_hunk(&h, err) < 0)
                        return -1;
        str_append(ret, h.at, (size_t)(h.end - h.at));
        return 0;
}

/* ---- Literals ---- */

static int decode_word(const char *digits, uint32_t *ret)
{
        static const char alphabet[] =
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
        uint64_t word = 0;

        for (size_t i = 0; i < 5; i++) {
                const char *found = digits[i] ? strchr(alphabet, digits[i]) : NULL;

                if (!found)
                        return -1;
                word = word * 85 + (uint64_t)(found - alphabet);
        }
        *ret = (uint32_t)word;
        return word <= UINT32_MAX ? 0 : -1;
}

static int decode_row(const struct patch_line *line, struct str *out)
{
        const char letter = line->text[0];
        const size_t bytes = letter >= 'A' && letter <= 'Z'   ? (size_t)(letter - 'A') + 1
                             : letter >= 'a' && letter <= 'z' ? (size_t)(letter - 'a') + 27
                                                              : 0;
        uint32_t word;

        if (!bytes || line->len != 1 + (bytes + 3) / 4 * 5)
                return -1;
        for (size_t at = 0; at < bytes; at += 4) {
                if (decode_word(line->text + 1 + at / 4 * 5, &word) < 0)
                        return -1;
                for (size_t i = 0; i < 4 && at + i < bytes; i++)
                        str_putc(out, (char)(word >> (24 - 8 * i)));
        }
        return 0;
}

static int inflate_all(const struct str *packed, size_t size, struct str *ret)
{
        _cleanup_free_ unsigned char *room = NULL;
        uLongf len = (uLongf)size;

        if (size / 1100 > packed->len) /* zlib never packs more than that */
                return -1;
        room = xcalloc(1, size + 1);
        if (uncompress(room, &len, (const Bytef *)str_text(packed), (uLong)packed->len) != Z_OK || len != size)
                return -1;
        str_append(ret, room, size);
        return 0;
}

static int read_literal(struct patch_reader *reader, struct str *ret_packed, uint64_t *ret_size, struct err *err)
{
        _cleanup_free_ char *text = NULL;
        struct patch_line line;
        const char *at;

        if (!patch_peek(reader, "literal ") || !patch_line(reader, &line))
                return patch_refuse(reader, "a binary file without its bytes", err);
        text = xmemdup(line.text, line.len);
        at = text + strlen("literal ");
        if (take_number(&at, 12, ret_size) < 0)
                return patch_refuse(reader, "a literal without its size", err);
        while (patch_line(reader, &line) && line.len)
                if (decode_row(&line, ret_packed) < 0)
                        return patch_refuse(reader, "no base 85", err);
        return 0;
}

/* The new side, then the old one, which is known and needs no unpacking. */
static int take_literals(struct patch_reader *reader, struct str *ret, struct err *err)
{
        _cleanup_str_ struct str packed = {0}, old = {0};
        struct patch_line line;
        uint64_t size = 0, ignored;

        patch_line(reader, &line); /* GIT binary patch */
        if (read_literal(reader, &packed, &size, err) < 0)
                return -1;
        if (size > reader->room)
                return patch_refuse(reader, "its binary files unpack to far more than any patch's do", err);
        reader->room -= size;
        if (inflate_all(&packed, size, ret) < 0)
                return patch_refuse(reader, "a literal of another size", err);
        return read_literal(reader, &old, &ignored, err);
}

int patch_content(struct patch_reader *reader, const struct patch_file *file, const char *old, size_t old_len,
                  struct str *ret, struct err *err)
{
        struct patch_line hidden;

        if (patch_peek(reader, "--- "))
                return apply_hunks(reader, old, old_len, ret, err);
        if (patch_peek(reader, "GIT binary patch\n"))
                return take_literals(reader, ret, err);
        if (patch_peek(reader, "Binary files ")) { /* its bytes are hidden: something binary stands for them */
                patch_line(reader, &hidden);
                str_append(ret, "", 1);
                return 0;
        }
        if (!file->new_id[0])
                str_append(ret, old, old_len); /* only the mode */
        return 0;
}
