/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_SOURCE_H
#define CUPEL_POLICY_GATES_SOURCE_H

/*
 * One side of a change as gates look at it: its text, what of it is code, and which of its lines the change touches.
 *
 *         _cleanup_source_ struct source source = {0};
 *         if (source_open(&source, judgement, change, true, &err) < 0) …        nobody can judge it: gate_unjudged()
 *         source_lines(&source, change, true);                                  the changed lines alone, without reading
 *         source_view(&source, VIEW_CODE)                                       the same bytes, blank where not meant
 */

#include "policy/gates/judgement.h"
#include "policy/gates/language.h"

enum view {
        VIEW_RAW,     /* every byte */
        VIEW_CODE,    /* comments and the inside of texts are blank */
        VIEW_SOURCE,  /* comments are blank */
        VIEW_COMMENT, /* all but comments is blank */
        VIEW_COUNT
};

#define NO_HUNK UINT32_MAX

struct source_line {
        size_t start;    /* of the text; its end is the next one's start less the line's end */
        uint32_t number; /* in the file; 0: a line between two hunks that is in no file */
        uint32_t hunk;   /* the line is added or removed here; else NO_HUNK */
        uint32_t gap;    /* behind the line, the other side has lines that this one has not; else NO_HUNK */
};

struct source {
        enum language language;
        struct str text;
        unsigned char *classes;
        struct source_line *lines;
        size_t len;
        char *views[VIEW_COUNT];
};

int source_open(struct source *source, const struct judgement *judgement, const struct change *change, bool new_side,
                struct err *err);
void source_lines(struct source *source, const struct change *change, bool new_side);
void source_release(struct source *source);

/* As many bytes as the text has, a NUL behind them; borrowed. */
const char *source_view(struct source *source, enum view view);

/* Index of the line that holds the byte. */
size_t source_line_at(const struct source *source, size_t offset);

/* The line's bytes without its end. */
const char *source_line_text(const struct source *source, size_t line, size_t *ret_len);

/* The first hunk that touches the lines `from` to `to` (indices, both meant); NO_HUNK: they are as they were. */
uint32_t source_touched(const struct source *source, size_t from, size_t to);

#define _cleanup_source_ __attribute__((cleanup(source_release)))

#endif
