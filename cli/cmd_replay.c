/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel replay RUN | PACKET: the judgement of a past run once more, on its base and its patch, in a fresh sandbox. It moves no ref,
 * writes no object and no row: what it leaves is its exit status and what it prints.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/github.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/replay.h"
#include "cli/replay_rerun.h"
#include "cli/run_json.h"
#include "cli/terminal.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMES_MOST 1000

struct replay_options {
        bool json, quiet, host, carry, rerun, arm;
        int64_t times;
        const char *junit, *sarif, *jobs;
};

/* ---- What is printed ---- */

/* Not into a FIFO that nobody reads: that would be waited for. */
static int write_text(const char *path, const char *text, size_t len, struct err *err)
{
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);

        if (fd < 0 && errno == ENXIO)
                return err_set(err, ERR_INPUT, "%s: nobody reads it; name a file", path);
        if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0 || fs_write_all(fd, text, len) < 0)
                return err_errno(err, "write %s", path), err_place(err);
        return 0;
}

static int write_files(const struct json_t *replay, const struct replay_options *options, struct err *err)
{
        _cleanup_str_ struct str junit = {0};
        _cleanup_free_ char *sarif = NULL;

        if (options->junit) {
                replay_junit(replay, &junit);
                if (write_text(options->junit, str_text(&junit), junit.len, err) < 0)
                        return -1;
        }
        if (!options->sarif)
                return 0;
        sarif = replay_sarif(replay);
        return write_text(options->sarif, sarif, strlen(sarif), err);
}

/* What a packet had a part in is put where no commands are taken, and guarded besides (cli/github.h). */
static void print_page(const struct json_t *replay, bool colour)
{
        _cleanup_str_ struct str page = {0}, marks = {0}, end = {0};
        char token[33] = "";

        replay_view(replay, colour, &page);
        if (github_is_here() && random_hex(token, 32) == 0) {
                str_printf(&marks, "::stop-commands::%s\n", token);
                str_printf(&end, "::%s::\n", token);
                github_say(STDOUT_FILENO, str_text(&marks));
        }
        fputs(str_text(&page), stdout);
        if (!github_is_here())
                return;
        replay_annotations(replay, &end);
        github_say(STDOUT_FILENO, str_text(&end));
}

static int print(const struct context *context, const struct json_t *replay, const struct replay_options *options,
                 struct err *err)
{
        _cleanup_str_ struct str marks = {0};

        if (options->json) {
                json_print(stdout, replay);
                if (github_is_here()) {
                        replay_annotations(replay, &marks);
                        github_say(STDERR_FILENO, str_text(&marks));
                }
        } else {
                print_page(replay, context->colour_out);
        }
        return write_files(replay, options, err);
}

/* ---- Judging ---- */

static char *list_of(const struct strv *names)
{
        struct str list = {0};

        for (size_t i = 0; i < names->len; i++) {
                str_puts(&list, i ? ", " : "");
                str_put_harmless(&list, names->items[i], strlen(names->items[i]));
        }
        return str_steal(&list);
}

/* Said before it is done: a verdict may differ because of it. */
static void tell_closed(const struct replay_subject *subject, const struct replay_options *options)
{
        _cleanup_free_ char *openings = list_of(&subject->openings), *carried = list_of(&subject->carried);

        if (subject->own || options->quiet || subject->nothing)
                return;
        if (subject->openings.len && !options->host)
                fprintf(stderr,
                        "cupel: the packet's policy shows its verifiers %s; the packet is not of this machine's log, "
                        "so "
                        "they do not see this machine's (--with-host shows them)\n",
                        openings);
        if (subject->carried.len && !options->carry)
                fprintf(stderr,
                        "cupel: the packet's policy carries %s into the sandbox; the packet is not of this machine's "
                        "log, "
                        "and what git ignores here may be private, so its verifiers do not see this clone's "
                        "(--with-carry shows them)\n",
                        carried);
}

static int judge_all(const struct context *context, const struct replay_place *place,
                     const struct replay_subject *subject, const struct replay_options *options,
                     struct terminal *terminal, struct json_t *judgements, struct err *err)
{
        const struct replay_how how = {
                .host = options->host, .carry = options->carry, .jobs = options->jobs, .terminal = terminal};

        _cleanup_carry_ struct launch_carry carry = {0};

        if (options->carry && !subject->own && !place->from_bundle &&
            launch_sort_carry(context, subject->base, NULL, &subject->carried, &carry, err) < 0)
                return -1;
        for (int64_t i = 0; i < options->times; i++) {
                _cleanup_json_ json_t *now = NULL;

                if (replay_judge(place, subject, &how, &now, err) < 0)
                        return -1;
                json_array_append_new(judgements, replay_compare(subject, now));
        }
        return 0;
}

