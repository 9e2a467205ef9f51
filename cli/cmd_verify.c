/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel verify RUN | COMMIT | PACKET | RANGE: is everything that vouches for a result as it was written? Offline; writes nothing.
 * What is named is tried in this order: a packet's file or folder (it has a slash or ends in .tar.zst, and is there), a range (A..B), a
 * run, a revision. A path without "./", or the beginning of a run's name, that is a revision too is refused.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/verify.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/history.h"
#include "lib/packet/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RANGE_MAX 100000

struct verify_options {
        bool json;
        const char *signers;
        struct strv keys;
        struct trust trust;
        json_t *told; /* the results of all, with --json */
        size_t bad;
};

static void options_release(struct verify_options *options)
{
        strv_release(&options->keys);
        trust_release(&options->trust);
        json_decref(options->told);
}

static void tell(struct context *context, struct verify_options *options, const struct verified *verified, bool line)
{
        _cleanup_str_ struct str out = {0};

        options->bad += verified->verdict.len > 0;
        if (options->json) {
                json_array_append_new(options->told, verified_json(verified));
                return;
        }
        if (line)
                verified_put_line(verified, context->colour_out, &out);
        else
                verified_put(verified, context->colour_out, render_columns(STDOUT_FILENO), &out);
        fputs(str_text(&out), stdout);
}

static int one_packet(struct context *context, struct verify_options *options, const char *which, struct err *err)
{
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        _cleanup_verified_ struct verified verified = {.by = VERIFIED_BY_NOTHING};

        if (packet_find(context, which, &ref, err) < 0 ||
            verify_packet(context, &options->trust, &ref, &verified, err) < 0 ||
            (ref.stored && verify_chains(context, &verified.verdict, err) < 0))
                return -1;
        tell(context, options, &verified, false);
        return 0;
}

static int one_commit(struct context *context, struct verify_options *options, const char *revision, struct err *err)
{
        _cleanup_verified_ struct verified verified = {.by = VERIFIED_BY_NOTHING};
        char commit[GIT_HEX];

        if (repo_resolve_commit(context->repo, revision, commit, err) < 0 ||
            verify_commit(context, &options->trust, commit, &verified, err) < 0 ||
            (verified.by == VERIFIED_BY_PACKET && verify_chains(context, &verified.verdict, err) < 0))
                return -1;
        tell(context, options, &verified, false);
        return 0;
}

/* "A..B", either end empty for HEAD. */
static int range(struct context *context, struct verify_options *options, const char *text, struct err *err)
{
        const char *dots = strstr(text, "..");
        _cleanup_free_ char *from = xmemdup(text, (size_t)(dots - text));
        _cleanup_strv_ struct strv hidden = {0}, commits = {0};
        char commit[GIT_HEX];

        if (dots[2] == '.' || strstr(dots + 2, ".."))
                return err_set(err, ERR_INPUT, "%s is no range; expected A..B", text);
        if (repo_resolve_commit(context->repo, from[0] ? from : "HEAD", commit, err) < 0)
                return -1;
        strv_add(&hidden, commit);
        if (repo_resolve_commit(context->repo, dots[2] ? dots + 2 : "HEAD", commit, err) < 0 ||
            history_between(context->repo, commit, &hidden, RANGE_MAX, &commits, err) < 0)
                return -1;
        for (size_t i = 0; i < commits.len; i++) {
                _cleanup_verified_ struct verified verified = {.by = VERIFIED_BY_NOTHING};

                if (verify_commit(context, &options->trust, commits.items[i], &verified, err) < 0 ||
                    (i + 1 == commits.len && verify_chains(context, &verified.verdict, err) < 0))
                        return -1;
                tell(context, options, &verified, true);
        }
        if (!options->json)
                printf("%zu of %zu commits are vouched for\n", commits.len - options->bad, commits.len);
        return 0;
}

/* A branch may have slashes in its name, but no part that is two dots; nor has it the ending of an archive. */
static bool is_range(const char *which)
{
        const char *dots = strstr(which, "..");
        const size_t len = strlen(which), ending = strlen(ARCHIVE_SUFFIX);

        return dots && dots[2] != '/' && (len < ending || strcmp(which + len - ending, ARCHIVE_SUFFIX) != 0);
}

