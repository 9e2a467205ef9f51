/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_EVENTS_PRINT_H
#define CUPEL_CLI_EVENTS_PRINT_H

/*
 * Events on standard output as `cupel events` prints them. Of many runs each line for people begins with which one: before the
 * first event of a run its id stands on a line of its own. So does a new day. A terminal that is too narrow for that has the id
 * wherever another run goes on, instead.
 */

#include "lib/base/str.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct events_printing {
        bool json, colour, terminal, many;
        size_t columns;           /* of the terminal; 0: it is none */
        char run[RUN_ID_MAX + 1]; /* whose id stands above, on a narrow terminal */
        bool gone;                /* the reader closed the pipe */
        char day[16];             /* "2026-12-01" of the last line */
        uint64_t printed;         /* events */
};

/* A store_event_fn; `arg` is a struct events_printing. */
int events_print(const struct store_event_row *row, void *arg, struct err *err);

/* Whether nobody reads standard output any more. */
bool events_reader_gone(void);

#endif
