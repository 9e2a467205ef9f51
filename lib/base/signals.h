/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SIGNALS_H
#define CUPEL_BASE_SIGNALS_H

/*
 * What asks a program to stop (SIGINT, SIGTERM, SIGHUP) ends it no more, but is read in order from the descriptor that this
 * returns (signalfd(2), non-blocking, owned by the caller). Children inherit the blocked signals: they unblock their own.
 */

#include "lib/base/err.h"

int signals_listen(struct err *err);

#endif
