/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: finds the command in the table, opens what its row needs, runs it, reports its error once. Everything
 * printed about commands comes from the table.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/events_print.h"
#include "cli/github.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/outside.h"
#include "cli/recover.h"
#include "cli/render.h"

#include "lib/base/memory.h"
#include "lib/base/nearest.h"
#include "lib/base/signals.h"
#include "sandbox/cage.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMANDS_MAX 64
#define NAME_CELLS 10

static void put_command(const struct command *command, FILE *out)
{
        _cleanup_str_ struct str line = {0};

        render_wrapped(&line, command->summary, NAME_CELLS + 3, NAME_CELLS + 3);
        fprintf(out, "  %-*s %s\n", NAME_CELLS, command->name, str_text(&line));
}

static void print_help(FILE *out)
{
        fputs("cupel: one bounded work item in, one verified commit out, or no trace.\n\n"
              "usage: cupel COMMAND [ARGUMENTS]\n\n",
              out);
        for (size_t i = 0; command_at(i); i++)
                put_command(command_at(i), out);
        fputs("\n`cupel COMMAND --help` says more. The main job:\n\n"
              "  cupel init                                    once per repository\n"
              "  cupel run item.yaml                           one work item from a file\n"
              "  cupel run --title \"Fix the typo\" --verify unit -- ./agent.sh\n"
              "  cupel queue add items/, then cupel work       several, one after the other\n",
              out);
}

static int open_needs(struct context *context, const char *command, unsigned needs, struct err *err)
{
        struct err no_matter; /* a cage that cannot be begun now is told where the run starts */

        if ((needs & NEEDS_OUTSIDE) && outside_check(command, err) < 0)
                return -1;
        if ((needs & NEEDS_REPOSITORY) && context_open_repository(context, ".", err) < 0)
                return -1;
        if (needs & NEEDS_CAGE)
                (void)cage_begin(&context->cage, &no_matter);
        if ((needs & NEEDS_STORE) && context_open_store(context, err) < 0)
                return -1;
        if ((needs & NEEDS_HISTORY) && context_open_history(context, err) < 0)
                return -1;
        return (needs & NEEDS_RECOVERY) ? recover_runs(context, err) : 0;
}

/*
 * Help must work anywhere, even where what the command needs is missing. A run that a worker starts leaves what was interrupted to
 * the worker, which looks at it every few seconds.
 */
static unsigned needs_of(const struct command *command, int argc, char **argv)
{
        unsigned needs = command->needs;

        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
                        return NEEDS_NOTHING;
                if (strcmp(argv[i], "--" LAUNCH_CLAIM) == 0)
                        needs &= ~(unsigned)NEEDS_RECOVERY;
        }
        return needs;
}

/* Half an answer is none: a full disk is told. A reader that has gone had enough. */
static int finish_output(struct err *err)
{
        const bool failed = ferror(stdout);

        if ((fflush(stdout) == 0 && !failed) || events_reader_gone())
                return 0;
        return err_errno(err, "write to standard output");
}

/* What a command that writes did stands, and it says so; an exit status that tells of a failure already tells more than ours. */
static int end_output(const struct command *command, int status, struct err *err)
{
        if (finish_output(err) == 0)
                return status;
        if (command->needs & NEEDS_RECOVERY)
                err_wrap(err,
                         "what cupel %s did stands, what it had to say is lost (`cupel runs`, `cupel show` tell of "
                         "runs)",
                         command->name);
        if (status == 0)
                return -1;
        err_report(stderr, "cupel", err);
        return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
        struct err err = ERR_INIT;
        struct context context = {0};
        int status = -1;

        if (context_init(&context, &err) == 0 &&
            open_needs(&context, command->name, needs_of(command, argc, argv), &err) == 0)
                status = command->run(&context, argc, argv, &err);
        if (status >= 0)
                status = end_output(command, status, &err);
        context_leave(&context);
        if (status < 0) {
                err_report(stderr, "cupel", &err);
                status = err_exit_status(&err);
        }
        memory_leave(status);
        context_release(&context);
        return status;
}

/* Of what needs no command; the exit status. */
static int print_end(void)
{
        struct err err = ERR_INIT;

        if (finish_output(&err) == 0)
                return 0;
        err_report(stderr, "cupel", &err);
        return err_exit_status(&err);
}

static void report_unknown(const char *typed)
{
        const char *names[COMMANDS_MAX + 1] = {0};
        const char *near;

        for (size_t i = 0; i < COMMANDS_MAX && command_at(i); i++)
                names[i] = command_at(i)->name;
        near = nearest_word(typed, names);
        if (near)
                fprintf(stderr, "cupel: no command %.64s; did you mean %s? (`cupel --help` lists them)\n", typed, near);
        else
                fprintf(stderr, "cupel: no command %.64s; `cupel --help` lists them\n", typed);
}

/*
 * Who closed one of them would have its number given to a socket or a file of the run, into which what is printed would go, and
 * which programs of ours would take for it.
 */
static void fill_standard_descriptors(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR); /* the lowest that is free */
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd > STDERR_FILENO)
                close(fd);
}

/*
 * What a umask takes from others stays taken. What it takes from the owner would be taken from us: we could not open the folders that we
 * make, and nor could who makes the next run. Every process of a run has it from here.
 */
static void keep_what_is_ours(void)
{
        const mode_t given = umask(077);

        umask(given & 077);
}

int main(int argc, char **argv)
{
        const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

        fill_standard_descriptors();
        keep_what_is_ours();
        memory_keep();
        if (isatty(STDOUT_FILENO) || isatty(STDERR_FILENO))
                setlocale(LC_CTYPE,
                          ""); /* widths of characters matter on a terminal alone, and the tables take time to load */
        signals_spare_writers();
        github_guard();
        if (command)
                return run_command(command, argc - 1, argv + 1);
        if (argc == 3 && strcmp(argv[1], "help") == 0 && command_find(argv[2])) {
                char option[] = "--help";

                return run_command(command_find(argv[2]), 2, (char *[]){argv[2], option, NULL});
        }
        if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
                printf("cupel %s\n", CUPEL_VERSION);
                return print_end();
        }
        if (argc > 1 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)) {
                print_help(stdout);
                return print_end();
        }
        if (argc > 1)
                report_unknown(argv[1]);
        else
                print_help(stderr);
        return 2;
}
