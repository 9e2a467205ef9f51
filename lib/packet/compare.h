/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_COMPARE_H
#define CUPEL_PACKET_COMPARE_H

/*
 * Two packets beside each other: what was asked, under which rules, how it ended, what it used and what it changed. From the
 * packets alone.
 *
 *         struct json_t *found = NULL;
 *         if (packet_compare(first_fd, second_fd, &found, err) < 0) …
 *
 *         {"same": false, "asked": "other", "sections": [
 *           {"id": "configuration", "counts": true, "same": false, "equal": 41,
 *            "rows": [{"key": "policy.yaml gates.secrets", "first": "block", "second": null}]}, …]}
 *
 * A row is what differs; null: that side has none. Sections, in this order:
 *
 *   configuration   each file of config_snapshot but plan.json; YAML and JSON key by key, other text as digest and size
 *   identity        whether the two have one identity: also "relation": "same" or "fork", and "parts": what makes the difference
 *   base            commit and target, and what the tip was
 *   plan            plan.json key by key; lists of things that have a name by their names
 *   outcome         outcome, tree, reasons
 *   verdicts        each verifier of runner and director; each test that is on one of its lists
 *   gates           what they found
 *   patch           file by file: what the one changed and the other did not; rows also have "only_first" and "only_second",
 *                   the lines (with + and -) that only that side's patch has
 *   resources       times, peaks, cost; `counts` false: no two runs use the same, so this does not make them differ
 *
 * "asked" says whether the two were asked the same by the same rules: "same"; "history": but for what earlier runs on the item had
 * left when each began, which a run reads and its prompt quotes, so that an item that is run again differs at least in that; "other".
 *
 * Ids of runs and commits, and times, are nowhere compared. ERR_INPUT where a packet has no report or snapshot.
 */

#include "lib/base/err.h"

struct json_t;

int packet_compare(int first, int second, struct json_t **ret, struct err *err);

#endif
