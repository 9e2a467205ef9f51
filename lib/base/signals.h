/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SIGNALS_H
#define CUPEL_BASE_SIGNALS_H

/*
 * What asks a program to stop (SIGINT, SIGTERM, SIGHUP) ends it no more, but is read in order from the descriptor that this
 * returns (signalfd(2), non-blocking, owned by the caller). Children inherit the blocked signals: they unblock their own.
 */

#include "lib/base/err.h"

#include <stdbool.h>

int signals_listen(struct err *err);

/*
 * Who started us wants this and what we start to outlive its terminal (nohup(1)): SIGHUP is left ignored then, by whoever would hear it,
 * and in children. Steps begin with it as programs expect it.
 */
bool signals_outlive_terminal(void);

/*
 * A write that fails, to somebody who went (SIGPIPE) or past the size of a file (SIGXFSZ, setrlimit(2)), is an error of that call and not
 * the end of the program. Children inherit it: steps begin with both as programs expect them (signals_end_writers()).
 */
void signals_spare_writers(void);
void signals_end_writers(void);

#endif
