/* SPDX-License-Identifier: Apache-2.0 */
/* Gate protected: paths that decide what later runs may do. */
#include "policy/gates/judgement.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/plan.h"

/* The first of the globs that covers the path by itself. */
static const char *rule_for(const struct strv *globs, const char *path)
{
        for (size_t i = 0; i < globs->len; i++) {
                _cleanup_ignore_ struct ignore rule = {0};

                ignore_add(&rule, "", globs->items[i]);
                if (ignore_covers(&rule, path, false))
                        return globs->items[i];
        }
        return "protected";
}

void judge_protected(const struct judgement *judgement)
{
        const struct strv *globs = &judgement->plan->paths.guarded;
        _cleanup_ignore_ struct ignore guarded = judgement_rules(globs);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *path = judgement->changes->items[i].path;
                _cleanup_str_ struct str text = {0};

                if (!ignore_covers(&guarded, path, false))
                        continue;
                str_printf(&text, "is a protected path (%s)", rule_for(globs, path));
                judgement->report->touches_protected = true;
                gate_find(judgement, &(struct gate_at){.path = path}, str_text(&text));
        }
}
