/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line says about a work item, through the same table as the file, so that an option is checked and
 * refused in the same words. A scalar replaces, --allow replaces the list, --deny and --verify add to theirs. Fails with
 * ERR_INPUT that names the option; the item is then to be released.
 */
#include "policy/item_keys.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

/* One key from an option, through the same table as the file; messages name the option. */
static int apply_text(const struct schema *schema, void *object, const char *option, const char *key, const char *text,
                      struct err *err)
{
        _cleanup_yaml_ struct yaml *doc = yaml_parse("", 0, option, err);
        const struct yaml_node value = {.type = YAML_SCALAR, .text = text};
        const struct yaml_entry entry = {.key = key, .value = &value};
        const struct yaml_node map = {.type = YAML_MAP, .len = 1, .entries = &entry};

        if (!doc)
                return -1;
        if (!json_can_hold(text))
                return err_set(err, ERR_INPUT, "%s: it is no UTF-8; expected text", option);
        return schema_read(schema, doc, &map, object, err);
}

static int apply_lists(struct work_item *item, const struct item_options *options, struct err *err)
{
        if (options->allow.len)
                strv_release(&item->paths.allow);
        for (size_t i = 0; i < options->allow.len; i++)
                if (apply_text(&item_paths_schema, &item->paths, "--allow", "allow", options->allow.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < options->deny.len; i++)
                if (apply_text(&item_paths_schema, &item->paths, "--deny", "deny", options->deny.items[i], err) < 0)
                        return -1;
        return 0;
}

static int apply_verifier(struct work_item *item, const char *text, struct err *err)
{
        _cleanup_free_ char *name = xmemdup(text, strcspn(text, "="));
        const char *command = strchr(text, '=');
        struct item_verifier *verifier = item_find_verifier(item, name);

        if (!verifier)
                verifier = schema_list_add(&item_verifier_schema, (struct list *)&item->verify);
        if (apply_text(&item_verifier_schema, verifier, "--verify", "name", name, err) < 0)
                return -1;
        if (!command)
                return 0;
        if (text_check(command + 1) || check_command(command + 1) || !json_can_hold(command + 1))
                return err_set(err, ERR_INPUT,
                               "--verify: \"%s\" has no readable command; expected NAME or NAME=COMMAND", name);
        free(verifier->run);
        verifier->run = xstrdup(command + 1);
        return 0;
}

static int apply_budget(struct work_item *item, const char *text, struct err *err)
{
        _cleanup_free_ char *key = xmemdup(text, strcspn(text, "="));
        const char *value = strchr(text, '=');

        if (!value)
                return err_set(err, ERR_INPUT, "--budget: \"%s\" has no \"=\"; expected KEY=VALUE like wall=10m", text);
        return apply_text(&budget_schema, &item->budget, "--budget", key, value + 1, err);
}

static int apply_command(struct work_item *item, const struct item_options *options, struct err *err)
{
        if (!options->command_len)
                return 0;
        if (options->agent)
                return err_set(err, ERR_INPUT, "both --agent and a command are given; expected one of them");
        if (!*options->command[0])
                return err_set(err, ERR_INPUT, "the command is empty; expected -- PROGRAM ARGUMENTS");
        schema_release(&item_agent_schema, &item->agent);
        schema_init(&item_agent_schema, &item->agent);
        for (size_t i = 0; i < options->command_len; i++)
                if (apply_text(&item_agent_schema, &item->agent, "the command after --", "command", options->command[i],
                               err) < 0)
                        return -1;
        return 0;
}

/* A model alone is another one for the agent of the file. */
static int apply_agent(struct work_item *item, const struct item_options *options, struct err *err)
{
        struct item_agent *agent = &item->agent;

        if (options->agent) {
                schema_release(&item_agent_schema, agent);
                schema_init(&item_agent_schema, agent);
                if (apply_text(&item_agent_schema, agent, "--agent", "name", options->agent, err) < 0)
                        return -1;
        }
        if (options->model && apply_text(&item_agent_schema, agent, "--model", "model", options->model, err) < 0)
                return -1;
        return item_split_agent(agent, "--agent and --model", err);
}

static int apply_words(struct work_item *item, const struct item_options *options, struct err *err)
{
        const struct {
                const char *option, *key, *value;
        } words[] = {
                {"--title", "title", options->title},
                {"--mood", "mood", options->mood},
                {"--target", "target", options->target},
        };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (words[i].value &&
                    apply_text(&work_item_schema, item, words[i].option, words[i].key, words[i].value, err) < 0)
                        return -1;
        return 0;
}

int work_item_apply(struct work_item *item, const struct item_options *options, struct err *err)
{
        bool any = options->title || options->agent || options->model || options->mood || options->target ||
                   options->verify.len || options->allow.len || options->deny.len || options->budget.len ||
                   options->command_len || options->tty;

        if (apply_words(item, options, err) < 0 || apply_lists(item, options, err) < 0 ||
            apply_command(item, options, err) < 0 || apply_agent(item, options, err) < 0)
                return -1;
        if (options->tty)
                item->agent.tty = 1;
        for (size_t i = 0; i < options->verify.len; i++)
                if (apply_verifier(item, options->verify.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < options->budget.len; i++)
                if (apply_budget(item, options->budget.items[i], err) < 0)
                        return -1;
        return any;
}
