/* SPDX-License-Identifier: Apache-2.0 */
/* In each text the letters say what they are: c code, m comment, t text; everything else counts for nothing. */
#include "policy/gates/language.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        enum language language;
        const char *text;
} cases[] = {
        {LANG_C, "c // m\nc \"t // t\" c /* m \" m */ c 't' c\n"},
        {LANG_C, "c \"t \\\" t\" c \"t\nc"},
        {LANG_CPP, "c = R\"(t \" t // )t\" t)\"; // m\n"},
        {LANG_CPP, "1'000'000 c 't' c\n"},
        {LANG_PYTHON, "c # m\nc '''t \n # t ' t''' c \"t\" # m 'm'"},
        {LANG_JS, "c = /t\\/[t/]t/; c / c / c; // m\nc `t ${t} \n t` c"},
        {LANG_JS, "c (/t\"t/) c \"t\" /* m */"},
        {LANG_GO, "c `t // t \\` c \"t\" // m"},
        {LANG_RUST, "/* m /* m */ m */ c<'c> c 't' c r#\"t \" t\"# c '\\t' c b\"t\""},
        {LANG_JAVA, "c \"\"\"\nt \" t // t\n\"\"\" c // m"},
        {LANG_SHELL, "c # m 'm'\nc$# c \"t # t\" '\n # t' c\\' c"},
        {LANG_SHELL, "c <<-'c'\nt # t\n\tc\nc # m"},
        {LANG_NONE, "c // c # c"},
};

Test(language, code_comments_and_texts_are_told_apart)
{
        static const char letters[] = "cmt";

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const size_t len = strlen(cases[i].text);
                unsigned char *classes = calloc(len + 1, 1);

                language_classify(cases[i].language, cases[i].text, len, classes);
                for (size_t at = 0; at < len; at++) {
                        const char *letter = strchr(letters, cases[i].text[at]);

                        if (cases[i].text[at] && letter && !(at && cases[i].text[at - 1] == '\\'))
                                cr_expect_eq(classes[at], letter - letters, "case %zu, byte %zu of: %s", i, at,
                                             cases[i].text);
                }
                free(classes);
        }
}

Test(language, is_known_by_the_end_of_the_path_or_the_interpreter)
{
        static const struct {
                const char *path, *text;
                enum language language;
        } known[] = {{"a/b.c", "", LANG_C},
                     {"a.tsx", "", LANG_JS},
                     {"bin/run", "#!/bin/sh\n", LANG_SHELL},
                     {"bin/run", "#!/usr/bin/env python3\n", LANG_PYTHON},
                     {"a.d/run", "", LANG_NONE},
                     {"a.txt", "#!/bin/sh\n", LANG_NONE},
                     {"types.pyi", "", LANG_NONE},
                     {"a.py.orig", "", LANG_NONE}};

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                cr_expect_eq(language_of(known[i].path, known[i].text, strlen(known[i].text)), known[i].language, "%s",
                             known[i].path);
}

/* What begins and never ends, at every place of every language: no byte behind the text is read. */
Test(language, texts_that_end_anywhere)
{
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                for (size_t len = 0; len <= strlen(cases[i].text); len++) {
                        char *text = calloc(len + 1, 1);
                        unsigned char *classes = malloc(len ? len : 1);

                        memcpy(text, cases[i].text, len);
                        language_classify(cases[i].language, text, len, classes);
                        free(text);
                        free(classes);
                }
}
