/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel publish DIR: a static site of the runs whose work items allow it (cli/site.h). What waits for a person is named with the
 * command that approves it; the rest is counted.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/run_json.h"
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <stdio.h>

#define WAITING_SHOWN 10

struct publish_options {
        struct site_options site;
        const char *folder, *from;
        bool json;
};

static void tell_waiting(const struct site_told *told)
{
        struct json_t *run;
        size_t i;

        if (!told->waits)
                return;
        printf("%zu wait%s for a person; look: cupel publish --preview OTHER-DIR\n", told->waits,
               told->waits == 1 ? "s" : "");
        json_array_foreach(told->waiting, i, run)
        {
                if (i == WAITING_SHOWN) {
                        printf("  … and %zu more\n", told->waits - i);
                        break;
                }
                printf("  cupel approve %s --publish\n", json_string_value(run));
        }
}

static void tell(const struct publish_options *options, const struct site_told *told, const struct site_dir *dir)
{
        _cleanup_json_ struct json_t *said =
                json_pack("{s:s,s:I,s:I,s:I,s:I,s:O,s:{s:I,s:I,s:I}}", "folder", options->folder, "shown",
                          (json_int_t)told->shown, "withheld", (json_int_t)told->never + (json_int_t)told->waits,
                          "waits", (json_int_t)told->waits, "silent", (json_int_t)told->silent, "waiting",
                          told->waiting, "files", "written", (json_int_t)dir->written, "unchanged",
                          (json_int_t)dir->kept, "removed", (json_int_t)dir->removed);

        if (options->json) {
                json_print(stdout, said);
                return;
        }
        if (options->from)
                printf("%s: pages anew from the data of %s\n", options->folder, options->from);
        else
                printf("%s: %zu run%s shown, %zu withheld, %zu whose item allows no website\n", options->folder,
                       told->shown, told->shown == 1 ? "" : "s", told->never + told->waits, told->silent);
        printf("%zu file%s written, %zu unchanged, %zu removed\n", dir->written, dir->written == 1 ? "" : "s",
               dir->kept, dir->removed);
        tell_waiting(told);
}

/* From the runs here, or from the mirror of another site. */
static int publish(struct context *context, const struct publish_options *options, struct err *err)
{
        _cleanup_site_dir_ struct site_dir dir = SITE_DIR_INIT;
        _cleanup_fd_ int from = options->from ? fs_open_dir(options->from, err) : -1;
        _cleanup_json_ struct json_t *site = from < 0 ? NULL : site_of(from, err);
        const struct site_owner owner = {site ? json_text_of(site, "repository") : repo_identity(context->repo),
                                         site ? json_is_true(json_object_get(site, "preview")) : options->site.preview};
        struct site_told told = {.waiting = json_array()};
        int status = options->from && !site ? -1 : site_dir_open(&dir, options->folder, &owner, err);

        if (status < 0)
                err_place(err);
        if (status == 0)
                status = site ? site_take(from, &dir, err) : site_gather(context, &options->site, &dir, &told, err);
        if (status == 0 && (site_render(&dir, err) < 0 || site_dir_finish(&dir, err) < 0))
                status = -1;
        if (status == 0)
                tell(options, &told, &dir);
        json_decref(told.waiting);
        return status;
}

int cmd_publish(struct context *context, int argc, char **argv, struct err *err)
{
        struct publish_options options = {0};
        struct option_rest rest = {.least = 1, .most = 1};
        const struct option_spec table[] = {
                {"title", 't', OPTION_TEXT, &options.site.title, "TEXT", "the site's name; else the repository's"},
                {"preview", 0, OPTION_FLAG, &options.site.preview, NULL,
                 "show what waits for its approval, too; not to be published"},
                {"from", 0, OPTION_TEXT, &options.from, "DIR",
                 "pages anew from the data of another site, not from runs"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "what was written, as one JSON line"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (options.from && (options.site.title || options.site.preview))
                return err_set(err, ERR_INPUT, "--from takes the other site's title and runs as they are");
        options.folder = rest.items[0];
        return publish(context, &options, err);
}
