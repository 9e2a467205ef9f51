/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work item's table of keys, and what the table cannot say. Order: parse (file), apply (options: item_options.c),
 * check (complete). Fails with ERR_INPUT only, at the place in the file.
 */
#include "policy/item.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/item_keys.h"
#include "policy/mood.h"
#include "policy/scrub.h"

#include <ctype.h>
#include <string.h>

#define DAYS(n) ((int64_t)(n)*24 * 3600 * 1000)
#define AT(member) .offset = offsetof(struct work_item, member)

/* Where an id is, nothing can be hidden: names of runs and folders, trailers of commits. */
static const char *check_new_id(const char *text)
{
        _cleanup_free_ char *copy = xstrdup(text);
        const char *wrong = check_item_id(text);

        return wrong                            ? wrong
               : scrub_text(copy, strlen(copy)) ? "no secret: an id is part of names and of commits"
                                                : NULL;
}

static const struct key verifier_keys[] = {
        {.name = "name",
         .type = KEY_LINE,
         .offset = offsetof(struct item_verifier, name),
         .check = check_verifier_name,
         .required = true,
         .doc = "the verifier's name"},
        {.name = "run",
         .type = KEY_TEXT,
         .offset = offsetof(struct item_verifier, run),
         .check = check_command,
         .doc = "shell command; none: the policy's"},
        {.name = "timeout",
         .type = KEY_TIME,
         .offset = offsetof(struct item_verifier, timeout_ms),
         .min = 1,
         .max = DAYS(7),
         .doc = "how long it may take"},
        {.name = "kind",
         .type = KEY_ENUM,
         .offset = offsetof(struct item_verifier, kind),
         .choices = verifier_kind_names,
         .doc = "what it shows"},
};
const struct schema item_verifier_schema =
        SCHEMA("a verifier", verifier_keys, struct item_verifier, .shorthand = "name");

static const struct key requirement_keys[] = {
        {.name = "env",
         .type = KEY_LINE,
         .offset = offsetof(struct requirement, env),
         .check = check_env_name,
         .doc = "this variable is set"},
        {.name = "command",
         .type = KEY_LINE,
         .offset = offsetof(struct requirement, command),
         .doc = "this program is found"},
        {.name = "file", .type = KEY_LINE, .offset = offsetof(struct requirement, file), .doc = "this file exists"},
};
const struct schema requirement_schema =
        SCHEMA("a requirement", requirement_keys, struct requirement, .exactly_one = true);

static const struct key network_keys[] = {
        {.name = "allow",
         .type = KEY_STRINGS,
         .offset = offsetof(struct network, allow),
         .check = check_network_host,
         .doc = "hosts that may be reached: example.com, *.example.com, example.com:8443, 127.0.0.1:8080"},
        {.name = "bytes",
         .type = KEY_SIZE,
         .offset = offsetof(struct network, bytes),
         .min = 1024,
         .doc = "bytes in both directions together, of one run"},
        {.name = "connections",
         .type = KEY_INT,
         .offset = offsetof(struct network, connections),
         .min = 1,
         .max = 1000000000,
         .doc = "connections, of one run"},
};
const struct schema network_schema = SCHEMA("network", network_keys, struct network);

#define BUDGET(name_, type_, member, min_, max_, doc_)                                                                 \
        {                                                                                                              \
                .name = (name_), .type = (type_), .offset = offsetof(struct budget, member), .min = (min_),            \
                .max = (max_), .doc = (doc_)                                                                           \
        }
