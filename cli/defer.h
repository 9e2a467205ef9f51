/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_DEFER_H
#define CUPEL_CLI_DEFER_H

/* A run that runs nothing and asks: its questions (policy/questions.h), from the item and from how its earlier runs ended. */

struct context;
struct json_t;
struct launch;

/* Array of the data of note.request.help, 1 to MOOD_QUESTIONS_MAX of them; owned by the caller. */
struct json_t *defer_questions(struct context *context, const struct launch *launch);

#endif
