/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_FORBID_H
#define CUPEL_POLICY_FORBID_H

/*
 * Words of an item's `forbid`: one table from the word to the mechanism that makes it impossible in this run, or refuses a
 * result that did it. What a mechanism depends on (whether there is a network, which gates block) is asked of the plan; a word
 * without a mechanism is FORBID_UNENFORCED, and the plan says so.
 *
 *         const struct forbid_word *word = forbid_find("delete");        NULL: not in the table
 *         forbid_mechanism("push", plan)                                 a sentence, or FORBID_UNENFORCED
 *         forbid_at(i)                                                   walks the table, NULL past its end
 *
 * The words whose mechanism is the gate `forbid` (policy/gates/forbid.c) have a test of one change.
 */

#include "lib/base/change.h"

struct plan;

struct forbid_look {
        const struct plan *plan;
        const struct change_list *changes;
};

struct forbid_word {
        const char *word;
        const char *mechanism; /* where it holds */
        const char *tell;      /* to the agent, where the word alone is not plain; NULL */
        const char *finding;   /* of the gate: "PATH <finding>"; NULL: no gate's word */
        bool (*hits)(const struct forbid_look *look, const struct change *change);
        bool (*holds)(const struct plan *plan); /* NULL: always */
        const char *otherwise;                  /* the mechanism where it does not; NULL: none */
        bool (*holds_otherwise)(const struct plan *plan);
};

const struct forbid_word *forbid_find(const char *word);
const struct forbid_word *forbid_at(size_t index);
const char *forbid_mechanism(const char *word, const struct plan *plan);

#endif
