/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define URL_WORD "{url:"

/* ---- Reading and checking ---- */

int profile_check_node(const struct agent *agent, const struct yaml *doc, const struct yaml_node *node, struct err *err)
{
        const struct yaml_node *routes = yaml_get(yaml_get(node, "network"), "routes");

        if (agent->command.len && !*agent->command.items[0])
                return yaml_err(doc, node, err, "agent \"%s\" has an empty command; expected command: [PROGRAM, …]",
                                agent->name);
        if (agent->network.routes.len > NETWORK_ROUTES_MAX)
                return yaml_err(doc, routes, err, "agent \"%s\" has %zu routes; expected at most %d", agent->name,
                                agent->network.routes.len, NETWORK_ROUTES_MAX);
        for (size_t i = 0; i < agent->network.routes.len; i++)
                if (strcmp(agent->network.routes.items[i].name, "proxy") == 0)
                        return yaml_err(doc, routes, err,
                                        "a route is called \"proxy\", which means general egress; "
                                        "expected another name");
        return 0;
}

int profile_parse(const char *bytes, size_t len, const char *file, const char *name, struct policy *ret,
                  struct err *err)
{
        _cleanup_yaml_ struct yaml *doc = yaml_parse(bytes, len, file, err);
        struct agent *agent;

        if (!doc)
                return -1;
        if (check_verifier_name(name))
                return err_set(err, ERR_INPUT, "%s: an agent is called \"%.80s\"; expected %s", file, name,
                               check_verifier_name(name));
        ret->source = POLICY_FROM_INSTALLED;
        agent = schema_list_add(&agent_schema, (struct list *)&ret->agents);
        agent->name = xstrdup(name);
        if (schema_read(&agent_schema, doc, yaml_root(doc), agent, err) < 0 ||
            profile_check_node(agent, doc, yaml_root(doc), err) < 0)
                return -1;
        schema_list_sort(&agent_schema, (struct list *)&ret->agents);
        return 0;
}

static const struct route *find_route(const struct route *routes, size_t len, const char *name, size_t name_len)
{
        for (size_t i = 0; i < len; i++)
                if (strlen(routes[i].name) == name_len && !memcmp(routes[i].name, name, name_len))
                        return &routes[i];
        return NULL;
}

/* {url:X} of a route that is not there would reach the agent as it is written. */
static int check_words(const struct agent *agent, const char *where, const char *text, struct err *err)
{
        for (const char *hit; (hit = strstr(text, URL_WORD)); text = hit + 1) {
                const char *name = hit + strlen(URL_WORD);
                size_t len = strcspn(name, "}");

                if (!find_route(agent->network.routes.items, agent->network.routes.len, name, len))
                        return err_set(err, ERR_INPUT,
                                       "agent \"%s\" names the route \"%.*s\" in its %s and has none of that name; "
                                       "expected it below network.routes",
                                       agent->name, (int)(len > 64 ? 64 : len), name, where);
        }
        return 0;
}

static int check_all_words(const struct agent *agent, struct err *err)
{
        for (size_t i = 0; i < agent->command.len; i++)
                if (check_words(agent, "command", agent->command.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < agent->env.len; i++)
                if (check_words(agent, "env", agent->env.items[i].value, err) < 0)
                        return -1;
        for (size_t i = 0; i < agent->home.len; i++)
                if (check_words(agent, "home", agent->home.items[i].value, err) < 0)
                        return -1;
        return 0;
}

int profile_check(const struct agent *agent, struct err *err)
{
        if (!agent->command.len && strcmp(agent->name, PROFILE_COMMAND) != 0)
                return err_set(err, ERR_INPUT,
                               "agent \"%s\" has no command; expected command: [PROGRAM, …] under agents", agent->name);
        for (size_t i = 0; i < agent->network.routes.len; i++) {
                const struct route *route = &agent->network.routes.items[i];

                if (!route->upstream)
                        return err_set(err, ERR_INPUT,
                                       "route \"%s\" of agent \"%s\" has no upstream; expected upstream: URL",
                                       route->name, agent->name);
                if (route->header.len && !route_upstream_is_private(route->upstream))
                        return err_set(
                                err, ERR_INPUT,
                                "route \"%s\" of agent \"%s\" would send a credential to %s for everybody on the "
                                "way to read; expected https://, or http:// of this machine itself (127.0.0.1)",
                                route->name, agent->name, route->upstream);
                if (!route->allow.len)
                        return err_set(
                                err, ERR_INPUT,
                                "route \"%s\" of agent \"%s\" allows nothing; expected allow: [\"POST /path*\", …]",
                                route->name, agent->name);
        }
        return check_all_words(agent, err);
}

/* ---- Words ---- */

/* The inside of the JSON string: quotes, backslashes and control characters are the only ones that it changes. */
static void put_value(struct str *out, const char *value, bool escaped)
{
        _cleanup_json_ json_t *string = escaped ? json_string(value) : NULL;
        _cleanup_free_ char *quoted = string ? json_canonical(string) : NULL;

        if (quoted)
                str_append(out, quoted + 1, strlen(quoted) - 2);
        else
                str_puts(out, value);
}

static bool put_url(struct str *out, const char *at, const struct profile_words *words, size_t *ret_len)
{
        const char *name = at + strlen(URL_WORD);
        size_t len = strcspn(name, "}");
        const struct route *route = name[len] ? find_route(words->routes, words->routes_len, name, len) : NULL;

        if (!route)
                return false;
        str_printf(out, "http://127.0.0.1:%d", NETWORK_ROUTE_PORT + (int)(route - words->routes));
        *ret_len = strlen(URL_WORD) + len + 1;
        return true;
}

/* The word at `at`, which begins with a brace: put, and its length; false where there is none. */
static bool put_word(struct str *out, const char *at, const struct profile_words *words, bool escaped, size_t *ret_len)
{
        const struct {
                const char *word, *value;
        } table[] = {
                {"{prompt}", words->prompt}, {"{prompt_file}", words->prompt_file}, {"{model}", words->model},
                {"{home}", words->home},     {"{worktree}", words->worktree},
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                *ret_len = strlen(table[i].word);
                if (!table[i].value || strncmp(at, table[i].word, *ret_len) != 0)
                        continue;
                put_value(out, table[i].value, escaped);
                return true;
        }
        return !strncmp(at, URL_WORD, strlen(URL_WORD)) && put_url(out, at, words, ret_len);
}

char *profile_fill(const char *text, const struct profile_words *words, bool escaped)
{
        struct str out = {0};

        while (*text) {
                size_t plain = strcspn(text, "{"), len;

                str_append(&out, text, plain);
                text += plain;
                if (!*text)
                        break;
                if (put_word(&out, text, words, escaped, &len))
                        text += len;
                else
                        str_putc(&out, *text++);
        }
        return str_steal(&out);
}

bool profile_names_model(const char *text)
{
        return strstr(text, "{model}") != NULL;
}

bool profile_is_quoted(const char *file)
{
        static const char *const endings[] = {".json", ".toml", ".yaml", ".yml"};
        size_t len = strlen(file);

        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
                if (len > strlen(endings[i]) && !strcmp(file + len - strlen(endings[i]), endings[i]))
                        return true;
        return false;
}
