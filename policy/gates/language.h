/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_LANGUAGE_H
#define CUPEL_POLICY_GATES_LANGUAGE_H

/*
 * Which language a file is in, and which of its bytes are code, comment or text. Enough of each language is known to tell the three
 * apart; nothing is parsed. Any bytes are taken: what no compiler would accept is told apart somehow, in linear time.
 */

#include <stddef.h>

/* name, word in reports */
#define LANGUAGES(X)                                                                                                   \
        X(NONE, "text")                                                                                                \
        X(C, "C")                                                                                                      \
        X(CPP, "C++")                                                                                                  \
        X(PYTHON, "Python")                                                                                            \
        X(JS, "JavaScript")                                                                                            \
        X(GO, "Go")                                                                                                    \
        X(RUST, "Rust")                                                                                                \
        X(JAVA, "Java")                                                                                                \
        X(SHELL, "shell")

enum language {
#define X(name, word) LANG_##name,
        LANGUAGES(X)
#undef X
                LANG_COUNT
};

/* Sets of languages. */
#define IN(name) (1u << LANG_##name)
#define IN_ANY 0u                         /* whatever the file is */
#define IN_CODE ((1u << LANG_COUNT) - 2u) /* every language, no other text */

/* By the end of the path; where that is neither of a language nor of a document, by the interpreter that the first line names ("#!"). */
enum language language_of(const char *path, const char *text, size_t len);

enum byte_class {
        BYTE_CODE, /* the quotes around a text are code */
        BYTE_COMMENT,
        BYTE_TEXT, /* of string literals, here documents, regular expressions */
};

/* One class per byte of `text`, behind whose end there must be a NUL. */
void language_classify(enum language language, const char *text, size_t len, unsigned char *ret_classes);

#endif
