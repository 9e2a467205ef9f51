/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agents_list.h"

#include "cli/agent_find.h"
#include "cli/context.h"
#include "cli/refused.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/user.h"
#include "policy/profile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CELLS 13
#define STATE_CELLS 10
#define PACKAGE_MAX ((size_t)1 << 20)
#define PACKAGE_LEVELS 4

/* ---- Looking ---- */

static char *package_version(const char *folder)
{
        _cleanup_free_ char *path = xasprintf("%s/package.json", folder);
        _cleanup_str_ struct str bytes = {0};
        _cleanup_json_ json_t *json = NULL;
        struct err ignored = ERR_INIT;
        const char *version;

        if (fs_read_at(AT_FDCWD, path, PACKAGE_MAX, &bytes, &ignored) < 0)
                return NULL;
        json = json_parse(str_text(&bytes), bytes.len, path, &ignored);
        version = json_string_value(json_object_get(json, "version"));
        return version && json_object_get(json, "name") && strlen(version) < 64 ? xstrdup(version) : NULL;
}

/* npm's programs are links into a folder whose package.json says what they are. */
static char *find_version(const char *program)
{
        _cleanup_free_ char *path = realpath(program, NULL);

        for (int level = 0; path && level < PACKAGE_LEVELS; level++) {
                char *slash = strrchr(path, '/'), *version;

                if (!slash || slash == path)
                        return NULL;
                *slash = '\0';
                version = package_version(path);
                if (version)
                        return version;
        }
        return NULL;
}

static bool is_refused(const struct route *route, const char *state_root)
{
        _cleanup_refusal_ struct refusal refusal = {0};
        struct route sent = *route;
        char id[HASH_HEX];
        bool found;

        sent.header = (struct pairs){0};
        for (size_t i = 0; i < route->header.len; i++)
                pairs_set(&sent.header, route->header.items[i].name, route->header.items[i].value);
        route_choose_header(&sent);
        refused_id(state_root, &sent, id);
        found = refused_find(state_root, id, &refusal);
        pairs_release(&sent.header);
        return found;
}

static void find_credential(const struct route *route, const char *state_root, struct agent_credential *ret)
{
        *ret = (struct agent_credential){.route = route->name, .any = route->any == 1};
        for (size_t i = 0; i < route->header.len; i++) {
                size_t prefix;
                const char *name = route_secret_variable(route->header.items[i].value, &prefix);
                const char *value = getenv(name);

                strv_add(&ret->names, name);
                if (!value || !value[0])
                        strv_add(&ret->missing, name);
        }
        ret->refused = state_root && is_refused(route, state_root);
}

static void find_programs(const struct agent *agent, const struct agent_where *where, struct agent_found *ret)
{
        _cleanup_agent_programs_ struct agent_programs find = {0};
        const struct agent_place place = {.path = agent_path_of(&agent->env),
                                          .home = where->home,
                                          .repository = where->repository,
                                          .shown = where->shown,
                                          .install = agent->install};
        _cleanup_strv_ struct strv names = {0};
        struct err ignored = ERR_INIT;
        const struct agent_program *program;

        strv_add(&names, agent->command.items[0]);
        strv_copy(&names, &agent->programs);
        if (agent_programs_find(&find, &place, &names, &ignored) < 0)
                return;
        program = agent_programs_get(&find, agent->command.items[0]);
        if (!program || !program->found)
                return;
        ret->program = xstrdup(program->found);
        ret->version = find_version(program->found);
        strv_copy(&ret->missing, &find.missing);
}

void agent_found_look(const struct agent *agent, const struct agent_where *where, struct agent_found *ret)
{
        struct err lacks = ERR_INIT;

        *ret = (struct agent_found){.agent = agent};
        if (profile_check(agent, &lacks) < 0)
                strv_add(&ret->missing, lacks.message);
        if (agent->command.len)
                find_programs(agent, where, ret);
        ret->credentials.len = agent->network.routes.len;
        ret->credentials.items = xcalloc(ret->credentials.len + 1, sizeof(*ret->credentials.items));
        for (size_t i = 0; i < ret->credentials.len; i++)
                find_credential(&agent->network.routes.items[i], where->state_root, &ret->credentials.items[i]);
}

void agent_found_here(const struct context *context, const struct agent *agent, const struct strv *read,
                      const struct strv *write, struct agent_found *ret)
{
        _cleanup_strv_ struct strv shown = {0};
        const struct agent_where where = {.home = context->home,
                                          .state_root = context->state_root,
                                          .repository = context->repo ? repo_workdir(context->repo) : NULL,
                                          .shown = &shown};

        user_paths(context->home, read, &shown);
        user_paths(context->home, write, &shown);
        agent_found_look(agent, &where, ret);
}

void agent_found_release(struct agent_found *found)
{
        for (size_t i = 0; i < found->credentials.len; i++) {
                strv_release(&found->credentials.items[i].names);
                strv_release(&found->credentials.items[i].missing);
        }
        free(found->credentials.items);
        strv_release(&found->missing);
        free(found->program);
        free(found->version);
        free(found->origin);
        *found = (struct agent_found){0};
}

/* ---- Telling ---- */

static bool is_there(const struct agent_credential *credential)
{
        return credential->any && credential->names.len ? credential->missing.len < credential->names.len
                                                        : credential->missing.len == 0;
}

static bool has_credentials(const struct agent_found *found)
{
        for (size_t i = 0; i < found->credentials.len; i++)
                if (!is_there(&found->credentials.items[i]))
                        return false;
        return true;
}

