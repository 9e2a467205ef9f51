/* SPDX-License-Identifier: Apache-2.0 */
#include "director/options.h"

#include <criterion/criterion.h>

#define BASICS "--state", "/s", "--cache", "/c", "--repository", "/r/.git", "--run"

static int parse(struct director_options *options, char **argv)
{
        struct err err = ERR_INIT;
        int argc = 0;

        while (argv[argc])
                argc++;
        return director_options_parse(argc, argv, options, &err);
}

Test(options, a_mode_and_its_values_are_read)
{
        struct director_options options;
        char *argv[] = {(char *)"d", (char *)"discard", BASICS,     (char *)"item__1",
                        "--outcome", "rejected",        "--reason", "no",
                        NULL};

        cr_assert_eq(parse(&options, argv), 0);
        cr_assert_eq(options.mode, DIRECTOR_DISCARD);
        cr_assert_eq(options.outcome, OUTCOME_REJECTED);
        cr_assert_str_eq(options.run, "item__1");
        cr_assert_null(options.who);
}

Test(options, a_run_id_is_never_a_path)
{
        struct director_options options;
        char *up[] = {"d", "run", BASICS, "../x", NULL}, *dots[] = {"d", "run", BASICS, "..", NULL},
             *empty[] = {"d", "run", BASICS, "", NULL};

        cr_assert_eq(parse(&options, up), -1);
        cr_assert_eq(parse(&options, dots), -1);
        cr_assert_eq(parse(&options, empty), -1);
}

Test(options, what_is_missing_unknown_or_senseless_is_refused)
{
        struct director_options options;
        char *none[] = {"d", NULL}, *few[] = {"d", "run", "--state", "/s", NULL},
             *odd[] = {"d", "run", BASICS, "a", "--what", "x", NULL}, *half[] = {"d", "run", BASICS, NULL},
             *bare[] = {"d", "discard", BASICS, "a", NULL},
             *early[] = {"d", "recover", BASICS, "a", "--ahead", "yes", NULL},
             *narrow[] = {"d", "run", BASICS, "a", "--landing-only", "yes", NULL},
             *sham[] = {"d", "discard", BASICS, "a", "--outcome", "committed", NULL};

        cr_assert_eq(parse(&options, none), -1);
        cr_assert_eq(parse(&options, few), -1);
        cr_assert_eq(parse(&options, odd), -1);
        cr_assert_eq(parse(&options, half), -1);
        cr_assert_eq(parse(&options, bare), -1);
        cr_assert_eq(parse(&options, early), -1);
        cr_assert_eq(parse(&options, narrow), -1);
        cr_assert_eq(parse(&options, sham), -1);
}
