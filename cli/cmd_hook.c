/* SPDX-License-Identifier: Apache-2.0 */
/* cupel hook pre-receive, on a server; cupel hook notes, where the commits were made (cli/hook.h). */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/hook.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WITHOUT_SHOWN 10

/* To standard error: git shows it to who pushes. */
static int receive(void)
{
        const char *gitdir = getenv("GIT_DIR");
        _cleanup_strv_ struct strv problems = {0};
        struct err err = ERR_INIT;

        if (hook_receive(gitdir && gitdir[0] ? gitdir : ".", stdin, &problems, &err) < 0) {
                err_wrap(&err, "refused, since it could not be judged");
                err_report(stderr, "cupel", &err);
                return 1;
        }
        for (size_t i = 0; i < problems.len; i++) {
                _cleanup_str_ struct str line = {0};

                render_line(&line, problems.items[i]);
                fprintf(stderr, "cupel: %s\n", str_text(&line));
        }
        return problems.len ? 1 : 0;
}

static void print_noted(const struct hook_noted *noted)
{
        printf(NOTES_REF ": %zu new, %zu as they were, %zu commit%s without\n", noted->noted, noted->had,
               noted->without.len, noted->without.len == 1 ? "" : "s");
        for (size_t i = 0; i < noted->without.len && i < WITHOUT_SHOWN; i++) {
                _cleanup_str_ struct str line = {0};

                render_line(&line, noted->without.items[i]);
                printf("  %s\n", str_text(&line));
        }
        if (noted->without.len > WITHOUT_SHOWN)
                printf("  and %zu more\n", noted->without.len - WITHOUT_SHOWN);
        if (noted->noted)
                printf("push it with the branch: git push REMOTE BRANCH " NOTES_REF "\n");
}

static int notes(struct context *context, struct option_rest *rest, bool json, struct err *err)
{
        struct hook_noted noted = {0};
        _cleanup_json_ json_t *told = NULL;
        int result;

        rest->items++;
        rest->len--;
        if (context_open_repository(context, ".", err) < 0 || context_open_history(context, err) < 0)
                return -1;
        result = hook_notes(context, rest, &noted, err);
        if (result == 0 && json) {
                told = json_pack("{s:s,s:I,s:I,s:o}", "ref", NOTES_REF, "noted", (json_int_t)noted.noted, "had",
                                 (json_int_t)noted.had, "without", json_from_strv(&noted.without));
                json_print(stdout, told);
        } else if (result == 0) {
                print_noted(&noted);
        }
        if (result == 0 && rest->len && noted.without.len)
                result = 1; /* of what was named, not all is vouched for */
        strv_release(&noted.without);
        return result;
}

int cmd_hook(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false;
        struct option_rest rest;
        const struct option_spec table[] = {
                {"json", 0, OPTION_FLAG, &json, NULL, "notes: what was done, as one JSON line"}, {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (rest.len == 1 && strcmp(rest.items[0], "pre-receive") == 0)
                return receive();
        if (rest.len && strcmp(rest.items[0], "notes") == 0)
                return notes(context, &rest, json, err);
        return err_set(err, ERR_INPUT,
                       "which hook? cupel hook pre-receive (on a server), or cupel hook notes (before a push)");
}
