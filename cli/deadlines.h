/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_DEADLINES_H
#define CUPEL_CLI_DEADLINES_H

/*
 * What people were asked and did not answer in time (approval.deadline): starts are denied, held runs are rejected by their
 * director, each with receipt.timeout. Every command that writes does this before its own work, and `cupel work` between its
 * items. Nothing ever starts or lands because time passed. What cannot be ended now is named on stderr, and stops nothing.
 */

#include "lib/base/err.h"

struct context;

int deadlines_pass(struct context *context, struct err *err);

#endif
