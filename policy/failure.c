/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/failure.h"

#include <stdlib.h>

enum meaning {
        FAILED, /* of the work */
        OVER,
        AGAIN,
        WAITS,
        OPEN,
};

static const struct {
        enum meaning meaning;
        const char *why;
} outcomes[OUTCOME_COUNT] = {
        [OUTCOME_COMMITTED] = {OVER, "it is committed"},
        [OUTCOME_OBSERVED] = {OVER, "its notes are its result"},
        [OUTCOME_HELD] = {OPEN, "it waits for a person"},
        [OUTCOME_NO_CHANGE] = {FAILED, "it changed nothing"},
        [OUTCOME_WORK_FAILED] = {FAILED, "the command failed"},
        [OUTCOME_SELF_VERIFICATION_FAILED] = {FAILED, "its own verification refused it"},
        [OUTCOME_DIRECTOR_REFUSED] = {FAILED, "the director refused it"},
        [OUTCOME_BUDGET_EXCEEDED] = {FAILED, "it used up a budget"},
        [OUTCOME_BASE_CONFLICT] = {AGAIN,
                                   "the target moved, and what it made does not fit there: again on the new tip"},
        [OUTCOME_REJECTED] = {FAILED, "a person rejected it"},
        [OUTCOME_CANCELLED] = {AGAIN, "it was cancelled, which says nothing about the work"},
        [OUTCOME_BLOCKED] = {WAITS, "what it needs is missing or was refused"},
        [OUTCOME_SANDBOX_UNAVAILABLE] = {AGAIN, "the sandbox could not be built, which says nothing about the work"},
        [OUTCOME_INTERRUPTED] = {AGAIN, "a crash ended it, which says nothing about the work"},
        [OUTCOME_INTERNAL_ERROR] = {AGAIN, "an error of ours ended it, which says nothing about the work"},
};

bool failure_is_attempt(enum outcome outcome)
{
        return outcome < OUTCOME_COUNT && outcomes[outcome].meaning == FAILED;
}

static void set(struct failure_next *ret, enum next_step what, char *owned_reason)
{
        *ret = (struct failure_next){.what = what, .mood = KEY_UNSET, .reason = owned_reason};
}

/* ---- The steps ---- */

struct step {
        int mood;
        int64_t tier;
};

static int mood_at(const struct plan *plan, size_t i)
{
        return word_find(mood_names, plan->failure.moods.items[i]);
}

static size_t find_mood(const struct plan *plan, int mood)
{
        size_t i = 0;

        while (i < plan->failure.moods.len && mood_at(plan, i) != mood)
                i++;
        return i;
}

/* Where a tier begins: danger does not go away because somebody else tries. */
static size_t first_of_tier(const struct plan *plan)
{
        size_t paranoid = find_mood(plan, MOOD_PARANOID);

        return plan->risk >= (int)RISK_HIGH && paranoid < plan->failure.moods.len ? paranoid : 0;
}

static bool stays(const struct plan *plan)
{
        return plan->failure.mood_named || !plan->may_commit || !plan->failure.moods.len;
}

/* How many attempts each agent has where the mood stays. */
static size_t tries_of_each(const struct plan *plan)
{
        return plan->failure.moods.len ? plan->failure.moods.len : 1;
}

static bool next_mood(const struct failure_input *input, struct step *ret)
{
        const struct plan *plan = input->plan;
        const int64_t tries = input->tries ? input->tries : input->failures;
        size_t at;

        ret->tier = plan->failure.tier;
        if (stays(plan)) {
                ret->mood = plan->mood;
                return tries < (int64_t)tries_of_each(plan);
        }
        at = find_mood(plan, plan->mood);
        at = at == plan->failure.moods.len ? 1 : at + 1;
        if (at >= plan->failure.moods.len)
                return false;
        ret->mood = mood_at(plan, at);
        return true;
}

static bool next_tier(const struct failure_input *input, struct step *ret)
{
        const struct plan *plan = input->plan;

        if (plan->failure.tier >= (int64_t)plan->failure.tiers.len)
                return false;
        ret->tier = plan->failure.tier + 1;
        ret->mood = stays(plan) ? plan->mood : mood_at(plan, first_of_tier(plan));
        return true;
}

