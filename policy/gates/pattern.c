/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policy/gates/pattern.h"

#include "lib/base/str.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#define STEPS_MAX 200000 /* of one search; rules take a few hundred on the longest lines that people write */
#define HEAP_KIB_MAX 1024
#define GROUPS_MAX 4

/*
 * Searched with the interpreter until so much has gone through it: machine code is a quarter of a millisecond's work for the rules of
 * one gate, and most changes are small.
 */
#define TRANSLATE_FROM ((size_t)256 << 10)

struct pattern {
        pcre2_code *code;
        pcre2_match_data *match;
        pcre2_match_context *context;
        size_t searched;         /* bytes; SIZE_MAX: it is machine code, or cannot be */
        uint32_t at[GROUPS_MAX]; /* numbers of the groups "at"; 0: none, and the whole match is meant */
};

static void complain(const char *text, int code)
{
        PCRE2_UCHAR message[128] = "";

        pcre2_get_error_message(code, message, sizeof(message));
        fprintf(stderr, "cupel: the rule's pattern \"%s\" cannot be compiled: %s\n", text, (const char *)message);
        abort();
}

/* Each row of the table of names is a number in two bytes, then the name. */
static void find_groups(struct pattern *pattern)
{
        uint32_t count = 0, size = 0;
        size_t found = 0;
        PCRE2_SPTR table;

        pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
        pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
        pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
        for (uint32_t i = 0; i < count && found < GROUPS_MAX; i++, table += size)
                if (!strcmp((const char *)table + 2, "at"))
                        pattern->at[found++] = (uint32_t)table[0] << 8 | table[1];
}

struct pattern *pattern_new(const char *text)
{
        struct pattern *pattern = xcalloc(1, sizeof(*pattern));
        const uint32_t options =
                PCRE2_MULTILINE | PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES;
        PCRE2_SIZE where;
        int code;

        pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &code, &where, NULL);
        if (!pattern->code)
                complain(text, code);
        pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
        pattern->context = pcre2_match_context_create(NULL);
        if (!pattern->match || !pattern->context)
                complain(text, PCRE2_ERROR_NOMEMORY);
        pcre2_set_match_limit(pattern->context, STEPS_MAX);
        pcre2_set_heap_limit(pattern->context, HEAP_KIB_MAX);
        find_groups(pattern);
        return pattern;
}

void pattern_free(struct pattern *pattern)
{
        if (!pattern)
                return;
        pcre2_code_free(pattern->code);
        pcre2_match_data_free(pattern->match);
        pcre2_match_context_free(pattern->context);
        free(pattern);
}

/* Refused where a process may not write and execute: the interpreter goes on then, with the same bounds. */
static void translate_when_worth(struct pattern *pattern, size_t len)
{
        if (pattern->searched == SIZE_MAX)
                return;
        pattern->searched += len;
        if (pattern->searched < TRANSLATE_FROM)
                return;
        pattern->searched = SIZE_MAX;
        (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
}

enum pattern_found pattern_find(struct pattern *pattern, const char *text, size_t len, size_t from,
                                struct pattern_span *ret)
{
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(pattern->match);
        int found;

        if (from > len)
                return PATTERN_NOTHING;
        translate_when_worth(pattern, len - from);
        found = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, from, PCRE2_NOTEMPTY, pattern->match,
                            pattern->context);
        if (found == PCRE2_ERROR_NOMATCH)
                return PATTERN_NOTHING;
        if (found < 0)
                return PATTERN_GAVE_UP;
        *ret = (struct pattern_span){.start = ends[0], .end = ends[1], .at = ends[0], .at_end = ends[1]};
        for (size_t i = 0; i < GROUPS_MAX && pattern->at[i]; i++)
                if (pattern->at[i] < (uint32_t)found && ends[2 * pattern->at[i]] != PCRE2_UNSET) {
                        ret->at = ends[2 * pattern->at[i]];
                        ret->at_end = ends[2 * pattern->at[i] + 1];
                }
        return PATTERN_FOUND;
}
