/* SPDX-License-Identifier: Apache-2.0 */
/* What a mistyped word was probably meant to be: the word at the smallest edit distance, where that is small enough. */
#include "lib/base/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
        const size_t a_len = strlen(a), b_len = strlen(b);
        size_t row[WORD_MAX + 1];

        if (a_len > WORD_MAX || b_len > WORD_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= b_len; j++)
                row[j] = j;
        for (size_t i = 1; i <= a_len; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= b_len; j++) {
                        const size_t above = row[j];

                        row[j] = least(diagonal + (a[i - 1] != b[j - 1]), least(above, row[j - 1]) + 1);
                        diagonal = above;
                }
        }
        return row[b_len];
}

const char *nearest_word(const char *typed, const char *const *words)
{
        const size_t enough = strlen(typed) / 3 + 1;
        const char *best = NULL;
        size_t best_distance = enough + 1;

        for (; *words; words++) {
                const size_t found = distance(typed, *words);

                if (found < best_distance && found < strlen(*words)) {
                        best = *words;
                        best_distance = found;
                }
        }
        return best;
}
