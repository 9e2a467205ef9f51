/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel admit: shows what the repository's policy opens to runs and records consent to exactly these values; any change of
 * them blocks runs until they are admitted again.
 */
#include "cli/admission.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/openings_view.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/policy_files.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>

struct admit_options {
        bool yes, json;
        const char *base;
};

static void print_openings(const struct policy_files *files)
{
        _cleanup_str_ struct str lines = {0};

        if (!files->openings.json) {
                puts("the policy opens nothing beyond your own configuration");
                return;
        }
        openings_list(&files->openings, &lines);
        printf("the policy (%s) opens to runs:\n%s", files->own_origin ? files->own_origin : "none", str_text(&lines));
}

static void print_json(const struct policy_files *files, bool admitted)
{
        _cleanup_json_ json_t *openings =
                files->openings.json ? json_loads(files->openings.json, 0, NULL) : json_object();
        _cleanup_json_ json_t *told = json_pack("{s:b,s:O,s:s?}", "admitted", admitted, "openings", openings, "sha256",
                                                files->openings.json ? files->openings.sha256 : NULL);

        json_print(stdout, told);
}

/* 1: consent is given (or none is needed), 0: refused. */
static int consent(struct context *context, const struct policy_files *files, bool yes, struct err *err)
{
        if (yes || !files->openings.json || openings_admitted(context, &files->openings))
                return 1;
        return person_agrees("Do you consent to all of this, for every run of this repository?", "--yes", err);
}

static int admit(struct context *context, const struct admit_options *options, struct err *err)
{
        char head[GIT_HEX];
        struct err unborn = ERR_INIT;
        const char *revision = options->base ? options->base : "HEAD";
        const char *base = repo_resolve_commit(context->repo, revision, head, &unborn) == 0 ? head : NULL;
        _cleanup_policy_files_ struct policy_files files;
        int agreed;

        policy_files_init(&files);
        if (options->base && !base) {
                *err = unborn;
                return -1;
        }
        if (policy_files_read(&files, context, NULL, base, err) < 0)
                return -1;
        if (!options->json)
                print_openings(&files);
        fflush(stdout);
        agreed = consent(context, &files, options->yes, err);
        if (agreed < 0)
                return -1;
        if (!agreed)
                return err_set(err, ERR_BLOCKED, "not admitted; runs that need it stay blocked");
        if (admission_consent(context, &files.openings, err) < 0)
                return -1;
        if (options->json)
                print_json(&files, true);
        else
                puts("admitted; a change of these values needs your consent again");
        return 0;
}

int cmd_admit(struct context *context, int argc, char **argv, struct err *err)
{
        struct admit_options options = {0};
        struct option_rest rest;
        const struct option_spec table[] = {
                {"yes", 'y', OPTION_FLAG, &options.yes, NULL, "consent without being asked"},
                {"base", 0, OPTION_TEXT, &options.base, "REV", "the policy of this commit (default: HEAD)"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "what was admitted, as JSON"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 0, 0, err) < 0)
                return -1;
        return admit(context, &options, err);
}
