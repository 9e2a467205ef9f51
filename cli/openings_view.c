/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/openings_view.h"

#include "cli/context.h"
#include "cli/render.h"
#include "policy/policy.h"

bool openings_admitted(const struct context *context, const struct policy_openings *openings)
{
        _cleanup_store_admission_ struct store_admission now = {0};
        struct err ignored = ERR_INIT;
        const bool known = context->store && store_admission_get(context->store, &now, &ignored) == 0;

        return policy_admitted(openings, known && now.openings_sha256[0] ? now.openings_sha256 : NULL, &ignored) == 0;
}

void openings_list(const struct policy_openings *openings, struct str *out)
{
        for (size_t i = 0; i < openings->lines.len; i++) {
                str_puts(out, "    ");
                render_line(out, openings->lines.items[i]);
                str_putc(out, '\n');
        }
}
