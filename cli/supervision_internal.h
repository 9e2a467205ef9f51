/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SUPERVISION_INTERNAL_H
#define CUPEL_CLI_SUPERVISION_INTERNAL_H

/* Between the stages of a run (supervision.c) and the messages that move it on (supervision_messages.c). */

#include "cli/supervision.h"

/* Replaces the verdict; `reasons` are copied. */
void supervision_set_verdict(struct supervision *s, enum outcome outcome, const struct strv *reasons);

/* A note of so many bytes: ERR_INPUT where the run has more than it may have. */
int supervision_count_note(struct supervision *s, size_t bytes, struct err *err);

/* Enters a phase in the store and on the terminal, with the records that led to it; a store that refuses gives the run up. */
void supervision_move(struct supervision *s, enum phase to);

/* The pending records and the move in one transaction; false: neither is written. */
struct store_move;
bool supervision_flush_with(struct supervision *s, const struct store_move *then);

/* Takes over the reference to `owned`. A peer that is gone is no error: its closed socket tells. */
void supervision_send(struct channel *channel, struct json_t *owned);

/* The runner may begin; where the user sits at the agent's terminal, its socket goes along. Takes over the reference. */
void supervision_start_runner(struct supervision *s, struct json_t *owned);

/* The caged side has nothing more to do: it gets a moment to end, then the director decides. */
void supervision_end_cage(struct supervision *s);

/*
 * A cage ended that was not to end: one that cannot be built says so by its exit status, and of another it is said
 * `how` (signal or status) `so`.
 */
void supervision_lost_cage(struct supervision *s, int wait_status, const char *cage, const char *how, const char *so);

/* The cage is gone: asks the director, unless cupel-egress still has to tell what it saw; then its end does. */
void supervision_caged_end(struct supervision *s);

/*
 * supervision_upstream.c. What an upstream answered, from cupel-egress: a refused credential ends the run. Then, once the caged
 * side and cupel-egress are over, what that means for the verdict: a run that failed because its API did is told as that.
 */
void supervision_know_credentials(
        struct supervision *s); /* before they leave the environment; what a refused one waits for */
int supervision_on_answer(struct supervision *s, struct json_t *message, struct err *err);
void supervision_saw_receipt(struct supervision *s, const char *via, int64_t silent_ms);
int supervision_take_meaning(struct supervision *s, const char *meant, const char *meaning, struct err *err);
void supervision_saw_veto(struct supervision *s, const char *action, const char *reason);
void supervision_judge_upstreams(struct supervision *s);

/* supervision_egress.c. One line for the person who waits, "WORD: WHAT (HOW)", once for each `what` and not without end. */
void supervision_say_veto(struct supervision *s, const char *word, const char *what, const char *how);

/* supervision_checkpoint.c: RUN@STEP of a resumed run, NULL of others; owned. The runner has staged one, or says why it could not. */
struct json_t *supervision_resumed(const struct supervision *s);
int supervision_on_checkpoint(struct supervision *s, struct json_t *message, struct err *err);

/* Whether cupel-egress is still there, and gets a moment; whether it took too long, and was killed. */
bool supervision_egress_lingers(struct supervision *s);
bool supervision_egress_late(struct supervision *s);

#endif
