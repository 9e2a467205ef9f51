/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_run.h"

#include "cli/acceptance_view.h"
#include "cli/amendments_view.h"
#include "cli/context.h"
#include "cli/packet.h"
#include "cli/race_view.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct told {
        json_t *report, *race, *approvals, *acceptance, *amendments;
        bool packet;
};

static void told_release(struct told *told)
{
        json_decref(told->report);
        json_decref(told->race);
        json_decref(told->approvals);
        json_decref(told->acceptance);
        json_decref(told->amendments);
}

static json_t *read_report(const struct context *context, const char *run, bool *ret_there)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, run, &gone);

        *ret_there = packet >= 0;
        return packet < 0 ? NULL : packet_report(packet);
}

static int gather(struct context *context, const struct store_run *run, struct told *ret, struct err *err)
{
        if (!(ret->race = race_json(context->store, run, err)) ||
            !(ret->approvals = approvals_json(context->store, run, err)) ||
            !(ret->acceptance = acceptance_json(context->store, run->id, err)) ||
            !(ret->amendments = amendments_json(context->store, run->id, err)))
                return -1;
        ret->report = read_report(context, run->id, &ret->packet);
        return 0;
}

static void print_json(const struct context *context, const struct store_run *run, const struct story *story,
                       const struct told *told)
{
        _cleanup_json_ json_t *all = run_json(context, run);

        json_object_set(all, "race", told->race);
        json_object_set(all, "approval", told->approvals);
        json_object_set(all, "acceptance", told->acceptance);
        json_object_set(all, "amendments", told->amendments);
        json_object_set_new(all, "log", story_json(story));
        json_object_set(all, "report", told->report ? told->report : json_null());
        json_print(stdout, all);
}

int show_run(struct context *context, const struct store_run *run, bool json, struct err *err)
{
        __attribute__((cleanup(told_release))) struct told told = {0};
        _cleanup_story_ struct story story = {0};
        _cleanup_free_ char *packet = context_run_folder(context, run->id);
        _cleanup_str_ struct str out = {0};

        if (gather(context, run, &told, err) < 0 || story_read(&story, context->store, run->id, err) < 0)
                return -1;
        if (json) {
                print_json(context, run, &story, &told);
                return 0;
        }
        show_page(&(struct show_page){.run = run,
                                      .story = &story,
                                      .report = told.report,
                                      .race = told.race,
                                      .approvals = told.approvals,
                                      .acceptance = told.acceptance,
                                      .amendments = told.amendments,
                                      .packet = told.packet ? packet : NULL,
                                      .now = time(NULL),
                                      .columns = render_columns(STDOUT_FILENO),
                                      .colour = context->colour_out},
                  &out);
        fputs(str_text(&out), stdout);
        return 0;
}
