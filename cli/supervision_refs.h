/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SUPERVISION_REFS_H
#define CUPEL_CLI_SUPERVISION_REFS_H

/*
 * What the runner's receipts rest on (docs/events.md). The runner knows of no ids: an event has one when it is in the log. So who writes
 * them there keeps those that later ones name.
 *
 *         refs = record_refs_of(&known, type);            an array, or NULL: it rests on nothing
 *         store_event_append(…, id, …);
 *         record_refs_see(&known, type, id, data);
 *         before = record_refs_copy(&known);              before a transaction: what it adds is only known once it is committed
 *         record_refs_release(&known);
 *
 * The runner may be somebody else's by now: what it names here is only what it has said itself, and at most RECORD_REFS_MAX of it.
 */

#include <stddef.h>

struct json_t;

#define RECORD_REFS_MAX ((size_t)200)

enum record_refs_kind {
        RECORD_REFS_PATCH,
        RECORD_REFS_DECISION,
        RECORD_REFS_VERIFIERS,
        RECORD_REFS_RESULTS,
        RECORD_REFS_KINDS
};

struct record_refs {
        struct json_t *ids[RECORD_REFS_KINDS]; /* arrays; NULL: none yet */
};

struct json_t *record_refs_of(const struct record_refs *known, const char *type);
void record_refs_see(struct record_refs *known, const char *type, const char *id, const struct json_t *data);
struct record_refs record_refs_copy(const struct record_refs *known);
void record_refs_release(struct record_refs *known);

#endif
