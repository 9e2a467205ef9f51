/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/state.h"

#include <criterion/criterion.h>

Test(state, goes_from_waiting_to_done_in_order)
{
        static const enum runner_state way[] = {RUNNER_STATE_PREPARING, RUNNER_STATE_WORKING,   RUNNER_STATE_FREEZING,
                                                RUNNER_STATE_READING,   RUNNER_STATE_VERIFYING, RUNNER_STATE_DONE};
        enum runner_state state = RUNNER_STATE_WAITING;
        struct err err = ERR_INIT;

        for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
                cr_assert(state_move(&state, way[i], &err) == 0);
}

Test(state, every_state_can_end_and_none_goes_back)
{
        struct err err = ERR_INIT;

        for (int from = RUNNER_STATE_WAITING; from < RUNNER_STATE_DONE; from++) {
                enum runner_state state = (enum runner_state)from;

                for (int to = 0; to <= from; to++) {
                        cr_assert(state_move(&state, (enum runner_state)to, &err) < 0, "%d to %d", from, to);
                        cr_assert((int)state == from);
                }
                cr_assert(state_move(&state, RUNNER_STATE_DONE, &err) == 0);
        }
}

Test(state, done_accepts_nothing)
{
        for (int event = 0; event < RUNNER_EVENT_COUNT; event++)
                cr_assert(!state_accepts(RUNNER_STATE_DONE, (enum runner_event_type)event));
}

Test(state, a_frozen_worktree_is_accepted_only_when_asked_for)
{
        for (int state = 0; state < RUNNER_STATE_COUNT; state++)
                cr_assert(state_accepts((enum runner_state)state, RUNNER_EVENT_FROZEN) ==
                          (state == RUNNER_STATE_FREEZING));
}