static const struct key budget_keys[] = {
        BUDGET("wall", KEY_TIME, wall_ms, 1, DAYS(7), "elapsed time of the agent's command"),
        BUDGET("cpu", KEY_TIME, cpu_ms, 1, DAYS(7), "processor time of the agent's command"),
        BUDGET("memory", KEY_SIZE, memory, 1 << 20, 0, "memory of one process"),
        BUDGET("pids", KEY_INT, pids, 1, 4194304, "processes at once"),
        BUDGET("disk", KEY_SIZE, disk, 64 << 10, 0, "bytes written to the worktree"),
        BUDGET("output", KEY_SIZE, output, 1024, 0, "bytes that the command may print"),
        BUDGET("notes", KEY_INT, notes, 0, 1000000, "notes"),
        BUDGET("diff_files", KEY_INT, diff_files, 0, 10000000, "changed files"),
        BUDGET("diff_lines", KEY_INT, diff_lines, 0, 1000000000, "added and removed lines"),
        BUDGET("diff_bytes", KEY_SIZE, diff_bytes, 0, 0, "bytes of added and removed lines"),
        BUDGET("diff_binary", KEY_SIZE, diff_binary, 0, 0, "bytes of new and changed binary files"),
        BUDGET("artifact_files", KEY_INT, artifact_files, 0, 10000, "files kept as outputs"),
        BUDGET("artifact_bytes", KEY_SIZE, artifact_bytes, 0, 0, "bytes kept as outputs"),
        BUDGET("cost_usd", KEY_USD, cost_usd, 0, 0, "money"),
        BUDGET("attempts", KEY_INT, attempts, 1, 100, "runs before a person is asked"),
};
const struct schema budget_schema = SCHEMA("budget", budget_keys, struct budget);

static const struct key agent_keys[] = {
        {.name = "name",
         .type = KEY_LINE,
         .offset = offsetof(struct item_agent, name),
         .check = check_agent_choice,
         .doc = "an agent of the policy, or installed with cupel: NAME or NAME:MODEL"},
        {.name = "model",
         .type = KEY_LINE,
         .offset = offsetof(struct item_agent, model),
         .check = check_model,
         .doc = "the model that it is to use"},
        {.name = "command",
         .type = KEY_STRINGS,
         .offset = offsetof(struct item_agent, command),
         .may_be_empty = true,
         .doc = "program and arguments; {prompt}, {prompt_file} and {model} are replaced"},
        {.name = "env",
         .type = KEY_PAIRS,
         .offset = offsetof(struct item_agent, env),
         .check = NULL,
         .doc = "environment variables"},
        {.name = "network",
         .type = KEY_MAP,
         .offset = offsetof(struct item_agent, network),
         .sub = &network_schema,
         .doc = "what the command may reach"},
        {.name = "tty",
         .type = KEY_BOOL,
         .offset = offsetof(struct item_agent, tty),
         .doc = "the command gets a terminal of its own"},
};
const struct schema item_agent_schema = SCHEMA("agent", agent_keys, struct item_agent, .shorthand = "name");

struct paths {
        struct strv allow, deny;
};
static const struct key paths_keys[] = {
        {.name = "allow",
         .type = KEY_STRINGS,
         .offset = offsetof(struct paths, allow),
         .check = check_path_glob,
         .doc = "globs of what may change; none: everything"},
        {.name = "deny",
         .type = KEY_STRINGS,
         .offset = offsetof(struct paths, deny),
         .check = check_path_glob,
         .doc = "globs of what may not change; wins"},
};
const struct schema item_paths_schema = SCHEMA("paths", paths_keys, struct paths);

struct approval {
        int before, after;
};
static const struct key approval_keys[] = {
        {.name = "before",
         .type = KEY_ENUM,
         .offset = offsetof(struct approval, before),
         .choices = approval_before_names,
         .doc = "what a person must say before the run"},
        {.name = "after",
         .type = KEY_ENUM,
         .offset = offsetof(struct approval, after),
         .choices = approval_after_names,
         .doc = "who approves the verified result"},
};
static const struct schema approval_schema = SCHEMA("approval", approval_keys, struct approval);