static bool has_refused(const struct agent_found *found)
{
        for (size_t i = 0; i < found->credentials.len; i++)
                if (found->credentials.items[i].refused)
                        return true;
        return false;
}

static bool is_yours(const struct agent *agent)
{
        return !agent->command.len && strcmp(agent->name, PROFILE_COMMAND) == 0;
}

const char *agent_found_state(const struct agent_found *found)
{
        if (is_yours(found->agent))
                return "yours";
        if (found->missing.len)
                return "lacking";
        if (!found->program)
                return "not here";
        if (!has_credentials(found))
                return "no key";
        return has_refused(found) ? "refused" : "ready";
}

static enum tint state_tint(const struct agent_found *found)
{
        if (is_yours(found->agent))
                return TINT_PLAIN;
        if (found->missing.len)
                return TINT_BAD;
        if (!found->program)
                return TINT_DIM;
        if (!has_credentials(found))
                return TINT_WAIT;
        return has_refused(found) ? TINT_BAD : TINT_GOOD;
}

/* "A or B" of which one is enough, "A and B" of which all are needed. */
static void put_names(struct str *out, const struct strv *names, const char *word)
{
        for (size_t i = 0; i < names->len; i++)
                str_printf(out, "%s%s%s%s", i ? " " : "", i ? word : "", i ? " " : "", names->items[i]);
}

static const char *separator(const struct str *out)
{
        return out->len ? "; " : "";
}

static void put_credential(struct str *out, const struct agent_credential *credential)
{
        if (!credential->names.len)
                return;
        str_printf(out, "%s%s", separator(out), is_there(credential) ? "key from " : "export ");
        if (!is_there(credential)) {
                put_names(out, &credential->missing, credential->any ? "or" : "and");
                return;
        }
        for (size_t i = 0, put = 0; i < credential->names.len; i++) {
                if (strv_has(&credential->missing, credential->names.items[i]) || (credential->any && put))
                        continue;
                str_printf(out, "%s%s", put++ ? " and " : "", credential->names.items[i]);
        }
        if (credential->refused)
                str_puts(out, ", which was refused and is not tried again");
}

static void put_where(const struct agent_found *found, struct str *out)
{
        if (is_yours(found->agent))
                str_puts(out, "cupel run … -- COMMAND");
        else if (!found->agent->command.len)
                str_puts(out, found->missing.items[0]);
        else if (found->program)
                str_puts(out, found->program);
        else if (found->agent->install)
                str_printf(out, "to get it: %s", found->agent->install);
        else
                str_printf(out, "%s is not on the PATH", found->agent->command.items[0]);
        for (size_t i = !found->agent->command.len; i < found->missing.len; i++)
                str_printf(out, "; %s", found->missing.items[i]);
}

static void put_details(const struct agent_found *found, struct str *out)
{
        for (size_t i = 0; i < found->credentials.len; i++)
                put_credential(out, &found->credentials.items[i]);
        if (found->agent->mcp == 1)
                str_printf(out, "%snotes through MCP", separator(out));
        if (found->agent->model)
                str_printf(out, "%smodel %s", separator(out), found->agent->model);
        if (found->origin && strcmp(found->origin, policy_source_name(POLICY_FROM_INSTALLED)) != 0)
                str_printf(out, "%sprofile: %s", separator(out), found->origin);
}

static void put_line(const struct str *line, struct str *out)
{
        if (!line->len)
                return;
        str_printf(out, "%*s", NAME_CELLS + STATE_CELLS, "");
        render_line(out, str_text(line));
        str_putc(out, '\n');
}

static const char *about(const struct agent *agent)
{
        return agent->about ? agent->about : agent->command.len ? agent->command.items[0] : agent->name;
}

void agent_found_put(const struct agent_found *found, bool colour, struct str *out)
{
        _cleanup_str_ struct str state = {0}, where = {0}, details = {0};

        render_cell(&state, agent_found_state(found), STATE_CELLS, false);
        render_cell(out, found->agent->name, NAME_CELLS, false);
        render_tint(out, colour, state_tint(found), str_text(&state));
        render_line(out, about(found->agent));
        if (found->version)
                str_putc(out, ' ');
        render_line(out, found->version);
        str_putc(out, '\n');
        put_where(found, &where);
        put_details(found, &details);
        put_line(&where, out);
        put_line(&details, out);
}

static json_t *credential_json(const struct agent_credential *credential)
{
        json_t *variables = json_array();

        for (size_t i = 0; i < credential->names.len; i++)
                json_array_append_new(variables,
                                      json_pack("{s:s, s:b}", "name", credential->names.items[i], "set",
                                                !strv_has(&credential->missing, credential->names.items[i])));
        return json_pack("{s:s, s:b, s:b, s:b, s:o}", "route", credential->route, "any", credential->any, "there",
                         is_there(credential), "refused", credential->refused, "variables", variables);
}

struct json_t *agent_found_json(const struct agent_found *found)
{
        const struct agent *agent = found->agent;
        json_t *credentials = json_array();

        for (size_t i = 0; i < found->credentials.len; i++)
                json_array_append_new(credentials, credential_json(&found->credentials.items[i]));
        return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:o, s:o, s:o, s:s}", "name", agent->name,
                         "state", agent_found_state(found), "about", agent->about, "program", found->program, "version",
                         found->version, "install", agent->install, "model", agent->model, "mcp", agent->mcp == 1,
                         "tried", json_from_strv(&agent->tried), "missing", json_from_strv(&found->missing),
                         "credentials", credentials, "origin", found->origin ? found->origin : "");
}