static enum replay_end end_of(const struct replay_subject *subject, const struct json_t *judgements)
{
        if (subject->fork)
                return REPLAY_END_FORK;
        for (size_t i = 0; i < json_array_size(judgements); i++)
                if (!json_is_true(json_object_get(json_array_get(judgements, i), "same")))
                        return REPLAY_END_OTHER;
        return REPLAY_END_SAME;
}

static int replay(struct context *context, struct replay_subject *subject, const struct replay_options *options,
                  struct err *err)
{
        struct replay_place place = REPLAY_PLACE_INIT;
        _cleanup_json_ json_t *judgements = json_array(), *told = NULL;
        struct terminal terminal;
        enum replay_end end;
        int failed = 0;

        if (!subject->fork && !subject->nothing) {
                tell_closed(subject, options);
                terminal_init(&terminal, context->terminal_err, options->quiet || options->json, context->colour_err);
                failed = replay_place_find(&place, context, subject, err) < 0 ||
                         judge_all(context, &place, subject, options, &terminal, judgements, err) < 0;
                terminal_end(&terminal);
        }
        end = end_of(subject, judgements);
        if (!failed) {
                told = replay_json(subject, &place, judgements, end);
                failed = print(context, told, options, err) < 0;
        }
        replay_place_release(&place);
        return failed ? -1 : replay_end_status(end);
}

static int rerun(struct context *context, struct replay_subject *subject, const struct packet_ref *ref,
                 const struct replay_options *options, struct err *err)
{
        const struct replay_rerun how = {.arm = options->arm, .quiet = options->quiet || options->json};
        _cleanup_json_ json_t *told = NULL;
        bool same;

        if (replay_rerun(context, subject, ref, &how, &told, err) < 0)
                return -1;
        same = json_is_true(json_object_get(told, "same"));
        if (options->json)
                json_print(stdout, told);
        else
                printf("%s\n  %s → %s%s  %s\n", subject->run, json_text_of(told, "then"), json_text_of(told, "now"),
                       strcmp(json_text_of(told, "now"), "held") == 0 ? " (would have landed, and never does)" : "",
                       json_text_of(told, "run"));
        return replay_end_status(same ? REPLAY_END_SAME : REPLAY_END_OTHER);
}

/* A packet from elsewhere needs no repository; where there is one, the base may be in it. */
static void open_what_is_here(struct context *context)
{
        struct err ignored = ERR_INIT;

        (void)context_open_repository(context, ".", &ignored);
}

static int check_options(const struct replay_options *options, struct err *err)
{
        if (options->times < 1 || options->times > TIMES_MOST)
                return err_set(err, ERR_INPUT, "--times: expected a number from 1 to %d", TIMES_MOST);
        if (options->rerun &&
            (options->times != 1 || options->junit || options->sarif || options->host || options->carry))
                return err_set(err, ERR_INPUT,
                               "--rerun is a run, with a packet of its own: --times, --junit, --sarif, "
                               "--with-host and --with-carry are for replays");
        if (options->arm && !options->rerun)
                return err_set(err, ERR_INPUT, "--arm is for --rerun");
        return 0;
}

int cmd_replay(struct context *context, int argc, char **argv, struct err *err)
{
        struct replay_options options = {.times = 1};
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        struct replay_subject subject = REPLAY_SUBJECT_INIT;
        const struct option_spec table[] = {
                {"times", 0, OPTION_INT, &options.times, "N", "judge N times; a table shows who is flaky"},
                {"rerun", 0, OPTION_FLAG, &options.rerun, NULL,
                 "the agent's work again, as a run of its own that never lands; not of a PACKET"},
                {"arm", 0, OPTION_FLAG, &options.arm, NULL, "with --rerun: start an item that wants arming"},
                {"with-host", 0, OPTION_FLAG, &options.host, NULL,
                 "show the folders and variables of this machine that a foreign packet's policy names"},
                {"with-carry", 0, OPTION_FLAG, &options.carry, NULL,
                 "show the ignored folders of this clone that a foreign packet's policy carries (sandbox.carry)"},
                {"jobs", 'j', OPTION_TEXT, &options.jobs, "N", "verifiers at once"},
                {"junit", 0, OPTION_TEXT, &options.junit, "FILE", "write what differs as a JUnit report"},
                {"sarif", 0, OPTION_TEXT, &options.sarif, "FILE", "write what the gates found as SARIF"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "everything, as JSON"},
                {"quiet", 'q', OPTION_FLAG, &options.quiet, NULL, "no progress"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);
        int status;

        if (got <= 0)
                return got;
        if (check_options(&options, err) < 0)
                return -1;
        if (packet_is_path(rest.items[0]))
                open_what_is_here(context);
        if (packet_find(context, rest.items[0], &ref, err) < 0)
                return -1;
        if (replay_subject_read(&subject, context, &ref, err) < 0)
                status = -1;
        else
                status = options.rerun && !subject.fork ? rerun(context, &subject, &ref, &options, err)
                                                        : replay(context, &subject, &options, err);
        replay_subject_release(&subject);
        return status;
}
