/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_QUESTIONS_H
#define CUPEL_POLICY_QUESTIONS_H

/*
 * What a person is asked: by a run in the mood deferential instead of running anything, and at the end of a failure plan. One to
 * MOOD_QUESTIONS_MAX questions out of one table, by what is unclear, each with options and a careful default. Pure.
 *
 *         struct json_t *list = questions_make(&(struct questions_input){.item = &item, .plan = plan, .failures = 3, …});
 *         each is the data of a note.request.help: {question, options, default, about}
 *
 * `about: decision` is the one whose answer says how the item goes on (questions_step()); the others' answers are information
 * for the next run, in its history.
 */

#include "lib/base/outcome.h"
#include "policy/item.h"

struct json_t;
struct plan;

struct questions_input {
        const struct work_item *item; /* NULL: only what the plan says */
        const struct plan *plan;
        int64_t failures;        /* in a row; 0: none */
        enum outcome last;       /* of the last failure; OUTCOME_COUNT: none */
        const char *last_reason; /* NULL: none */
        const char *split;       /* reason of a split that was proposed; NULL: none */
};

struct json_t *questions_make(const struct questions_input *input); /* array, owned by the caller */

/* What the answer to a question about the decision means. */
enum questions_step {
        QUESTIONS_GO_ON, /* another attempt, with the answers in its history */
        QUESTIONS_DROP,
};
enum questions_step questions_step(const char *answer);

#define QUESTIONS_ABOUT_DECISION "decision"

#endif
