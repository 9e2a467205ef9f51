/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LEDGER_H
#define CUPEL_CLI_LEDGER_H

/*
 * The user's ledger of money (lib/store/spend.h) as commands use it: where it is, which limits hold now, and the settling of runs
 * whose supervisor died. Such a run is settled at what its own repository's store says was reported: whoever was killed can
 * report nothing more. Where that store is gone, its whole estimate counts as spent; where it cannot be read,
 * that stays reserved.
 *
 *         _cleanup_spend_ struct spend *spend = NULL;
 *         ledger_open(context, &spend, err);                 settles what the dead have left, too
 *         ledger_limits(&policy, time(NULL), &limits);
 */

#include "lib/store/spend.h"

struct context;
struct policy;
struct store;

int ledger_open(const struct context *context, struct spend **ret, struct err *err);
void ledger_limits(const struct policy *policy, int64_t now, struct spend_limits *ret);

/* What is on record for a run, in micro-dollars. */
int ledger_reported(struct store *store, const char *run, int64_t *ret, struct err *err);

#define LEDGER_TIME 40
/* "Mon 2026-11-23 00:00", local. */
void ledger_time(int64_t when, char ret[LEDGER_TIME]);
/* RFC 3339 in UTC, for programs. */
void ledger_stamp(int64_t when, char ret[LEDGER_TIME]);

#endif