/* Without tiers and with the mood named, or one that may not commit, only the number of attempts bounds it. */
static bool next_same(const struct failure_input *input, struct step *ret)
{
        const struct plan *plan = input->plan;

        ret->mood = plan->mood;
        ret->tier = plan->failure.tier;
        return stays(plan) && !plan->failure.tiers.len;
}

/* ---- The decision ---- */

static void give_up(const struct failure_input *input, const char *why, struct failure_next *ret)
{
        static const struct {
                enum next_step what;
                const char *text;
        } ends[] = {
                [FAILURE_SPLIT] = {NEXT_ASK, "no valid split was proposed, so a person is asked"},
                [FAILURE_ASK] = {NEXT_ASK, "a person is asked"},
                [FAILURE_DROP] = {NEXT_DROP, "it is given up"},
        };
        const int then = input->plan->failure.then;
        const bool refused = then == FAILURE_SPLIT && input->refused_split;

        set(ret, ends[then].what,
            xasprintf("%s, %s; %s%s%s", outcomes[input->outcome].why, why, ends[then].text, refused ? ": " : "",
                      refused ? input->refused_split : ""));
        ret->tier = input->plan->failure.tier;
}

static void after_failure(const struct failure_input *input, struct failure_next *ret)
{
        const struct plan *plan = input->plan;
        const char *why = outcomes[input->outcome].why;
        struct step step = {0};
        bool other;

        if (plan->failure.then == FAILURE_SPLIT && input->children) {
                set(ret, NEXT_SPLIT, xasprintf("%s, and the run proposed %zu smaller items", why, input->children));
                return;
        }
        if (input->failures >= plan->budget.attempts) {
                _cleanup_str_ struct str used = {0};

                if (plan->budget.attempts == 1)
                        str_puts(&used, "and it has one attempt");
                else
                        str_printf(&used, "and all %lld attempts are used up", (long long)plan->budget.attempts);
                give_up(input, str_text(&used), ret);
                return;
        }
        if (!next_mood(input, &step) && !next_tier(input, &step) && !next_same(input, &step)) {
                give_up(input, "and neither a mood nor an agent is left to try", ret);
                return;
        }
        other = step.tier != plan->failure.tier;
        set(ret, NEXT_RETRY,
            xasprintf("%s; attempt %lld of %lld%s%s", why, (long long)input->failures + 1,
                      (long long)plan->budget.attempts, other ? ", by " : "",
                      other ? plan->failure.tiers.items[step.tier - 1] : ""));
        ret->mood = step.mood;
        ret->tier = step.tier;
}

/* A look back is not the work; and where the policy splits, what was only looked at may be split too. */
static void after_success(const struct failure_input *input, struct failure_next *ret)
{
        const struct plan *plan = input->plan;
        const bool observed = input->outcome == OUTCOME_OBSERVED;

        if (observed && plan->rebuilds && !plan->failure.mood_named) {
                set(ret, NEXT_REQUEUE, xstrdup("the projections were looked at after a crash; now the work"));
                return;
        }
        if (observed && plan->failure.then == FAILURE_SPLIT && input->children) {
                set(ret, NEXT_SPLIT, xasprintf("the run looked, and proposed %zu items", input->children));
                return;
        }
        set(ret, NEXT_DONE, xstrdup(outcomes[input->outcome].why));
}

void failure_next(const struct failure_input *input, struct failure_next *ret)
{
        const char *why = outcomes[input->outcome].why;

        switch (outcomes[input->outcome].meaning) {
        case FAILED:
                after_failure(input, ret);
                return;
        case OVER:
                after_success(input, ret);
                return;
        case AGAIN:
                set(ret, NEXT_REQUEUE, xstrdup(why));
                return;
        case WAITS:
                set(ret, NEXT_WAIT, xstrdup(why));
                return;
        case OPEN:
                set(ret, NEXT_NOTHING, xstrdup(why));
        }
}

void failure_next_release(struct failure_next *next)
{
        free(next->reason);
        *next = (struct failure_next){0};
}
