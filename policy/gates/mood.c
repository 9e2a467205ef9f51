/* SPDX-License-Identifier: Apache-2.0 */
/* Gate mood: what the run's mood does not allow to change. No key of a policy turns it off. */
#include "policy/gates/judgement.h"

#include "lib/base/ignore.h"
#include "policy/mood.h"
#include "policy/plan.h"

#include <string.h>

/* By the end of the name: data, documents and build output are no new surface. */
static bool is_code(const char *path)
{
        static const char *const endings[] = {
                ".c",  ".h",   ".cc",  ".cpp", ".cxx", ".hpp", ".rs",   ".go",   ".py",    ".rb",
                ".js", ".mjs", ".cjs", ".ts",  ".jsx", ".tsx", ".java", ".kt",   ".scala", ".swift",
                ".m",  ".cs",  ".fs",  ".php", ".pl",  ".lua", ".sh",   ".bash", ".zig",   ".ml",
                ".hs", ".ex",  ".exs", ".erl", ".clj", ".r",   ".jl",   ".dart", ".sql",
        };
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
                if (!strcmp(dot, endings[i]))
                        return true;
        return false;
}

static void judge_new_code(const struct judgement *judgement, const struct ignore *tests)
{
        const char *first = NULL;

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                bool test = ignore_covers(tests, change->path, false);

                if (test && change->kind != CHANGE_DELETED)
                        return;
                if (!test && !first && change->kind == CHANGE_ADDED && is_code(change->path))
                        first = change->path;
        }
        if (first)
                gate_find(judgement, &(struct gate_at){.path = first},
                          "is new code, and no test is new or changed (mood bold)");
}

void judge_mood(const struct judgement *judgement)
{
        _cleanup_ignore_ struct ignore tests = judgement_rules(&judgement->plan->paths.tests);
        int rule = judgement->plan->change_rule;

        if (judgement->plan->worktree != WORKTREE_WRITE && judgement->changes->len)
                gate_find(judgement, NULL, "files change, and this mood changes nothing");
        if (rule == CHANGE_NEW_CODE_IS_TESTED)
                judge_new_code(judgement, &tests);
        if (rule != CHANGE_TESTS_ONLY && rule != CHANGE_TESTS_AND_FIXES)
                return;
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                if (ignore_covers(&tests, change->path, false))
                        continue;
                if (rule == CHANGE_TESTS_ONLY)
                        gate_find(judgement, &(struct gate_at){.path = change->path},
                                  "is no test, and only tests may change (mood petty)");
                else if (change->kind == CHANGE_ADDED)
                        gate_find(judgement, &(struct gate_at){.path = change->path},
                                  "is new and no test (mood skeptical: only tests, and fixes of what exists)");
        }
}
