/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_HEAD_H
#define CUPEL_POLICY_GATES_HEAD_H

/* The head of a file: the comments before anything else, where a licence stands and who made the file. */

#include <stdbool.h>
#include <stddef.h>

/* Goes through the lines of a file in order; starts as {0}, which is before the first. */
struct head {
        const char *until; /* inside a block comment: its end; NULL: outside */
        bool over;
};

/* Whether the line still belongs to the head: blank, a comment, or what may stand before one (<?xml, "use strict"). */
bool head_line(struct head *head, const char *text, size_t len);

/* Bytes of the head of a whole file. */
size_t head_len(const char *text, size_t len);

#endif