static const struct key item_keys[] = {
        {.name = "id", .type = KEY_LINE, AT(id), .check = check_new_id, .doc = "name of the item"},
        {.name = "title",
         .type = KEY_LINE,
         AT(title),
         .doc = "what is wanted, in one line; required, here or as --title"},
        {.name = "objective", .type = KEY_TEXT, AT(objective), .doc = "what the agent is told; the title where absent"},
        {.name = "acceptance", .type = KEY_STRINGS, AT(acceptance), .doc = "success criteria in words"},
        {.name = "mood", .type = KEY_ENUM, AT(mood), .choices = mood_names, .doc = "how the run may work"},
        {.name = "risk", .type = KEY_ENUM, AT(risk), .choices = risk_names, .doc = "what a mistake would cost"},
        {.name = "paths", .type = KEY_MAP, AT(paths), .sub = &item_paths_schema, .doc = "what may change"},
        {.name = "forbid",
         .type = KEY_STRINGS,
         AT(forbid),
         .check = check_one_line,
         .doc = "what the agent must not do"},
        {.name = "arm", .type = KEY_BOOL, AT(arm), .doc = "starts only with --arm or CUPEL_ARM=1"},
        {.name = "verify",
         .type = KEY_LIST,
         AT(verify),
         .sub = &item_verifier_schema,
         .doc = "verifiers that must pass"},
        {.name = "budget", .type = KEY_MAP, AT(budget), .sub = &budget_schema, .doc = "limits"},
        {.name = "agent",
         .type = KEY_MAP,
         AT(agent),
         .sub = &item_agent_schema,
         .doc = "who works: a name of the policy or a command"},
        {.name = "requires",
         .type = KEY_LIST,
         AT(requirements),
         .sub = &requirement_schema,
         .doc = "what must be there"},
        {.name = "depends", .type = KEY_STRINGS, AT(depends), .check = check_item_id, .doc = "items that come first"},
        {.name = "parent",
         .type = KEY_LINE,
         AT(parent),
         .check = check_item_id,
         .doc = "the item that this one is part of"},
        {.name = "approval", .type = KEY_MAP, AT(approval), .sub = &approval_schema, .doc = "what a person decides"},
        {.name = "outputs",
         .type = KEY_STRINGS,
         AT(outputs),
         .check = check_path_glob,
         .doc = "artifacts kept in the packet"},
        {.name = "rollback", .type = KEY_TEXT, AT(rollback), .doc = "how to undo it"},
        {.name = "publication",
         .type = KEY_PAIRS,
         AT(publication),
         .check_value = check_publication,
         .doc = "what may be shown where: a place (website, external, …) and allowed, person or never"},
        {.name = "target",
         .type = KEY_LINE,
         AT(target),
         .check = check_ref,
         .doc = "the branch that receives the commit"},
};
const struct schema work_item_schema = SCHEMA("a work item", item_keys, struct work_item);

void work_item_init(struct work_item *item)
{
        schema_init(&work_item_schema, item);
}

void work_item_release(struct work_item *item)
{
        schema_release(&work_item_schema, item);
}

struct item_verifier *item_find_verifier(const struct work_item *item, const char *name)
{
        return schema_list_find(&item_verifier_schema, (const struct list *)&item->verify, name);
}

int item_split_agent(struct item_agent *agent, const char *where, struct err *err)
{
        char *colon = agent->name ? strchr(agent->name, ':') : NULL;

        if (!colon)
                return 0;
        if (agent->model && strcmp(agent->model, colon + 1) != 0)
                return err_set(err, ERR_INPUT, "%s: two models are named, \"%s\" and \"%s\"; expected one of them",
                               where, colon + 1, agent->model);
        free(agent->model);
        agent->model = xstrdup(colon + 1);
        *colon = '\0';
        return 0;
}

