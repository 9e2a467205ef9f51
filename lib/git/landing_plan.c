/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a landing as canonical JSON and back: what the caller stores before anything is published. */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/landing_internal.h"

#include <string.h>

void (*landing_step_hook)(const char *step);

void landing_step(const char *name)
{
        if (landing_step_hook)
                landing_step_hook(name);
}

void landing_plan_release(struct landing_plan *plan)
{
        free(plan->ref);
        free(plan->base);
        free(plan->commit);
        free(plan->run_id);
        free(plan->work_folder);
        free(plan->gitdir);
        free(plan->pack);
        free(plan->log_line);
        strv_release(&plan->made);
        strv_release(&plan->loose);
        strv_release(&plan->fans);
        *plan = (struct landing_plan){0};
}

char *landing_intent_json(const struct landing *landing)
{
        const struct landing_plan *plan = &landing->plan;
        _cleanup_json_ json_t *made = json_from_strv(&plan->made), *loose = json_from_strv(&plan->loose),
                              *fans = json_from_strv(&plan->fans);
        /* json_pack refuses what is no UTF-8; names of ours are, and git quotes the rest. A gitdir that is none is left out. */
        _cleanup_json_ json_t *intent = json_pack(
                "{s:i s:s s:s s:s s:s s:s s:o* s:s* s:b s:b s:b s:b s:O s:s s:I s:O s:O}", "version", 1, "ref",
                plan->ref, "base", plan->base, "commit", plan->commit, "run_id", plan->run_id, "work_folder",
                plan->work_folder, "gitdir", json_string(plan->gitdir), "pack", plan->pack, "pack_existed",
                plan->pack_existed, "checkout", plan->checkout, "log_ref", plan->log_ref, "log_head", plan->log_head,
                "made", made, "log_line", plan->log_line, "time", (json_int_t)plan->time, "loose", loose, "fans", fans);

        return intent ? json_canonical(intent) : NULL;
}

int landing_plan_parse(struct landing_plan *plan, const char *intent, struct err *err)
{
        const char *ref = NULL, *base = NULL, *commit = NULL, *run_id = NULL, *work = NULL, *pack = NULL, *line = NULL,
                   *gitdir = NULL;
        int64_t version = 0;
        const struct json_field fields[] = {{"version", JSON_FIELD_INT, &version, true},
                                            {"ref", JSON_FIELD_STRING, &ref, true},
                                            {"base", JSON_FIELD_STRING, &base, true},
                                            {"commit", JSON_FIELD_STRING, &commit, true},
                                            {"run_id", JSON_FIELD_STRING, &run_id, true},
                                            {"work_folder", JSON_FIELD_STRING, &work, true},
                                            {"gitdir", JSON_FIELD_STRING, &gitdir, false},
                                            {"pack", JSON_FIELD_STRING, &pack, false},
                                            {"time", JSON_FIELD_INT, &plan->time, true},
                                            {"loose", JSON_FIELD_STRINGS, &plan->loose, true},
                                            {"fans", JSON_FIELD_STRINGS, &plan->fans, true},
                                            {"pack_existed", JSON_FIELD_BOOL, &plan->pack_existed, true},
                                            {"checkout", JSON_FIELD_BOOL, &plan->checkout, true},
                                            {"log_ref", JSON_FIELD_BOOL, &plan->log_ref, true},
                                            {"log_head", JSON_FIELD_BOOL, &plan->log_head, true},
                                            {"made", JSON_FIELD_STRINGS, &plan->made, true},
                                            {"log_line", JSON_FIELD_STRING, &line, true},
                                            {0}};
        _cleanup_json_ json_t *object = json_parse(intent, strlen(intent), "landing intent", err);

        if (!object || json_fields(object, "landing intent", fields, err) < 0)
                return -1;
        if (version != 1)
                return err_set(err, ERR_INPUT, "the landing intent is of another version of cupel");
        plan->ref = xstrdup(ref);
        plan->base = xstrdup(base);
        plan->commit = xstrdup(commit);
        plan->run_id = xstrdup(run_id);
        plan->work_folder = xstrdup(work);
        plan->gitdir = xstrdup(gitdir);
        plan->pack = xstrdup(pack);
        plan->log_line = xstrdup(line);
        return 0;
}
