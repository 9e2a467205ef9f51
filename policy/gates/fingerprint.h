/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_FINGERPRINT_H
#define CUPEL_POLICY_GATES_FINGERPRINT_H

/*
 * Lines that repeat, by winnowing (Schleimer, Wilkerson, Aiken: Winnowing: Local Algorithms for Document Fingerprinting, 2003). A text
 * is a row of lines without white space and without lines that say nothing (blank, braces, a lone `else`); a fingerprint is the hash of
 * k of them; of each w in a row the least is kept, so that of any match of k + w - 1 lines at least one fingerprint is kept on both
 * sides, and both texts cost a fraction of their lines. What the fingerprints find is then compared line by line.
 *
 *         struct fingerprints *prints = fingerprints_new(8);              matches of 8 lines and more are found
 *         fingerprints_add(prints, "src/a.c", &row);                      each source; takes nothing of `row`
 *         for (size_t from = 0; fingerprints_find(prints, &row, from, &match); from = match.end) …
 *         fingerprints_free(prints);
 *
 *         struct line_row row = {0};
 *         line_row_add(&row, text, len, number);                          in order; lines that say nothing are skipped
 *         line_row_break(&row);                                           what follows is not consecutive
 *         line_row_clear(&row), line_row_release(&row);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_row {
        uint64_t *hashes; /* 0: a break */
        uint32_t *numbers;
        size_t len, cap;
};

void line_row_add(struct line_row *row, const char *text, size_t len, uint32_t number);
void line_row_break(struct line_row *row);
void line_row_clear(struct line_row *row);
void line_row_release(struct line_row *row);

struct line_match {
        const char *path;     /* borrowed from the fingerprints */
        uint32_t line, first; /* of the source; of the row that was asked about */
        size_t lines;         /* that say something */
        size_t end;           /* where to go on */
};

struct fingerprints;

struct fingerprints *fingerprints_new(size_t lines);
void fingerprints_free(struct fingerprints *prints);
void fingerprints_add(struct fingerprints *prints, const char *path, const struct line_row *row);
bool fingerprints_find(struct fingerprints *prints, const struct line_row *row, size_t from, struct line_match *ret);

static inline void fingerprints_cleanup(struct fingerprints **prints)
{
        fingerprints_free(*prints);
}
#define _cleanup_fingerprints_ __attribute__((cleanup(fingerprints_cleanup)))
#define _cleanup_line_row_ __attribute__((cleanup(line_row_release)))

#endif
