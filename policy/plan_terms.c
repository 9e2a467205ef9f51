/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plan_terms.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <string.h>

/* `argument` with every `prompt` in it replaced. */
static json_t *without(const char *argument, const char *prompt, const char *plain)
{
        _cleanup_str_ struct str text = {0};
        const char *at = argument, *next;

        while (prompt[0] && (next = strstr(at, prompt))) {
                str_append(&text, at, (size_t)(next - at));
                str_puts(&text, plain);
                at = next + strlen(prompt);
        }
        str_puts(&text, at);
        return json_string(str_text(&text));
}

static void replace_in_command(json_t *plan, const char *prompt, const char *plain)
{
        json_t *command = json_object_get(json_object_get(plan, "agent"), "command"), *argument;
        size_t i;

        json_array_foreach(command, i, argument)
                json_array_set_new(command, i, without(json_string_value(argument), prompt, plain));
}

void plan_terms(const struct plan *plan, const char *plain, char ret_hex[HASH_HEX])
{
        _cleanup_json_ json_t *json = schema_write(&plan_schema, plan);
        _cleanup_free_ char *text = NULL;

        if (plan->prompt)
                replace_in_command(json, plan->prompt, plain);
        json_object_set_new(json, "prompt", json_string(plain));
        text = json_canonical(json);
        hash_bytes(text, strlen(text), ret_hex);
}
