/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/state.h"

#define TO(state) (1u << RUNNER_STATE_##state)
#define ON(event) (1u << RUNNER_EVENT_##event)

static const struct {
        const char *name;
        unsigned next;    /* set of TO() */
        unsigned accepts; /* set of ON() */
} states[] = {
#define X(state, name, next, accepts) [RUNNER_STATE_##state] = {name, next, accepts},
        RUNNER_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(event, name) [RUNNER_EVENT_##event] = name,
        RUNNER_EVENTS(X)
#undef X
};

const char *state_name(enum runner_state state)
{
        return states[state].name;
}

const char *runner_event_name(enum runner_event_type event)
{
        return event_names[event];
}

bool state_accepts(enum runner_state state, enum runner_event_type event)
{
        return states[state].accepts & (1u << event);
}

int state_move(enum runner_state *state, enum runner_state next, struct err *err)
{
        if (!(states[*state].next & (1u << next)))
                return err_set(err, ERR_INTERNAL, "no way from %s to %s", state_name(*state), state_name(next));
        *state = next;
        return 0;
}
