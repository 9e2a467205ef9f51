/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PROMPT_PARTS_H
#define CUPEL_POLICY_PROMPT_PARTS_H

/* What the placeholders of a prompt stand for; policy/prompt.c puts them in. Each appends its part, or nothing. */

#include "policy/prompt.h"

/* name, what it stands for: docs/policy.md says the same to people */
#define PROMPT_PARTS(X)                                                                                                \
        X(task, "the title, and the objective where it says more")                                                     \
        X(title, "the item's title, one line")                                                                         \
        X(objective, "the item's objective; its title where it has none")                                              \
        X(id, "the item's id, or nothing")                                                                             \
        X(mood, "the run's mood, one word")                                                                            \
        X(agent, "the agent's name in the policy, or \"command\"")                                                     \
        X(acceptance, "when it is done, as the item says")                                                             \
        X(paths, "what may change, what may not, what is protected")                                                   \
        X(forbidden, "what the item forbids")                                                                          \
        X(verifiers, "the commands that judge the result")                                                             \
        X(gates, "what is refused besides")                                                                            \
        X(network, "what can be reached")                                                                              \
        X(budget, "time, money and size of the change")                                                                \
        X(result, "what becomes of what the agent leaves")                                                             \
        X(notes, "how to leave notes: MCP tools, or the command")                                                      \
        X(history, "notes of earlier attempts, quoted")

#define X(name, about) void prompt_part_##name(const struct prompt_input *input, struct str *out);
PROMPT_PARTS(X)
#undef X

#endif
