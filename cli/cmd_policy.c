/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel policy show: the effective values and where each came from, as a run started now would see them.
 * cupel policy check FILE: is this file valid, and what would it open.
 * cupel policy keys, rules, words, moods: what cupel's own tables say (cli/policy_pages.h).
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/openings_view.h"
#include "cli/options.h"
#include "cli/policy_files.h"
#include "cli/policy_pages.h"
#include "cli/profiles.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/profile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const struct policy_page *const pages[] = {&policy_keys_page, &policy_rules_page, &policy_words_page,
                                                  &policy_moods_page};

struct policy_options {
        const char *policy, *base;
        bool json, user, markdown;
};

static int find_base(struct context *context, const struct policy_options *options, char ret_base[GIT_HEX],
                     const char **ret, struct err *err)
{
        struct err unborn = ERR_INIT;

        *ret = NULL;
        if (repo_resolve_commit(context->repo, options->base ? options->base : "HEAD", ret_base, &unborn) == 0)
                *ret = ret_base;
        else if (options->base)
                *err = unborn;
        return options->base && !*ret ? -1 : 0;
}

static void print_source(const struct policy_files *files, const struct context *context)
{
        printf("# policy: %s\n# user configuration: %s%s\n",
               files->own_origin ? files->own_origin : "built-in defaults", context->config_file,
               files->has_user ? "" : " (not there)");
}

static void print_trust(const struct context *context, const struct policy_files *files)
{
        _cleanup_str_ struct str lines = {0};

        if (!files->openings.json)
                return;
        openings_list(&files->openings, &lines);
        printf("# opened to runs, %s:\n%s",
               openings_admitted(context, &files->openings) ? "admitted" : "NOT admitted (cupel admit)",
               str_text(&lines));
}

static int show(struct context *context, const struct policy_options *options, struct err *err)
{
        char commit[GIT_HEX];
        const char *base;
        _cleanup_policy_files_ struct policy_files files;
        _cleanup_str_ struct str text = {0}, safe = {0};
        struct policy_layers layers;

        policy_files_init(&files);
        files.agents = POLICY_AGENTS_NAMED;
        if (context_open_repository(context, ".", err) < 0 || find_base(context, options, commit, &base, err) < 0 ||
            context_open_history(context, err) < 0 ||
            policy_files_read(&files, context, options->policy, base, err) < 0)
                return -1;
        layers = policy_files_layers(&files);
        if (options->json) {
                _cleanup_json_ json_t *values = policy_show_json(&layers);

                json_print(stdout, values);
                return 0;
        }
        policy_show(&layers, &text);
        render_safe(&safe, str_text(&text), text.len);
        print_source(&files, context);
        fputs(str_text(&safe), stdout);
        print_trust(context, &files);
        return 0;
}

static int read_policy(const char *file, struct str *ret, struct err *err)
{
        if (strcmp(file, "-") == 0)
                return fs_read_fd(STDIN_FILENO, POLICY_BYTES_MAX, ret, err);
        if (fs_read_named(file, POLICY_BYTES_MAX, ret, err) == 0)
                return 0;
        err->code = ERR_INPUT;
        return err_wrap(err, "%s", file);
}

/* Of an installed profile a file may say single keys: whether the whole is enough for a run. */
static int check_agents(const char *file, const struct policy *installed, const struct policy *policy, struct err *err)
{
        _cleanup_policy_ struct policy none, merged;

        policy_init(&none);
        if (policy_merge(installed, &none, policy, &merged, err) < 0) {
                policy_init(&merged);
                return err_wrap(err, "%s", file);
        }
        for (size_t i = 0; i < merged.agents.len; i++)
                if (profile_check(&merged.agents.items[i], err) < 0)
                        return err_wrap(err, "%s", file);
        return 0;
}

/* Judged as what it would be: the user's configuration may name what no repository may. */
static int check(struct context *context, const char *file, bool user, struct err *err)
{
        const enum policy_source source = user ? POLICY_FROM_USER : POLICY_FROM_COMMIT;
        _cleanup_policy_ struct policy policy, none, installed;
        _cleanup_openings_ struct policy_openings openings = {0};
        _cleanup_str_ struct str bytes = {0}, lines = {0};

        policy_init(&policy);
        policy_init(&none);
        policy_init(&installed);
        if (read_policy(file, &bytes, err) < 0 ||
            policy_parse(str_text(&bytes), bytes.len, file, source, context->home, &policy, err) < 0)
                return -1;
        for (size_t i = 0; i < policy.agents.len; i++)
                if (profiles_load(policy.agents.items[i].name, &installed, err) < 0)
                        return -1;
        if (check_agents(file, &installed, &policy, err) < 0)
                return -1;
        printf("%s is valid: %zu verifier%s, %zu agent%s\n", file, policy.verifiers.len,
               policy.verifiers.len == 1 ? "" : "s", policy.agents.len, policy.agents.len == 1 ? "" : "s");
        if (user)
                return 0;
        policy_openings(&installed, &none, &policy, &openings);
        openings_list(&openings, &lines);
        if (openings.json)
                printf("it opens to runs what needs `cupel admit`:\n%s", str_text(&lines));
        return 0;
}

static int is_user_configuration(const struct context *context, const char *file)
{
        _cleanup_free_ char *real = realpath(file, NULL), *configuration = realpath(context->config_file, NULL);

        return real && configuration && strcmp(real, configuration) == 0;
}

/* Whether there was one of that name. */
static bool print_page(const char *word, const struct policy_options *options)
{
        const enum policy_page_form form = options->json       ? POLICY_PAGE_JSON
                                           : options->markdown ? POLICY_PAGE_MARKDOWN
                                                               : POLICY_PAGE_TEXT;

        for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
                if (strcmp(pages[i]->word, word) == 0) {
                        pages[i]->print[form]();
                        return true;
                }
        return false;
}

int cmd_policy(struct context *context, int argc, char **argv, struct err *err)
{
        struct policy_options options = {0};
        struct option_rest rest = {.least = 1, .most = 2};
        const struct option_spec table[] = {
                {"policy", 0, OPTION_TEXT, &options.policy, "FILE", "show: as with `cupel run --policy FILE`"},
                {"base", 0, OPTION_TEXT, &options.base, "REV", "show: the policy of this commit (default: HEAD)"},
                {"json", 0, OPTION_FLAG, &options.json, NULL,
                 "show: [{\"key\",\"value\",\"source\"}]; a list: all of it"},
                {"markdown", 0, OPTION_FLAG, &options.markdown, NULL, "keys, rules, words, moods: as in docs/"},
                {"user", 0, OPTION_FLAG, &options.user, NULL, "check: judge FILE as the user's own configuration"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (strcmp(rest.items[0], "show") == 0 && rest.len == 1)
                return show(context, &options, err);
        if (strcmp(rest.items[0], "check") == 0 && rest.len == 2)
                return check(context, rest.items[1], options.user || is_user_configuration(context, rest.items[1]),
                             err);
        if (rest.len == 1 && print_page(rest.items[0], &options))
                return 0;
        return err_set(err, ERR_INPUT,
                       "expected `cupel policy show`, `cupel policy check FILE`, or `cupel policy` with keys, rules, "
                       "words or moods");
}
