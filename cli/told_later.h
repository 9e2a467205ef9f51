/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_TOLD_LATER_H
#define CUPEL_CLI_TOLD_LATER_H

/*
 * What people said of a run after its packet was sealed: events of its log, and beside the packet a file of them that is no part of
 * its sums.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct context;
struct json_t;
struct store;

/* The data of the run's events whose type begins so, each with its "time", in order; owned by the caller, NULL with err. */
struct json_t *told_later_json(struct store *store, const char *run, const char *type_prefix, struct err *err);

/*
 * All of them into runs/<run>/<file>, one CloudEvent per line, and their seal. Written whole from the log each time; where the
 * packet is gone nothing is written.
 */
int told_later_write(struct context *context, const char *run, const char *type_prefix, const char *file,
                     struct err *err);

/* Their seal, as the log is now (lib/packet/later.h). */
int told_later_seal(struct context *context, const char *run, int packet, struct err *err);

/* The files, and the type of the events of each; ends with a NULL name. */
struct told_later_file {
        const char *name, *type;
};
extern const struct told_later_file told_later_files[];

/* What of such a file is not as the log has it: which line is none of it, which event is missing. */
int told_later_compare(struct context *context, const char *run, int packet, const struct told_later_file *file,
                       struct strv *ret_faults, struct err *err);

#endif
