/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over argv. Plain arguments are moved to the front of argv as they are met, so the parser needs no memory of its
 * own; the first `--` ends the pass. A failure leaves argv permuted and targets partly set: the command ends anyway.
 */
#include "cli/options.h"

#include "cli/command.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/nearest.h"

#include <errno.h>
#include <string.h>

#define USAGE "usage: cupel "

struct parser {
        const struct option_spec *table;
        const char *command;
        char **argv;
        int argc, at; /* argv[at] is being looked at */
};

static const struct option_spec help_option = {"help", 'h', OPTION_FLAG, NULL, NULL, "show this page"};

static const struct option_spec *find_name(const struct option_spec *table, const char *name, size_t len)
{
        for (; table->name; table++)
                if (strlen(table->name) == len && memcmp(table->name, name, len) == 0)
                        return table;
        return len == 4 && memcmp(name, "help", 4) == 0 ? &help_option : NULL;
}

static const struct option_spec *find_letter(const struct option_spec *table, char letter)
{
        for (; table->name; table++)
                if (table->letter == letter)
                        return table;
        return letter == 'h' ? &help_option : NULL;
}

/* What the user typed goes to a terminal: it may come from a script's data. */
static int refuse_unknown(const struct parser *parser, const char *typed, size_t len, struct err *err)
{
        _cleanup_str_ struct str quoted = {0};
        _cleanup_free_ char *name = xmemdup(typed, len);
        const char *names[64] = {"help"};
        const char *near;

        for (size_t i = 0, count = 1; i < 62 && parser->table[i].name; i++)
                if (parser->table[i].help)
                        names[count++] = parser->table[i].name;
        near = nearest_word(name, names);
        str_put_quoted(&quoted, typed, len);
        if (near)
                return err_set(err, ERR_INPUT, "no option --%.80s; did you mean --%s? (`cupel %s --help` lists them)",
                               str_text(&quoted), near, parser->command);
        return err_set(err, ERR_INPUT, "no option --%.80s; `cupel %s --help` lists them", str_text(&quoted),
                       parser->command);
}

static int set_int(const struct option_spec *option, const char *value, struct err *err)
{
        char *end = NULL;
        long long number;

        errno = 0;
        number = strtoll(value, &end, 10);
        if (errno || value[0] < '0' || value[0] > '9' || *end)
                return err_set(err, ERR_INPUT, "--%s: expected a whole number", option->name);
        *(int64_t *)option->target = number;
        return 0;
}

static int set_value(const struct option_spec *option, const char *value, struct err *err)
{
        switch (option->type) {
        case OPTION_TEXT:
                *(const char **)option->target = value;
                return 0;
        case OPTION_REPEAT:
                strv_add(option->target, value);
                return 0;
        case OPTION_INT:
                return set_int(option, value, err);
        case OPTION_FLAG:
                break;
        }
        return err_set(err, ERR_INPUT, "--%s takes no value", option->name);
}

/* `value` is what was glued to the option, or NULL: then the next argument is taken, whatever it looks like. */
static int take_value(struct parser *parser, const struct option_spec *option, const char *value, struct err *err)
{
        if (!value && parser->at + 1 >= parser->argc)
                return err_set(err, ERR_INPUT, "--%s needs a value: --%s %s", option->name, option->name,
                               option->argument ? option->argument : "VALUE");
        return set_value(option, value ? value : parser->argv[++parser->at], err);
}

/* 1: it was --help */
static int set_flag(const struct option_spec *option)
{
        if (option == &help_option)
                return 1;
        *(bool *)option->target = true;
        return 0;
}

static int parse_long(struct parser *parser, const char *typed, struct err *err)
{
        const char *equals = strchr(typed, '=');
        const size_t len = equals ? (size_t)(equals - typed) : strlen(typed);
        const struct option_spec *option = find_name(parser->table, typed, len);

        if (!option)
                return refuse_unknown(parser, typed, len, err);
        if (option->type != OPTION_FLAG)
                return take_value(parser, option, equals ? equals + 1 : NULL, err);
        if (equals)
                return err_set(err, ERR_INPUT, "--%s takes no value", option->name);
        return set_flag(option);
}

static int parse_short(struct parser *parser, const char *letters, struct err *err)
{
        for (; *letters; letters++) {
                const struct option_spec *option = find_letter(parser->table, *letters);

                if (!option)
                        return err_set(err, ERR_INPUT, "no option -%c; `cupel %s --help` lists them",
                                       *letters > ' ' && *letters < 127 ? *letters : '?', parser->command);
                if (option->type != OPTION_FLAG)
                        return take_value(parser, option, letters[1] ? letters + 1 : NULL, err);
                if (set_flag(option))
                        return 1;
        }
        return 0;
}

static const struct row {
        const char *name, *arguments, *summary;
} rows[] = {
#define X(name, needs, arguments, summary) {#name, arguments, summary},
        COMMANDS(X)
#undef X
};

static const struct row *row_of(const char *command)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (strcmp(rows[i].name, command) == 0)
                        return &rows[i];
        return NULL;
}

