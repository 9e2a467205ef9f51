/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel init: the repository is admitted (who, on what evidence, at what risk), a first policy is written where there is none,
 * and what it says is told together with the next step. Running it again changes nothing but the record's date.
 */
#include "cli/admission.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/init_look.h"
#include "cli/openings_view.h"
#include "cli/options.h"
#include "cli/policy_files.h"
#include "lib/base/cleanup.h"

#include <stdio.h>

enum policy_state {
        POLICY_NEW,         /* written now */
        POLICY_UNCOMMITTED, /* was in the working tree, not in HEAD */
        POLICY_COMMITTED,
        POLICY_NOWHERE, /* a bare repository without one */
};

static int ensure_policy(struct context *context, const char *head, const struct guesses *guesses,
                         enum policy_state *ret, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        struct err why = ERR_INIT;
        bool written = false;

        if (head && repo_read_blob_at(context->repo, head, POLICY_PATH, POLICY_BYTES_MAX, &bytes, &why) == 0) {
                *ret = POLICY_COMMITTED;
                return 0;
        }
        if (!repo_workdir(context->repo)) {
                *ret = POLICY_NOWHERE;
                return 0;
        }
        if (init_write_policy(context, guesses, &written, err) < 0)
                return -1;
        *ret = written ? POLICY_NEW : POLICY_UNCOMMITTED;
        return 0;
}

static void print_guesses(const struct guesses *guesses)
{
        for (size_t i = 0; i < guesses->len; i++) {
                const struct guess *guess = &guesses->items[i];

                printf("  %-12s %s\n  %-12s (%s)\n", guess->name, guess->run, "", guess->why);
                if (guess->hint)
                        printf("  %-12s needs inside: %s\n", "", guess->hint);
        }
        if (guesses->len == 0)
                puts("  no test suite was recognised: add a verifier by hand, runs need one");
}

static void print_policy(enum policy_state state, const struct guesses *guesses)
{
        switch (state) {
        case POLICY_NEW:
                puts("wrote " POLICY_PATH "; guessed verifiers:");
                print_guesses(guesses);
                break;
        case POLICY_UNCOMMITTED:
                puts(POLICY_PATH " is there, not committed; left as it is");
                break;
        case POLICY_COMMITTED:
                puts(POLICY_PATH " is committed; left as it is");
                break;
        case POLICY_NOWHERE:
                puts("a bare repository: commit a " POLICY_PATH " to the target branch, or give runs --policy FILE");
                break;
        }
}

static void print_openings(const struct context *context, const struct policy_openings *openings)
{
        _cleanup_str_ struct str lines = {0};

        if (!openings->json)
                return;
        openings_list(openings, &lines);
        printf("the policy opens to runs:\n%s", str_text(&lines));
        if (!openings_admitted(context, openings))
                puts("  nothing of it holds until you consent: cupel admit");
}

static void print_next(enum policy_state state, const struct guesses *guesses)
{
        puts("next:");
        if (state == POLICY_NEW && guesses->len == 0)
                puts("  edit " POLICY_PATH ": name the command that tests this repository");
        if (state == POLICY_NEW || state == POLICY_UNCOMMITTED)
                puts("  git add .cupel && git commit -m \"Say how work here is verified\"");
        puts("  cupel doctor                                     what sandbox this machine has\n"
             "  cupel agents                                     who is here for --agent NAME\n"
             "  cupel run --title \"Fix the typo\" -- ./agent.sh   one work item, one command\n"
             "  cupel queue add items/, then cupel work          several, one after the other");
}

/* Before anything is written into it: what is not the caller's to admit is not theirs to write to. */
static int admit_as_it_is(struct context *context, const struct admission_wish *wish, const char *base, struct err *err)
{
        _cleanup_policy_files_ struct policy_files files;

        policy_files_init(&files);
        if (policy_files_read(&files, context, NULL, base, err) < 0)
                return -1;
        return admission_set(context, wish, &files, false, err);
}

static int init(struct context *context, const struct admission_wish *wish, struct err *err)
{
        char head[GIT_HEX];
        struct err unborn = ERR_INIT;
        const char *base = repo_resolve_commit(context->repo, "HEAD", head, &unborn) == 0 ? head : NULL;
        struct guesses guesses = {0};
        enum policy_state state;
        _cleanup_policy_files_ struct policy_files files;

        policy_files_init(&files);
        if (init_guess(context, base, &guesses, err) < 0 || admit_as_it_is(context, wish, base, err) < 0 ||
            ensure_policy(context, base, &guesses, &state, err) < 0 ||
            policy_files_read(&files, context, NULL, base, err) < 0)
                return -1;
        printf("admitted %s\n", repo_path(context->repo));
        print_policy(state, &guesses);
        print_openings(context, &files.openings);
        if (!base)
                puts("nothing is committed yet: a run starts from a commit, so make the first one");
        print_next(state, &guesses);
        return 0;
}

int cmd_init(struct context *context, int argc, char **argv, struct err *err)
{
        struct admission_wish wish = {0};
        struct option_rest rest;
        bool yes = false;
        const struct option_spec options[] = {
                ADMISSION_OPTIONS(wish),
                {"yes", 'y', OPTION_FLAG, &yes, NULL, "nothing is asked anyway; for scripts"},
                {0}};
        int status = options_parse(argc, argv, options, &rest, err);

        if (status == 0)
                status = options_expect(&rest, argv[0], 0, 0, err) < 0 || admission_wish_check(&wish, err) < 0
                                 ? -1
                                 : init(context, &wish, err);
        admission_wish_release(&wish);
        return status < 0 ? -1 : 0;
}
