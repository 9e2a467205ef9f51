/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <criterion/criterion.h>
#include <string.h>

static bool json, quiet;
static const char *type;
static struct strv verify;
static int64_t at;
static const struct option_spec options[] = {{"json", 'j', OPTION_FLAG, &json, NULL, "print JSON"},
                                             {"quiet", 'q', OPTION_FLAG, &quiet, NULL, "say less"},
                                             {"type", 't', OPTION_TEXT, &type, "TYPE", "only this type"},
                                             {"verify", 0, OPTION_REPEAT, &verify, "NAME", "a verifier"},
                                             {"at", 0, OPTION_INT, &at, "SEQ", "up to this event"},
                                             {0}};

static int parse(struct option_rest *rest, struct err *err, const char *first, ...)
{
        static char *argv[32];
        int argc = 0;
        va_list list;

        json = quiet = false;
        type = NULL;
        at = 0;
        strv_release(&verify);
        argv[argc++] = (char *)"events";
        va_start(list, first);
        for (const char *arg = first; arg; arg = va_arg(list, const char *))
                argv[argc++] = (char *)arg;
        va_end(list);
        argv[argc] = NULL;
        *err = ERR_INIT;
        return options_parse(argc, argv, options, rest, err);
}

Test(options, options_and_plain_arguments_mix)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "RUN", "--json", "--type", "note.", "more", "--at=7", NULL), 0);
        cr_assert(json);
        cr_assert_str_eq(type, "note.");
        cr_assert_eq(at, 7);
        cr_assert_eq(rest.len, 2);
        cr_assert_str_eq(rest.items[0], "RUN");
        cr_assert_str_eq(rest.items[1], "more");
        cr_assert_not(rest.dashes);
}

Test(options, short_forms_glue_and_combine)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "-jqtnote", NULL), 0);
        cr_assert(json);
        cr_assert(quiet);
        cr_assert_str_eq(type, "note");
        cr_assert_eq(parse(&rest, &err, "-t", "-x", NULL), 0);
        cr_assert_str_eq(type, "-x");
}

Test(options, two_dashes_keep_the_command_apart)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "item.yaml", "--", "sh", "-c", "--json", NULL), 0);
        cr_assert_not(json);
        cr_assert_eq(rest.len, 1);
        cr_assert_eq(rest.command_len, 3);
        cr_assert_str_eq(rest.command[0], "sh");
        cr_assert_str_eq(rest.command[2], "--json");
        cr_assert_null(rest.command[3]);
        cr_assert_eq(options_expect(&rest, "events", 1, 1, &err), -1);
}

Test(options, a_lone_dash_is_a_plain_argument)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "-", NULL), 0);
        cr_assert_eq(rest.len, 1);
}

Test(options, repeated_options_gather)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "--verify", "unit", "--verify=lint", "--verify=", NULL), 0);
        cr_assert_eq(verify.len, 3);
        cr_assert_str_eq(verify.items[1], "lint");
        cr_assert_str_eq(verify.items[2], "");
        strv_release(&verify);
}

Test(options, a_mistyped_option_names_the_one_that_was_meant)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "--jsn", NULL), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_str_eq(err.message, "no option --jsn; did you mean --json? (`cupel events --help` lists them)");
        cr_assert_eq(parse(&rest, &err, "--colour\033[2J", NULL), -1);
        cr_assert_null(strchr(err.message, '\033'));
        cr_assert_null(strstr(err.message, "did you mean"));
}

Test(options, wrong_values_are_refused)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "--at", "-1", NULL), -1);
        cr_assert_eq(parse(&rest, &err, "--at", "99999999999999999999", NULL), -1);
        cr_assert_eq(parse(&rest, &err, "--at", "7x", NULL), -1);
        cr_assert_eq(parse(&rest, &err, "--at", "", NULL), -1);
        cr_assert_eq(parse(&rest, &err, "--at", NULL), -1);
        cr_assert_str_eq(err.message, "--at needs a value: --at SEQ");
        cr_assert_eq(parse(&rest, &err, "--json=yes", NULL), -1);
        cr_assert_eq(parse(&rest, &err, "-z", NULL), -1);
        cr_assert_eq(err.code, ERR_INPUT);
}

