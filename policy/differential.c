/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/differential.h"

#include "lib/base/ignore.h"

#include <string.h>

#define NAMES_TOLD 5

static void begin_clause(struct str *why)
{
        if (why->len)
                str_puts(why, "; ");
}

static void tell(const struct strv *names, const char *one, const char *many, struct str *why)
{
        if (!names->len)
                return;
        begin_clause(why);
        str_printf(why, "%zu %s: ", names->len, names->len == 1 ? one : many);
        test_put_names(names, NAMES_TOLD, why);
}

static void tell_lists(const struct test_comparison *found, struct str *why)
{
        tell(&found->new_failures, "new failure", "new failures", why);
        tell(&found->vanished, "test that passes on the base is gone", "tests that pass on the base are gone", why);
        tell(&found->skipped, "test that passes on the base is skipped now",
             "tests that pass on the base are skipped now", why);
        if (found->pre_existing.len) {
                begin_clause(why);
                str_printf(why, "%zu fail%s on the base too: ", found->pre_existing.len,
                           found->pre_existing.len == 1 ? "s" : "");
                test_put_names(&found->pre_existing, NAMES_TOLD, why);
        }
}

/* Something else than a test made it fail: a crash, a threshold. */
static bool is_unexplained(const struct differential_side *side)
{
        return side->opinion == TEST_FAILS && !test_cases_any_failed(side->cases);
}

static enum differential judge_cases(const struct differential_input *input, struct test_comparison *ret,
                                     struct str *why)
{
        const struct differential_side *now = &input->now, *base = &input->base;
        bool lost;

        test_compare(base->cases, now->cases, ret);
        lost = ret->vanished.len + ret->skipped.len > 0;
        if (input->verifier->lost == GATE_OFF) {
                strv_release(&ret->vanished);
                strv_release(&ret->skipped);
        }
        tell_lists(ret, why);
        if (ret->new_failures.len || (lost && input->verifier->lost == GATE_BLOCK))
                return DIFFERENTIAL_FAIL;
        if (now->opinion == TEST_PASSES)
                return DIFFERENTIAL_AS_IT_WAS;
        if (!is_unexplained(now))
                return DIFFERENTIAL_PRE_EXISTING;
        begin_clause(why);
        if (is_unexplained(base)) {
                str_puts(why, "it fails on the base too, there too with no failing test in its report");
                return DIFFERENTIAL_PRE_EXISTING;
        }
        str_puts(why, "no test of its report failed, and on the base it does not fail so");
        return DIFFERENTIAL_FAIL;
}

static enum differential judge_exits(const struct differential_input *input, struct str *why)
{
        static const char *const told[] = {
                [TEST_PASSES] = "passes on the base",
                [TEST_FAILS] = "fails on the base too",
                [TEST_SAYS_NOTHING] = "inconclusive on the base",
        };
        const struct differential_side *now = &input->now, *base = &input->base;

        if (now->opinion != TEST_FAILS)
                return DIFFERENTIAL_AS_IT_WAS;
        begin_clause(why);
        str_puts(why, told[base->opinion]);
        if (base->opinion != TEST_FAILS)
                return DIFFERENTIAL_FAIL;
        if (now->report == base->report)
                return DIFFERENTIAL_PRE_EXISTING;
        str_printf(why, ", but %s a report there", base->report == TEST_REPORT_WHOLE ? "with" : "without");
        return DIFFERENTIAL_FAIL;
}

enum differential differential_judge(const struct differential_input *input, struct test_comparison *ret,
                                     struct str *ret_why)
{
        if (input->now.report == TEST_REPORT_WHOLE && input->base.report == TEST_REPORT_WHOLE)
                return judge_cases(input, ret, ret_why);
        return judge_exits(input, ret_why);
}

bool differential_wanted(const struct plan_verifier *verifier, enum test_opinion opinion, enum test_report_state report)
{
        if (opinion == TEST_FAILS)
                return verifier->baseline;
        return opinion == TEST_PASSES && report == TEST_REPORT_WHOLE && verifier->lost != GATE_OFF;
}

/* What a tree is made of; texts stay with the list that owns them. */
static void copy_change(const struct change *from, struct change_list *to)
{
        struct change *copy = change_list_add(to, from->path);

        copy->kind = from->kind;
        copy->old_mode = from->old_mode;
        copy->new_mode = from->new_mode;
        memcpy(copy->old_id, from->old_id, sizeof(copy->old_id));
        memcpy(copy->new_id, from->new_id, sizeof(copy->new_id));
}

bool differential_tests_apart(const struct plan *plan, const struct change_list *changes, struct change_list *ret_tests)
{
        _cleanup_ignore_ struct ignore rules = {0};
        size_t others = 0;

        for (size_t i = 0; i < plan->paths.tests.len; i++)
                ignore_add(&rules, "", plan->paths.tests.items[i]);
        for (size_t i = 0; i < changes->len; i++) {
                if (ignore_covers(&rules, changes->items[i].path, false))
                        copy_change(&changes->items[i], ret_tests);
                else
                        others++;
        }
        return others > 0 && ret_tests->len > 0;
}
