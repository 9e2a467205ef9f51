/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_GUESS_H
#define CUPEL_CLI_GUESS_H

/*
 * What `cupel init` believes about a repository it sees for the first time: which commands test it, and what those need to
 * see. Pure: the caller reads the files that guess_wants() names and hands them over; nothing is run.
 *
 *         struct guess_input input = {.files = files, .len = n};        present files; bytes may be cut or empty
 *         struct guesses guesses = {0};
 *         guess_verifiers(&input, &guesses);
 *         guess_policy(&guesses, &text);                                a commented .cupel/policy.yaml
 *
 * A build file that names a test target wins over what the languages would suggest, since it is what people type. File
 * contents are somebody else's: only fixed texts of our own table ever reach the policy.
 */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct guess_file {
        const char *path; /* relative to the root: "Makefile", "tests/test_a.py" */
        const char *bytes;
        size_t len;
};

struct guess_input {
        const struct guess_file *files;
        size_t len;
};

/* All texts are static. */
struct guess {
        const char *name;  /* of the verifier */
        const char *run;   /* its command */
        const char *why;   /* "Makefile has a test target" */
        const char *carry; /* ignored folder it needs from the checkout, or NULL */
        const char *hint;  /* what else may be missing inside, or NULL */
};

#define GUESSES_MAX 8

struct guesses {
        struct guess items[GUESSES_MAX];
        size_t len;
};

/* Would a file of this path change a guess? Paths at the root and directly below tests/ and test/ are worth asking about. */
bool guess_wants(const char *path);

/* The wanted paths that have fixed names, for repositories that cannot be listed: NULL-terminated. */
const char *const *guess_known_paths(void);

void guess_verifiers(const struct guess_input *input, struct guesses *ret);
void guess_policy(const struct guesses *guesses, struct str *out);

#endif
