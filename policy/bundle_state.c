/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/bundle_state.h"

#include "lib/base/cleanup.h"
#include "lib/base/yaml.h"
#include "policy/schema.h"

#define GIB ((int64_t)1 << 30)

struct bundle_state {
        char *state;
        int64_t max;
};

static const struct key keys[] = {
        {.name = "state",
         .type = KEY_LINE,
         .offset = offsetof(struct bundle_state, state),
         .check = check_carry,
         .required = true,
         .doc = "folder of the worktree that is kept with every checkpoint"},
        {.name = "max",
         .type = KEY_SIZE,
         .offset = offsetof(struct bundle_state, max),
         .min = 1,
         .max = 64 * GIB,
         .doc = "bytes in it, at most"},
};
static const struct schema schema = SCHEMA("a bundle's checkpoint.yaml", keys, struct bundle_state);

int bundle_state_read(const char *bytes, size_t len, const char *file, struct plan *plan, struct err *err)
{
        _cleanup_yaml_ struct yaml *doc = yaml_parse(bytes, len, file, err);
        struct bundle_state state;
        int result;

        if (!doc)
                return -1;
        schema_init(&schema, &state);
        result = schema_read(&schema, doc, yaml_root(doc), &state, err);
        if (result == 0) {
                free(plan->checkpoint.state);
                plan->checkpoint.state = xstrdup(state.state);
                plan->checkpoint.state_bytes = state.max == KEY_UNSET ? BUNDLE_STATE_BYTES_DEFAULT : state.max;
        }
        schema_release(&schema, &state);
        return result;
}
