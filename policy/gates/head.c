/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/head.h"

#include <ctype.h>
#include <string.h>

static const struct {
        const char *begin, *end; /* `end` NULL: the line alone */
} marks[] = {
        {"/*", "*/"},    {"<!--", "-->"},  {"\"\"\"", "\"\"\""}, {"'''", "'''"}, {"{-", "-}"},    {"(*", "*)"},
        {"//", NULL},    {"--", NULL},     {";", NULL},          {"%", NULL},    {"dnl ", NULL},  {"*", NULL},
        {"<?", NULL},    {"<!", NULL},     {"@echo", NULL},      {"rem ", NULL}, {".\\\"", NULL}, {"'\\\"", NULL},
        {"'use ", NULL}, {"\"use ", NULL}, {"#!", NULL},         {"##", NULL},   {"# ", NULL},    {"#\t", NULL},
};

static bool starts(const char *text, size_t len, const char *with)
{
        return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

bool head_line(struct head *head, const char *text, size_t len)
{
        while (len && isspace((unsigned char)*text))
                text++, len--;
        while (len && isspace((unsigned char)text[len - 1]))
                len--;
        if (head->over || !len)
                return !head->over;
        if (head->until) {
                if (memmem(text, len, head->until, strlen(head->until)))
                        head->until = NULL;
                return true;
        }
        if (len == 1 && *text == '#')
                return true;
        for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
                size_t begin = strlen(marks[i].begin);

                if (!starts(text, len, marks[i].begin))
                        continue;
                if (marks[i].end && !memmem(text + begin, len - begin, marks[i].end, strlen(marks[i].end)))
                        head->until = marks[i].end;
                return true;
        }
        head->over = true;
        return false;
}

size_t head_len(const char *text, size_t len)
{
        struct head head = {0};
        size_t at = 0;

        while (at < len) {
                const char *eol = memchr(text + at, '\n', len - at);
                size_t line = eol ? (size_t)(eol - text) - at : len - at;

                if (!head_line(&head, text + at, line))
                        break;
                at += line + (eol != NULL);
        }
        return at;
}
