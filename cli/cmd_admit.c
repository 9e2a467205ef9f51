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
        bool yes, json, show;
        const char *base;
        struct admission_wish wish;
};

static void print_openings(const struct policy_files *files)
{
        _cleanup_str_ struct str lines = {0};

        if (!files->openings.json) {
                return;
        }
        openings_list(&files->openings, &lines);
        printf("the policy (%s) opens to runs:\n%s", files->own_origin ? files->own_origin : "none", str_text(&lines));
}

static int print_record(struct context *context, const struct policy_files *files, bool json, struct err *err)
{
        _cleanup_admission_ struct admission admission = ADMISSION_NONE;
        _cleanup_json_ json_t *told = NULL;

        if (admission_read(context, &admission, err) < 0)
                return -1;
        if (!json) {
                admission_print(&admission);
                return 0;
        }
        told = admission_json(&admission);
        json_object_set_new(told, "openings",
                            files->openings.json ? json_loads(files->openings.json, 0, NULL) : json_object());
        json_object_set_new(told, "sha256", files->openings.json ? json_string(files->openings.sha256) : json_null());
        json_print(stdout, told);
        return 0;
}

/* The record, and what a run would be blocked for by it. */
static int show(struct context *context, const struct policy_files *files, bool json, struct err *err)
{
        _cleanup_admission_ struct admission admission = ADMISSION_NONE;
        _cleanup_strv_ struct strv missing = {0};
        _cleanup_json_ json_t *told = NULL;

        if (admission_read(context, &admission, err) < 0 ||
            admission_check(context, &admission, files, &missing, err) < 0)
                return -1;
        if (json) {
                told = admission_json(&admission);
                json_object_set_new(told, "missing", json_from_strv(&missing));
                json_print(stdout, told);
                return 0;
        }
        admission_print(&admission);
        for (size_t i = 0; i < missing.len && admission.json; i++)
                printf("it does not hold: %s\n", missing.items[i]);
        return 0;
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
        if (options->show)
                return show(context, &files, options->json, err);
        if (!options->json)
                print_openings(&files);
        fflush(stdout);
        agreed = consent(context, &files, options->yes, err);
        if (agreed < 0)
                return -1;
        if (!agreed)
                return err_set(err, ERR_BLOCKED, "not admitted; runs that need it stay blocked");
        if (admission_set(context, &options->wish, &files, true, err) < 0)
                return -1;
        if (!options->json && files.openings.json)
                puts("a change of these values needs your consent again");
        return print_record(context, &files, options->json, err);
}

int cmd_admit(struct context *context, int argc, char **argv, struct err *err)
{
        struct admit_options options = {0};
        struct option_rest rest;
        const struct option_spec table[] = {
                {"yes", 'y', OPTION_FLAG, &options.yes, NULL, "consent without being asked"},
                {"show", 0, OPTION_FLAG, &options.show, NULL, "print the record and change nothing"},
                ADMISSION_OPTIONS(options.wish),
                {"base", 0, OPTION_TEXT, &options.base, "REV", "the policy of this commit (default: HEAD)"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "the record, and what the policy opens, as JSON"},
                {0}};
        int status = options_parse(argc, argv, table, &rest, err);

        if (status == 0)
                status = options_expect(&rest, argv[0], 0, 0, err) < 0 || admission_wish_check(&options.wish, err) < 0
                                 ? -1
                                 : admit(context, &options, err);
        admission_wish_release(&options.wish);
        return status < 0 ? -1 : 0;
}
