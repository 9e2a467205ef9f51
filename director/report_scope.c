/* SPDX-License-Identifier: Apache-2.0 */
#include "director/report_scope.h"

#include "director/director.h"
#include "director/facts.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/mood.h"

#include <string.h>

#define SNAPSHOT_MAX 500

/* ---- Scope ---- */

static struct json_t *names_of(const struct strv *paths)
{
        static const char folder[] = "config_snapshot/";
        struct json_t *list = json_array();

        for (size_t i = 0; i < paths->len && json_array_size(list) < SNAPSHOT_MAX; i++) {
                const char *path = paths->items[i];
                _cleanup_free_ char *name = NULL;

                if (strncmp(path, folder, strlen(folder)) != 0)
                        continue;
                path += strlen(folder);
                name = xmemdup(path, strcspn(path, "\n"));
                json_array_append_new(list, json_quoted(name));
        }
        return list;
}

static struct json_t *shown_json(const struct facts *facts)
{
        if (!facts->footprint)
                return json_null();
        return json_pack("{s:O?, s:O?}", "files", json_object_get(facts->footprint, "files"), "bytes",
                         json_object_get(facts->footprint, "bytes"));
}

static struct json_t *env_json(const struct plan *plan)
{
        struct json_t *names = json_from_strv(&plan->sandbox.env);

        for (size_t i = 0; i < plan->agent.env.len; i++)
                json_array_append_new(names, json_quoted(plan->agent.env.items[i].name));
        return names;
}

static struct json_t *scope_json(const struct director *d, const struct facts *facts, const struct strv *snapshot)
{
        const struct plan *plan = &d->plan;
        struct json_t *scope;

        if (!d->has_plan)
                return json_null();
        scope = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "worktree", worktree_names[plan->worktree], "base",
                          json_quoted_or_null(d->row.base), "allow", json_from_strv(&plan->paths.allow), "deny",
                          json_from_strv(&plan->paths.deny), "protected", json_from_strv(&plan->paths.guarded), "shown",
                          shown_json(facts), "snapshot", names_of(snapshot));
        json_object_update_new(
                scope, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "read", json_from_strv(&plan->sandbox.read), "write",
                                 json_from_strv(&plan->sandbox.write), "carry", json_from_strv(&plan->sandbox.carry),
                                 "agent_read", json_from_strv(&plan->agent.read), "env", env_json(plan), "network",
                                 plan_network_json(plan)));
        return scope;
}

/* ---- Publication ---- */

#define EXTERNAL "external"
#define WEBSITE "website"

static struct json_t *publication_json(const struct director *d)
{
        const struct pairs *said = &d->plan.publication;
        struct json_t *declared, *places;

        if (!d->has_plan)
                return json_null();
        declared = json_object();
        places = json_pack("{s:s, s:s}", EXTERNAL, "person", WEBSITE, "never");
        for (size_t i = 0; i < said->len; i++) {
                json_object_set_new(declared, said->items[i].name, json_string(said->items[i].value));
                json_object_set_new(places, said->items[i].name, json_string(said->items[i].value));
        }
        return json_pack("{s:o, s:o, s:s}", "declared", declared, "places", places, "otherwise", "never");
}

void report_scope(const struct director *d, const struct facts *facts, const struct strv *snapshot,
                  struct json_t *report)
{
        json_object_set_new(report, "scope", scope_json(d, facts, snapshot));
        json_object_set_new(report, "publication", publication_json(d));
}
