/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's keys that gates are set by; the rest of the table is policy/policy_keys.c. Pure data, nothing fails. */
#include "policy/policy_gate_keys.h"

#include "policy/policy.h"

#define KEY(struct_, member) .offset = offsetof(struct struct_, member)

static const struct key gate_keys[] = {
#define X(gate_, name_, level, text)                                                                                   \
        {.name = (name_),                                                                                              \
         .type = KEY_ENUM,                                                                                             \
         .offset = GATE_##gate_ * sizeof(int),                                                                         \
         .choices = gate_level_names,                                                                                  \
         .doc = (text)},
        GATES(X)
#undef X
};
const struct schema policy_gates_schema = {
        .what = "gates", .keys = gate_keys, .len = GATES_SETTABLE, .size = GATE_COUNT * sizeof(int)};

static const struct key no_copy_keys[] = {
        {.name = "from",
         .type = KEY_STRINGS,
         KEY(no_copy, from),
         .check = check_path_glob,
         .doc = "globs of the base's files that a change must not repeat; none: nothing is looked for"},
        {.name = "lines",
         .type = KEY_INT,
         KEY(no_copy, lines),
         .min = 3,
         .max = 1000,
         .doc = "how many lines in a row are a copy; blank ones and lone braces do not count"},
};
const struct schema no_copy_schema = SCHEMA("no_copy", no_copy_keys, struct no_copy);

struct secrets_policy {
        int allow_comments;
};
static const struct key secrets_keys[] = {
        {.name = "allow_comments",
         .type = KEY_BOOL,
         KEY(secrets_policy, allow_comments),
         .doc = "a line with `cupel:allow-secret REASON` warns where the gate blocks"},
};
const struct schema policy_secrets_schema = SCHEMA("secrets", secrets_keys, struct secrets_policy);