static void print_help(const struct parser *parser)
{
        const struct row *row = row_of(parser->command);
        _cleanup_str_ struct str page = {0};

        if (row)
                options_help(row->name, row->arguments, row->summary, parser->table, &page);
        command_more(parser->command, &page);
        fputs(str_text(&page), stdout);
}

int options_parse(int argc, char **argv, const struct option_spec *table, struct option_rest *ret, struct err *err)
{
        struct parser parser = {.table = table, .command = argv[0], .argv = argv, .argc = argc, .at = 1};
        struct option_rest rest = {.items = argv + 1, .command = argv + argc};
        int got = 0;

        for (; parser.at < argc && !rest.dashes; parser.at++) {
                char *arg = argv[parser.at];

                if (strcmp(arg, "--") == 0) {
                        rest.dashes = true;
                        rest.command = argv + parser.at + 1;
                        rest.command_len = (size_t)(argc - parser.at - 1);
                } else if (arg[0] == '-' && arg[1] == '-')
                        got = parse_long(&parser, arg + 2, err);
                else if (arg[0] == '-' && arg[1])
                        got = parse_short(&parser, arg + 1, err);
                else
                        rest.items[rest.len++] = arg;
                if (got < 0)
                        return -1;
                if (got) {
                        print_help(&parser);
                        return 1;
                }
        }
        *ret = rest;
        return 0;
}

int options_expect(const struct option_rest *rest, const char *command, size_t least, size_t most, struct err *err)
{
        const struct row *row = row_of(command);
        _cleanup_str_ struct str quoted = {0};

        if (rest->dashes)
                return err_set(err, ERR_INPUT, "nothing may follow -- here; `cupel %s --help` shows the usage",
                               command);
        if (rest->len < least)
                return err_set(err, ERR_INPUT, "an argument is missing: cupel %s%s%s; `cupel %s --help` says more",
                               command, row ? " " : "", row ? row->arguments : "", command);
        if (rest->len <= most)
                return 0;
        str_put_quoted(&quoted, rest->items[most], strlen(rest->items[most]));
        return err_set(err, ERR_INPUT, "unexpected argument %.80s; `cupel %s --help` shows the usage",
                       str_text(&quoted), command);
}

int options_take(int argc, char **argv, const struct option_spec *table, struct option_rest *rest, struct err *err)
{
        const size_t least = rest->least, most = rest->most;
        const int got = options_parse(argc, argv, table, rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        return options_expect(rest, argv[0], least, most, err) < 0 ? -1 : 1;
}

void options_rebuild(const struct option_spec *table, struct strv *ret)
{
        for (; table->name; table++) {
                const struct strv *list = table->target;

                if (table->type == OPTION_FLAG && *(bool *)table->target)
                        strv_add_printf(ret, "--%s", table->name);
                if (table->type == OPTION_TEXT && *(const char **)table->target)
                        strv_add_printf(ret, "--%s=%s", table->name, *(const char **)table->target);
                if (table->type == OPTION_INT)
                        strv_add_printf(ret, "--%s=%lld", table->name, (long long)*(int64_t *)table->target);
                for (size_t i = 0; table->type == OPTION_REPEAT && i < list->len; i++)
                        strv_add_printf(ret, "--%s=%s", table->name, list->items[i]);
        }
}

/* "-t, --type TYPE" */
static void put_form(const struct option_spec *option, struct str *out)
{
        if (option->letter)
                str_printf(out, "-%c, ", option->letter);
        else
                str_puts(out, "    ");
        str_printf(out, "--%s", option->name);
        if (option->argument)
                str_printf(out, " %s", option->argument);
}

static size_t form_width(const struct option_spec *option)
{
        _cleanup_str_ struct str form = {0};

        put_form(option, &form);
        return form.len;
}

static void put_row(const struct option_spec *option, size_t width, struct str *out)
{
        const size_t used = form_width(option);

        str_puts(out, "  ");
        put_form(option, out);
        str_printf(out, "%*s  ", (int)(width - used), "");
        render_wrapped(out, option->help, width + 4, width + 4);
        str_putc(out, '\n');
}

void options_help(const char *command, const char *arguments, const char *summary, const struct option_spec *table,
                  struct str *out)
{
        size_t width = form_width(&help_option);
        _cleanup_free_ char *usage = NULL;

        for (const struct option_spec *option = table; option->name; option++)
                if (option->help && form_width(option) > width)
                        width = form_width(option);
        usage = xasprintf("%s%s%s%s", command, table->name ? " [OPTIONS]" : "", arguments[0] ? " " : "", arguments);
        str_puts(out, USAGE);
        render_wrapped(out, usage, strlen(USAGE), strlen(USAGE));
        str_puts(out, "\n\n");
        render_wrapped(out, summary, 0, 0);
        str_puts(out, "\n\n");
        for (const struct option_spec *option = table; option->name; option++)
                if (option->help)
                        put_row(option, width, out);
        put_row(&help_option, width, out);
}