Test(options, too_few_and_too_many_arguments_are_named)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "a", "b", NULL), 0);
        cr_assert_eq(options_expect(&rest, "events", 3, 3, &err), -1);
        cr_assert_eq(options_expect(&rest, "events", 1, 1, &err), -1);
        cr_assert_str_eq(err.message, "unexpected argument b; `cupel events --help` shows the usage");
        cr_assert_eq(options_expect(&rest, "events", 0, SIZE_MAX, &err), 0);
}

Test(options, the_help_page_is_made_from_the_table)
{
        _cleanup_str_ struct str page = {0};

        options_help("events", "RUN", "show the event log", options, &page);
        cr_assert_str_eq(str_text(&page), "usage: cupel events [OPTIONS] RUN\n\n"
                                          "show the event log\n\n"
                                          "  -j, --json         print JSON\n"
                                          "  -q, --quiet        say less\n"
                                          "  -t, --type TYPE    only this type\n"
                                          "      --verify NAME  a verifier\n"
                                          "      --at SEQ       up to this event\n"
                                          "  -h, --help         show this page\n");
}

Test(options, a_long_text_of_the_help_page_is_wrapped_below_itself)
{
        const struct option_spec table[] = {{"json", 0, OPTION_FLAG, &json, NULL,
                                             "every event that the log has, in the order in which it was written down"},
                                            {0}};
        struct str page = {0};

        options_help("events", "RUN", "the log", table, &page);
        cr_assert_str_eq(str_text(&page),
                         "usage: cupel events [OPTIONS] RUN\n\n"
                         "the log\n\n"
                         "      --json  every event that the log has, in the order in which it was written\n"
                         "              down\n"
                         "  -h, --help  show this page\n");
        str_release(&page);
}

Test(options, what_was_parsed_can_be_said_again)
{
        struct strv again = {0};
        struct option_rest rest;
        struct err err;

        cr_assert_eq(parse(&rest, &err, "-j", "-t", "--first", "--verify", "a=b c", "--verify=", "--at", "3", NULL), 0);
        options_rebuild(options, &again);
        cr_assert_eq(again.len, 5);
        cr_assert_eq(parse(&rest, &err, again.items[0], again.items[1], again.items[2], again.items[3], again.items[4],
                           NULL),
                     0, "%s", err.message);
        cr_assert(json);
        cr_assert_not(quiet);
        cr_assert_str_eq(type, "--first");
        cr_assert_eq(verify.len, 2);
        cr_assert_str_eq(verify.items[0], "a=b c");
        cr_assert_str_eq(verify.items[1], "");
        cr_assert_eq(at, 3);
        strv_release(&again);
}

Test(options, what_only_programs_say_is_on_no_page)
{
        static const char *inner;
        const struct option_spec table[] = {{"json", 0, OPTION_FLAG, &json, NULL, "print JSON"},
                                            {"a-long-name-of-our-own", 0, OPTION_TEXT, &inner, "X", NULL},
                                            {0}};
        char *argv[] = {(char *)"events", (char *)"--a-long-name-of-our-own=x", NULL};
        struct option_rest rest;
        struct str page = {0};
        struct err err = ERR_INIT;

        options_help("events", "RUN", "the log", table, &page);
        cr_assert_null(strstr(str_text(&page), "a-long-name"), "%s", str_text(&page));
        cr_assert_eq(options_parse(2, argv, table, &rest, &err), 0);
        cr_assert_str_eq(inner, "x");
        str_release(&page);
}

static int take(size_t least, size_t most, struct option_rest *rest, struct err *err)
{
        static char *argv[5];

        memcpy(argv, (char *[]){(char *)"events", (char *)"RUN", (char *)"--json", (char *)"more", NULL}, sizeof(argv));
        *rest = (struct option_rest){.least = least, .most = most};
        *err = ERR_INIT;
        return options_take(4, argv, options, rest, err);
}

Test(options, what_a_command_takes_is_counted)
{
        struct option_rest rest;
        struct err err;

        cr_assert_eq(take(1, 2, &rest, &err), 1);
        cr_assert_str_eq(rest.items[1], "more");
        cr_assert_eq(take(1, 1, &rest, &err), -1);
        cr_assert_not_null(strstr(err.message, "unexpected argument more"));
        cr_assert_eq(take(3, SIZE_MAX, &rest, &err), -1);
        cr_assert_not_null(strstr(err.message, "an argument is missing: cupel events"));
}
