/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_HISTORY_H
#define CUPEL_POLICY_HISTORY_H

/*
 * What the agent of a run is told of earlier attempts at the same item: how they ended, and the last of their notes. All of it
 * was written by whoever worked there, or quotes what their commands printed, so it is quoted line by line and says of itself
 * that it is no instruction; nothing in it can end the quote. Bounded: the newest attempts, their last notes, each cut.
 *
 *         struct history history = {0};
 *         history_run(&history, created, outcome, failures);     newest first
 *         history_note(&history, type, actor, data);             its notes, in order
 *         history_end(&history, &text);                          "" where nobody noted anything and nothing failed
 *         history_release(&history);
 */

#include "lib/base/str.h"

struct json_t;

#define HISTORY_RUNS 5
#define HISTORY_NOTES 8              /* of one run: the last ones */
#define HISTORY_NOTE_BYTES 300       /* of one note */
#define HISTORY_FAILURES 3           /* reasons of one run */
#define HISTORY_BYTES ((size_t)4096) /* of all of it, about */

struct history {
        struct str text;
        size_t runs, left_out;
        /* of the run at hand */
        struct str head;
        bool failed;
        struct strv notes; /* lines */
        char *status;      /* the last one */
};

/* `created` as the store has it; `failures`: a list of texts that say why it failed, or NULL. */
void history_run(struct history *history, const char *created, const char *outcome, const struct json_t *failures);
bool history_tells(const char *actor); /* of the notes of this one; of others history_note() takes nothing */
void history_note(struct history *history, const char *type, const char *actor, const struct json_t *data);
void history_end(struct history *history, struct str *ret);
void history_release(struct history *history);

#endif
