/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_LAST_WORDS_H
#define CUPEL_RUNNER_LAST_WORDS_H

/*
 * What an agent said last, as text that a person reads: the end of its log without a terminal's control sequences, and, where
 * the agent prints JSON, the text that is in its last object that has any ("result", "response", "text", "message", …).
 *
 *         struct last_words words = {0};
 *         last_words_read(&words, logs_fd, "agent.log", plan.prompt);    a log that cannot be read: nothing was said
 *         words.log                                          the end of the log: what `means` looks at
 *         last_words_reasons(&words, "agent.log", &reasons); its last lines, each as `agent.log: "line"`
 *         last_words_release(&words);
 *
 * Agents repeat what they were told: lines that are lines of the prompt are not their words, and are left out. Else what an
 * earlier run ended with, which the prompt tells, would be what this one ends with.
 *
 * Hostile: bounded (LAST_WORDS_BYTES are read), quoted by last_words_reasons(), and believed by nobody.
 */

#include "lib/base/str.h"

#define LAST_WORDS_BYTES ((size_t)64 << 10)

struct last_words {
        struct str log;  /* plain bytes, line ends; other control characters may still be in it */
        struct str text; /* of its JSON; empty where it printed none */
};

/* `prompt` may be NULL. The second: of these bytes. */
void last_words_read(struct last_words *words, int logs_dirfd, const char *name, const char *prompt);
void last_words_take(struct last_words *words, const char *bytes, size_t len, const char *prompt);
void last_words_reasons(const struct last_words *words, const char *name, struct strv *ret);
void last_words_release(struct last_words *words);

#define _cleanup_last_words_ __attribute__((cleanup(last_words_release)))

#endif
