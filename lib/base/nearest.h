/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody probably meant who typed a word that there is not: "did you mean", for commands, options, keys and names. */
#ifndef CUPEL_BASE_NEAREST_H
#define CUPEL_BASE_NEAREST_H

/* The word of `words` (NULL-terminated) that `typed` was probably meant to be, or NULL where none is near. */
const char *nearest_word(const char *typed, const char *const *words);

#endif
