/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PROFILE_H
#define CUPEL_POLICY_PROFILE_H

/*
 * Agent profiles: what is said of one agent, as a data file of its own (policy/agents/NAME.yaml, installed with the program)
 * or below `agents:` of a policy, with the same keys. A policy may say single keys of an installed profile.
 *
 *         policy_init(&installed);
 *         profile_parse(bytes, len, "…/agents/codex.yaml", "codex", &installed, err);      for each that is needed
 *         policy_openings(&installed, …); policy_merge(&installed, &user, &own, &effective, err);
 *         profile_check(agent, err);                               of the merged one: is it enough for a run
 *
 * Words in braces become what they stand for when a plan is made:
 *
 *         {prompt}        what the agent is told            command
 *         {prompt_file}   where it is a file inside         command, env, home
 *         {model}         the model that was chosen         command, env, home
 *         {home}          its private home                  command, env, home
 *         {worktree}      where the repository is seen      command, env, home
 *         {url:ROUTE}     the loopback address of a route   command, env, home
 *
 * An argument or a variable that names {model} is left out where no model is chosen. In a home file that is JSON, YAML or
 * TOML by its name, what is put in is escaped as within double quotes. A word without a value stays as it is written, so
 * that braces of other languages do.
 */

#include "policy/policy.h"

#define PROFILE_PROMPT_FILE "/cupel/prompt"
#define PROFILE_COMMAND "command" /* the profile of an item's own command: it has none itself */

struct yaml;
struct yaml_node;

/* Adds one agent to `ret`, sorted. ERR_INPUT with file, line and column. */
int profile_parse(const char *bytes, size_t len, const char *file, const char *name, struct policy *ret,
                  struct err *err);

/* What the table of keys cannot say of one agent; `node` is where it stands, for the position. */
int profile_check_node(const struct agent *agent, const struct yaml *doc, const struct yaml_node *node,
                       struct err *err);

/* ERR_INPUT: it has no command, a route leads nowhere or allows nothing, or a word names a route that it does not have. */
int profile_check(const struct agent *agent, struct err *err);

struct profile_words {
        const char *prompt, *prompt_file, *model, *home, *worktree; /* NULL: the word stays */
        const struct route *routes;
        size_t routes_len;
};

/* `text` with its words replaced; `escaped`: as within double quotes of JSON. Owned by the caller. */
char *profile_fill(const char *text, const struct profile_words *words, bool escaped);

bool profile_names_model(const char *text);

/* Whether what is put into a file of this name is escaped. */
bool profile_is_quoted(const char *file);

#endif
