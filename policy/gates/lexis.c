/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/lexis.h"

#include <ctype.h>
#include <string.h>

#define NEVER_CLOSED_MAX 100 /* each is looked for up to the end of the text */
#define DELIMITER_MAX 64     /* C++ allows 16, shells any word; longer ones are no delimiters to us */

bool scan_has(const struct scan *scan, size_t at, const char *wanted)
{
        size_t len = strlen(wanted);

        return at < scan->len && scan->len - at >= len && memcmp(scan->text + at, wanted, len) == 0;
}

size_t scan_mark(const struct scan *scan, size_t from, size_t to, enum byte_class class)
{
        if (to > from)
                memset(scan->classes + from, (int)class, to - from);
        return to;
}

static unsigned char at_or_0(const struct scan *scan, size_t at)
{
        return at < scan->len ? (unsigned char)scan->text[at] : 0;
}

static bool is_word(unsigned char c)
{
        return isalnum(c) || c == '_' || c >= 0x80;
}

static bool after_word(const struct scan *scan)
{
        return scan->at && is_word((unsigned char)scan->text[scan->at - 1]);
}

/* Everything up to `close` is text; without it, up to the end. */
static size_t text_until(const struct scan *scan, size_t start, const char *close, size_t close_len)
{
        const char *end = start < scan->len ? memmem(scan->text + start, scan->len - start, close, close_len) : NULL;

        if (!end)
                return scan_mark(scan, start < scan->len ? start : scan->len, scan->len, BYTE_TEXT);
        return scan_mark(scan, start, (size_t)(end - scan->text), BYTE_TEXT) + close_len;
}

size_t lexis_cpp(const struct scan *scan)
{
        char close[DELIMITER_MAX + 2] = ")";
        size_t len = 0, start = scan->at + 2;

        if (scan->text[scan->at] == '\'' && after_word(scan) && isxdigit(at_or_0(scan, scan->at + 1)) &&
            isxdigit((unsigned char)scan->text[scan->at - 1]))
                return scan->at + 1;
        if (!scan_has(scan, scan->at, "R\"") || (after_word(scan) && !strchr("LuU8", scan->text[scan->at - 1])))
                return scan->at;
        while (len < DELIMITER_MAX - 2 && at_or_0(scan, start + len) > ' ' && at_or_0(scan, start + len) != '(')
                len++;
        if (at_or_0(scan, start + len) != '(')
                return scan->at;
        memcpy(close + 1, scan->text + start, len);
        close[len + 1] = '"';
        return text_until(scan, start + len + 1, close, len + 2);
}

size_t lexis_rust(const struct scan *scan)
{
        char close[DELIMITER_MAX + 1] = "\"";
        size_t hashes = 0, at = scan->at + 1;

        if (scan->text[scan->at] == '\'') /* a lifetime, unless a quote follows one character, or an escape does */
                return at_or_0(scan, at) != '\\' && at_or_0(scan, at) < 0x80 && at_or_0(scan, at + 1) != '\''
                               ? at
                               : scan->at;
        if (scan->text[scan->at] != 'r' || (after_word(scan) && scan->text[scan->at - 1] != 'b'))
                return scan->at;
        while (hashes < DELIMITER_MAX - 1 && at_or_0(scan, at + hashes) == '#')
                close[++hashes] = '#';
        if (at_or_0(scan, at + hashes) != '"')
                return scan->at;
        return text_until(scan, at + hashes + 1, close, hashes + 1);
}

/* Whether a value may begin here, so that a slash is no division. */
static bool value_may_begin(const struct scan *scan)
{
        static const char *const words[] = {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "await"};
        size_t end = scan->at, start;

        while (end && (scan->text[end - 1] == ' ' || scan->text[end - 1] == '\t'))
                end--;
        if (!end || strchr("(,=:[!&|?{};~+-*%<>^\n", scan->text[end - 1]))
                return true;
        for (start = end; start && end - start < 8 && is_word((unsigned char)scan->text[start - 1]);)
                start--;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strlen(words[i]) == end - start && !memcmp(words[i], scan->text + start, end - start))
                        return true;
        return false;
}

size_t lexis_js(const struct scan *scan)
{
        bool in_class = false;
        size_t at = scan->at + 1;

        if (scan->text[scan->at] != '/' || at_or_0(scan, at) == '/' || at_or_0(scan, at) == '*' ||
            !value_may_begin(scan))
                return scan->at;
        for (; at < scan->len && scan->text[at] != '\n'; at++) {
                const char c = scan->text[at];

                if (c == '/' && !in_class)
                        return scan_mark(scan, scan->at + 1, at, BYTE_TEXT) + 1;
                if (c == '[')
                        in_class = true;
                else if (c == ']')
                        in_class = false;
                else if (c == '\\')
                        at++;
        }
        return scan->at; /* not closed on its line: no regular expression */
}

static const char *next_line(const char *line, const char *end)
{
        const char *stop = memchr(line, '\n', (size_t)(end - line));

        return stop ? stop + 1 : NULL;
}

/* <<WORD, <<-'WORD', <<"WORD": the lines behind this one, up to WORD alone. */
static size_t here_document(const struct scan *scan)
{
        const char *end = scan->text + scan->len, *word, *body;
        size_t at = scan->at + 2, len = 0;

        at += at_or_0(scan, at) == '-';
        while (at_or_0(scan, at) == ' ')
                at++;
        at += at_or_0(scan, at) == '\'' || at_or_0(scan, at) == '"' || at_or_0(scan, at) == '\\';
        while (len < DELIMITER_MAX && is_word(at_or_0(scan, at + len)))
                len++;
        if (!len || isdigit(at_or_0(scan, at)))
                return scan->at;
        word = scan->text + at;
        body = next_line(word, end);
        for (const char *line = body; line && line < end; line = next_line(line, end)) {
                const char *start = line + strspn(line, "\t"), *stop = memchr(start, '\n', (size_t)(end - start));

                if ((size_t)((stop ? stop : end) - start) == len && !memcmp(start, word, len))
                        return scan_mark(scan, (size_t)(body - scan->text), (size_t)(line - scan->text), BYTE_TEXT);
        }
        ++*scan->never_closed;
        return scan->at; /* a shift, or a redirection that nobody understands */
}

size_t lexis_shell(const struct scan *scan)
{
        const char c = scan->text[scan->at];
        const char *end;

        if (c == '\\')
                return scan->at + 2;
        if (scan_has(scan, scan->at, "<<<"))
                return scan->at + 3;
        if (c == '<' && at_or_0(scan, scan->at + 1) == '<' && *scan->never_closed < NEVER_CLOSED_MAX)
                return here_document(scan);
        if (c != '#' || (scan->at && !strchr(" \t\n;(|&", scan->text[scan->at - 1])))
                return scan->at;
        end = memchr(scan->text + scan->at, '\n', scan->len - scan->at);
        return scan_mark(scan, scan->at, end ? (size_t)(end - scan->text) : scan->len, BYTE_COMMENT);
}
