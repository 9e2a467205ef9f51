/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LANDING_CALL_H
#define CUPEL_CLI_LANDING_CALL_H

/*
 * What approve and reject share: the director is called on a run that exists, progress is shown, and its end is told as
 * `cupel run` would tell it, with the same exit status.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct director_call;
struct store_run;

struct landing_view {
        bool json, quiet;
};

/* `call` needs mode and what belongs to it; context, run and terminal are filled in. Exit status of the outcome, or -1. */
int landing_call(struct context *context, const struct store_run *run, const struct director_call *call,
                 const struct landing_view *view, struct err *err);

/* ERR_INPUT with the reason unless the run is held. */
int landing_expect_held(const struct store_run *run, struct err *err);

/*
 * This process takes the held run over before anything is decided, so that neither a second approval nor recovery works on
 * it at the same time. ERR_INPUT where somebody who lives has it.
 */
int landing_adopt(struct context *context, const struct store_run *run, struct err *err);

#endif
