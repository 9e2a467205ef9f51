/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate protected: paths that decide what later runs may do. Also by a name that another file system takes for one of them: what decides
 * nothing here may do so where it is checked out next.
 */
#include "policy/gates/judgement.h"

#include "lib/base/cleanup.h"
#include "lib/base/disguise.h"
#include "lib/base/ignore.h"
#include "policy/plan.h"

static char *in_lower_case(const char *glob)
{
        char *lower = xstrdup(glob);

        for (char *at = lower; *at; at++)
                if (*at >= 'A' && *at <= 'Z')
                        *at = (char)(*at - 'A' + 'a');
        return lower;
}

/* The first of the globs that covers the path by itself, as it is or once its disguise is lifted. */
static const char *rule_for(const struct strv *globs, const char *path, const char *lifted)
{
        for (size_t i = 0; i < globs->len; i++) {
                _cleanup_free_ char *lower = in_lower_case(globs->items[i]);
                _cleanup_ignore_ struct ignore rule = {0}, lower_rule = {0};

                ignore_add(&rule, "", globs->items[i]);
                ignore_add(&lower_rule, "", lower);
                if (ignore_covers(&rule, path, false) || ignore_covers(&lower_rule, lifted, false))
                        return globs->items[i];
        }
        return "protected";
}

static struct ignore lower_rules(const struct strv *globs)
{
        _cleanup_strv_ struct strv lower = {0};

        for (size_t i = 0; i < globs->len; i++)
                strv_take(&lower, in_lower_case(globs->items[i]));
        return judgement_rules(&lower);
}

static bool is_submodule(const struct change *change)
{
        return change->old_mode == 0160000 || change->new_mode == 0160000;
}

/* What to do is said once, and only where it is refused: else a person looks at it anyway. */
static void put_protected(const struct judgement *judgement, const char *rule, struct str *out)
{
        str_printf(out, "is a protected path (%s)", rule);
        if (judgement->level == GATE_BLOCK && judgement->report->found[GATE_PROTECTED] == 0)
                str_puts(out,
                         "; where such changes are the work, `gates: {protected: warn}` in the policy and `mood: calm` "
                         "let a person approve them (docs/policy.md)");
}

void judge_protected(const struct judgement *judgement)
{
        const struct strv *globs = &judgement->plan->paths.guarded;
        _cleanup_ignore_ struct ignore guarded = judgement_rules(globs), lower = lower_rules(globs);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                const char *path = change->path;
                _cleanup_free_ char *lifted = disguise_lift(path);
                _cleanup_str_ struct str text = {0};

                if (ignore_covers(&guarded, path, false) || ignore_covers(&lower, lifted, false))
                        put_protected(judgement, rule_for(globs, path, lifted), &text);
                else if (is_submodule(change))
                        str_puts(&text, "is a submodule, and protected as .gitmodules is");
                else
                        continue;
                judgement->report->touches_protected = true;
                gate_find(judgement, &(struct gate_at){.path = path}, str_text(&text));
        }
}
