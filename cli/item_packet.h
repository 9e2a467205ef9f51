/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ITEM_PACKET_H
#define CUPEL_CLI_ITEM_PACKET_H

/*
 * The approval packet of a work item: all that a person needs to know before they let it start, and the sentence that does.
 *
 *   item title
 *   repository   {path, target, base, admission: null | {owner, evidence, risk, time}}
 *   contract     {objective, acceptance, mood, risk, risk_why, agent, model, command, network, worktree, paths, budget}
 *   forbidden    [{word, mechanism, enforced}]
 *   success      [text]
 *   validation   [{name, run, gate, timeout_ms, scope}]
 *   rollback     text
 *   evidence     [text]: what there will be afterwards
 *   approval     {before, needed, after, deadline_ms, state, who, time, reason, void, sentence, command}
 *                state: none, requested, granted, denied, consumed; void: a grant that other bytes or another plan had
 *   missing      [text]: what else keeps it from starting
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct context;
struct json_t;
struct launch;

/* `name`: what was typed, for the command to copy. Owned by the caller; NULL with err. */
struct json_t *item_packet(struct context *context, struct launch *launch, const char *name, struct err *err);

void item_packet_put(const struct json_t *packet, bool colour, struct str *out);

#endif