/* What one key alone cannot tell. */
static int check_together(const struct work_item *item, const struct yaml *doc, struct err *err)
{
        const struct yaml_node *agent = yaml_get(yaml_root(doc), "agent"), *verify = yaml_get(yaml_root(doc), "verify");

        if (agent && item->agent.name &&
            (item->agent.command.len || item->agent.env.len || item->agent.network.allow.len))
                return yaml_err(doc, agent, err, "agent has a name and a command of its own; expected one of them");
        if (agent && agent->type != YAML_NULL && !item->agent.name &&
            (!item->agent.command.len || !*item->agent.command.items[0]))
                return yaml_err(doc, agent, err,
                                "agent has no command; expected a name of the policy or command: [PROGRAM, …]");
        for (size_t i = 0; i < item->agent.env.len; i++)
                if (check_env_name(item->agent.env.items[i].name))
                        return yaml_err(doc, agent, err, "\"%s\" is no name of an environment variable; expected one",
                                        item->agent.env.items[i].name);
        for (size_t i = 0; i < item->verify.len; i++)
                if (item_find_verifier(item, item->verify.items[i].name) != &item->verify.items[i])
                        return yaml_err(doc, verify->entries[i].value, err,
                                        "verifier \"%s\" is there twice; expected it once", item->verify.items[i].name);
        return 0;
}

int work_item_parse(const char *bytes, size_t len, const char *file, struct work_item *item, struct err *err)
{
        _cleanup_yaml_ struct yaml *doc = yaml_parse(bytes, len, file, err);

        if (!doc || schema_read(&work_item_schema, doc, yaml_root(doc), item, err) < 0)
                return -1;
        return check_together(item, doc, err) < 0 ? -1 : item_split_agent(&item->agent, file, err);
}

#define TITLE_MAX 4096
#define MADE_TITLE_MAX 200

/* "run: make test", from the command, on one line; the middle of a long one is left out. */
static char *title_from_command(const struct strv *command)
{
        _cleanup_str_ struct str words = {0};
        struct str title = {0};

        str_puts(&words, "run:");
        for (size_t i = 0; i < command->len && words.len < MADE_TITLE_MAX / 2; i++) {
                str_putc(&words, ' ');
                str_append(&words, command->items[i], strcspn(command->items[i], "\n\t"));
        }
        str_put_ends(&title, str_text(&words), MADE_TITLE_MAX);
        return str_steal(&title);
}

int work_item_check(struct work_item *item, struct err *err)
{
        if (!item->title && item->agent.command.len)
                item->title = title_from_command(&item->agent.command);
        if (!item->title)
                return err_set(
                        err, ERR_INPUT,
                        "the work item has no title; expected one line that says what is wanted (title: or --title)");
        if (strlen(item->title) > TITLE_MAX)
                return err_set(err, ERR_INPUT,
                               "the title has %zu bytes; expected one line of at most %d: what the agent is told is "
                               "the objective",
                               strlen(item->title), TITLE_MAX);
        if (!item->objective || !*item->objective) {
                free(item->objective);
                item->objective = xstrdup(item->title);
        }
        return 0;
}

char *work_item_canonical(const struct work_item *item)
{
        _cleanup_json_ json_t *json = schema_write(&work_item_schema, item);

        return json_canonical(json);
}

void work_item_slug(const struct work_item *item, char ret[SLUG_MAX + 1])
{
        _cleanup_free_ char *shown = xstrdup(item->id ? item->id : item->title ? item->title : "");
        size_t len = 0;

        scrub_text(shown, strlen(shown));
        for (const char *from = shown; *from && len < SLUG_MAX; from++) {
                if (isalnum((unsigned char)*from))
                        ret[len++] = (char)tolower((unsigned char)*from);
                else if (len && ret[len - 1] != '-')
                        ret[len++] = '-';
        }
        while (len && ret[len - 1] == '-')
                len--;
        ret[len] = 0;
        if (!len)
                memcpy(ret, "item", 5);
}

char *work_item_sentence(const struct work_item *item, const char *repository)
{
        char slug[SLUG_MAX + 1];

        work_item_slug(item, slug);
        return xasprintf("I approve %s against %s for %s.", item->id ? item->id : slug, repository, item->title);
}
