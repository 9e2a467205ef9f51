/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_OPTIONS_H
#define CUPEL_CLI_OPTIONS_H

/*
 * Options of one command, as a table on the command's own stack:
 *
 *         bool json = false;
 *         const char *type = NULL;
 *         int64_t at = 0;
 *         _cleanup_strv_ struct strv verify = {0};
 *         struct option_rest rest = {.least = 1, .most = 2};             how many plain arguments it takes
 *         const struct option_spec options[] = {
 *                 {"json", 0, OPTION_FLAG, &json, NULL, "print JSON"},
 *                 {"type", 't', OPTION_TEXT, &type, "TYPE", "only events of this type"},
 *                 {"verify", 0, OPTION_REPEAT, &verify, "NAME", "a verifier; may be repeated"},
 *                 {"at", 0, OPTION_INT, &at, "SEQ", "only up to this event"},
 *                 {0}};
 *         const int got = options_take(argc, argv, options, &rest, err);      argv[0] is the command's name
 *         if (got <= 0)
 *                 return got;                                           0: --help was printed, and that is all
 *
 * Where what it takes depends on what it is told: options_parse(), then options_expect().
 *
 * Forms: --name, --name VALUE, --name=VALUE, -n, -nVALUE, -n VALUE, -abc for flags. Options and plain arguments may be
 * mixed; `--` ends the options, and what comes after it is kept apart (`rest.command`). --help and -h are always there;
 * the page is made from this table and the command's row in cli/command.h. Texts are borrowed from argv; a repeated
 * option's list is the caller's to release; of a text given twice the last one holds.
 *
 * Everything wrong is ERR_INPUT and names the option that was probably meant.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
        OPTION_FLAG,   /* bool *, set to true */
        OPTION_TEXT,   /* const char **, borrowed */
        OPTION_REPEAT, /* struct strv *, appended */
        OPTION_INT,    /* int64_t *, zero or more */
};

struct option_spec {
        const char *name; /* without the dashes; NULL ends the table */
        char letter;      /* short form, or 0 */
        enum option_type type;
        void *target;
        const char *argument; /* "FILE" in the help; NULL for flags */
        const char *help;     /* NULL: not shown; for command lines that our own programs write */
};

struct option_rest {
        char **items; /* plain arguments, in order (argv's own memory, permuted) */
        size_t len;
        char **command; /* what came after `--`; NULL-terminated like argv */
        size_t command_len;
        bool dashes;        /* there was a `--` */
        size_t least, most; /* for options_take(): items that there must be, SIZE_MAX: any number */
};

/* 1: parsed, with as many plain arguments as `rest` says and nothing after `--`; 0: help was printed to stdout; -1: ERR_INPUT. */
int options_take(int argc, char **argv, const struct option_spec *table, struct option_rest *rest, struct err *err);

/* 0: parsed; 1: help was printed to stdout; -1: ERR_INPUT. */
int options_parse(int argc, char **argv, const struct option_spec *table, struct option_rest *ret, struct err *err);

/* ERR_INPUT unless there are `least` to `most` plain arguments (`most` SIZE_MAX: any number) and nothing after `--`. */
int options_expect(const struct option_rest *rest, const char *command, size_t least, size_t most, struct err *err);

/* What was parsed, as arguments again ("--name=VALUE"), appended: for a process that is to do the same. */
void options_rebuild(const struct option_spec *table, struct strv *ret);

/* The page that --help prints: usage line, summary, aligned options. */
void options_help(const char *command, const char *arguments, const char *summary, const struct option_spec *table,
                  struct str *out);

#endif