static int unknown(const char *which, struct err *err)
{
        const char *why = !packet_is_path(which)     ? "`cupel runs` lists the runs"
                          : access(which, F_OK) == 0 ? "the folder that is there has no evidence/"
                                                     : "there is no such file or folder";

        return err_set(err, ERR_NOT_FOUND, "%s is no run, commit, range or packet that is known here; %s", which, why);
}

/*
 * Folders of a worktree, and names of runs, which begin with a title, may be an agent's choice: what goes by such a name, and is what
 * git calls by it too, is not taken for either.
 */
static int expect_no_revision(const struct context *context, const char *which, const char *what, const char *instead,
                              struct err *err)
{
        struct err ignored = ERR_INIT;
        char commit[GIT_HEX];

        if (!context->repo || repo_resolve_commit(context->repo, which, commit, &ignored) < 0)
                return 0;
        return err_set(err, ERR_INPUT,
                       "%s is %s, and a revision, too: say %s, or for the commit refs/heads/%s or its id (%.12s)",
                       which, what, instead, which, commit);
}

static int one_path(struct context *context, struct verify_options *options, const char *which, struct err *err)
{
        _cleanup_free_ char *plain = xasprintf("./%s", which);

        if (which[0] != '.' && which[0] != '/' &&
            expect_no_revision(context, which, "a packet that is here", plain, err) < 0)
                return -1;
        return one_packet(context, options, which, err);
}

static int one_run(struct context *context, struct verify_options *options, const char *which,
                   const struct store_run *run, struct err *err)
{
        if (which[0] != '@' && strcmp(which, run->id) != 0 &&
            expect_no_revision(context, which, "the beginning of a run's name", run->id, err) < 0)
                return -1;
        return one_packet(context, options, run->id, err);
}

static int no_place(const char *which, struct err *err)
{
        _cleanup_free_ char *here = realpath(".", NULL);

        return err_set(err, ERR_INPUT,
                       "%s is no packet that is here, and %s is not in a git repository that could know it", which,
                       here ? here : "this folder");
}

static int verify_one(struct context *context, struct verify_options *options, const char *which, struct err *err)
{
        struct err no_run = ERR_INIT;
        _cleanup_store_run_ struct store_run run = {0};

        if (packet_is_here(which))
                return one_path(context, options, which, err);
        if (!context->repo)
                return no_place(which, err);
        if (is_range(which))
                return range(context, options, which, err);
        if (!context->store && which[0] == '@')
                return context_find_run(context, which, &run, err);
        if (context->store && store_run_get(context->store, which, &run, &no_run) == 0)
                return one_run(context, options, which, &run, err);
        if (no_run.code != ERR_NOT_FOUND && no_run.code != ERR_OK)
                return *err = no_run, -1;
        if (one_commit(context, options, which, err) == 0)
                return 0;
        return err->code == ERR_NOT_FOUND ? unknown(which, err) : -1;
}

/* An archive needs neither a repository nor a history; where there is one, it is asked too. */
static void open_what_is_here(struct context *context)
{
        struct err ignored = ERR_INIT;

        if (context_open_repository(context, ".", &ignored) == 0)
                (void)context_open_history(context, &ignored);
}

int cmd_verify(struct context *context, int argc, char **argv, struct err *err)
{
        __attribute__((cleanup(options_release))) struct verify_options options = {.told = json_array()};
        struct option_rest rest = {.least = 1, .most = SIZE_MAX};
        const struct option_spec table[] = {
                {"key", 'k', OPTION_REPEAT, &options.keys, "FILE",
                 "public keys of attestations (PEM); default: this machine's, keys/attest.pub; may be repeated"},
                {"allowed-signers", 0, OPTION_TEXT, &options.signers, "FILE",
                 "who may sign commits; default: this machine's, keys/allowed_signers"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "one object per thing verified, in an array"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        open_what_is_here(context);
        if (trust_load(&options.trust, context, &options.keys, options.signers, err) < 0)
                return -1;
        for (size_t i = 0; i < rest.len; i++)
                if (verify_one(context, &options, rest.items[i], err) < 0)
                        return -1;
        if (options.json)
                json_print(stdout, options.told);
        return options.bad ? 1 : 0;
}
