/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_MACHINE_H
#define CUPEL_RUNNER_MACHINE_H

/*
 * Inside of the runner's state machine (runner/state.h has the diagram). A state has two functions: `enter` does what
 * begins it, `on` answers an event that the state accepts. They move on with machine_move() or end with machine_end(); a
 * failure that they return becomes the result.
 */

#include "runner/runner.h"

struct runner_event {
        enum runner_event_type type;
        struct sandbox_event *sandbox; /* READY, STARTED, ENDED, FROZEN; descriptors may be taken */
};

void machine_say_results(struct runner *runner); /* once */

int machine_move(struct runner *runner, enum runner_state next, struct err *err);
int machine_tick(struct runner *runner, const struct runner_event *event, struct err *err);

/* Says the result with the reasons that were gathered, and is done. */
void machine_end(struct runner *runner, enum outcome outcome);
void machine_end_verify(struct runner *runner);
void machine_fail(struct runner *runner, const struct err *err);

int waiting_enter(struct runner *runner, struct err *err);
int waiting_on(struct runner *runner, const struct runner_event *event, struct err *err);
int preparing_enter(struct runner *runner, struct err *err);
int preparing_on(struct runner *runner, const struct runner_event *event, struct err *err);
int working_enter(struct runner *runner, struct err *err);
int working_on(struct runner *runner, const struct runner_event *event, struct err *err);
int freezing_enter(struct runner *runner, struct err *err);
int freezing_on(struct runner *runner, const struct runner_event *event, struct err *err);
int reading_enter(struct runner *runner, struct err *err);
int reading_on(struct runner *runner, const struct runner_event *event, struct err *err);
int verifying_enter(struct runner *runner, struct err *err);
int verifying_on(struct runner *runner, const struct runner_event *event, struct err *err);

/* Whether what its agent leaves becomes a candidate. */
bool runner_writes(const struct runner *runner);
/* The verifier that is running, or comes next. */
const struct plan_verifier *verifier_at_hand(const struct runner *runner);

/* Messages that more than one state sends. `result` NULL: the step starts. */
void say_phase(struct runner *runner, const char *phase);
void say_step(struct runner *runner, const char *name, const char *gate, const char *result, uint64_t ms);
/* Hides what is a secret by its format in the log of the step that ended, before anybody quotes or digests it. */
int scrub_log(struct runner *runner, struct err *err);
void say_limits(struct runner *runner, const char *step,
                const struct sandbox_result *result);                          /* of a step that ended */
void say_record(struct runner *runner, const char *type, struct json_t *data); /* takes the reference */

/*
 * Adds to the reasons what an agent said that failed or left nothing behind, and finds out what its end means by its profile
 * (agent_end.c). exit_code -1: it was killed.
 */
void machine_explain_agent(struct runner *runner, int exit_code);

/* Opens the log `name` of a step for the helper to write; -1 with err set. */
int open_log(struct runner *runner, const char *name, struct err *err);

/* Digest of the plan's carried folders; `ret_hex` stays as it is where there are none. On the thread. */
int digest_carried(struct runner *runner, char ret_hex[HASH_HEX], struct err *err);

struct compose_input;
void compose_fill(const struct runner *runner, struct compose_input *ret);

#endif
