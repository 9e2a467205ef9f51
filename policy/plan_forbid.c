/* SPDX-License-Identifier: Apache-2.0 */
/* What the item forbids, each word with what enforces it in this run: asked once network and gates are known. */
#include "policy/plan_compile.h"

#include "policy/forbid.h"

#include <string.h>

void compile_forbid(struct compile *compile)
{
        struct plan *plan = compile->plan;
        _cleanup_strv_ struct strv words = {0};

        strv_copy(&words, &compile->item->forbid);
        strv_sort_unique(&words);
        plan->forbid.items = xcalloc(words.len + 1, sizeof(*plan->forbid.items));
        plan->forbid.len = words.len;
        for (size_t i = 0; i < words.len; i++) {
                const char *mechanism = forbid_mechanism(words.items[i], plan);

                plan->forbid.items[i] =
                        (struct plan_word){.word = xstrdup(words.items[i]), .mechanism = xstrdup(mechanism)};
                if (strcmp(mechanism, FORBID_UNENFORCED) == 0)
                        strv_add_printf(&plan->declared, "forbid %s: " FORBID_UNENFORCED, words.items[i]);
        }
}
