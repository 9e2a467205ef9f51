/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PROMPT_H
#define CUPEL_POLICY_PROMPT_H

/*
 * What an agent is told: objective, acceptance, allowed and denied paths, the commands that will judge it, the budget, how
 * to leave notes, and what earlier attempts noted. A template whose placeholders are replaced once; the policy may bring its
 * own (`prompt`). Made from item, plan and history alone, so it is part of the plan's identity.
 *
 *         prompt_check(text, err);                          the policy's template: ERR_INPUT with line and column
 *         prompt_render(&input, &prompt, err);
 *
 * `{name}` is a placeholder, `{{` and `}}` are braces. A placeholder that stands for a part of the prompt brings the part's
 * own heading, and nothing where the part is empty; alone on its line it then leaves no line behind. What is put in is never
 * looked at again: an item that speaks of {paths} says just that.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct plan;
struct work_item;

struct prompt_input {
        const struct work_item *item;
        const struct plan *plan;
        const char *text;    /* the policy's template; NULL: the built-in one */
        const char *history; /* notes of earlier attempts, quoted (policy/history.h); NULL: none */
};

int prompt_check(const char *text, struct err *err);
int prompt_render(const struct prompt_input *input, struct str *out, struct err *err);

/* The same as data, for an agent that asks (`cupel mcp`, work_item): indented JSON, owned by the caller. */
char *prompt_item(const struct work_item *item, const struct plan *plan);

#endif
