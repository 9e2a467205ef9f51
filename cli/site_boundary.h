/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SITE_BOUNDARY_H
#define CUPEL_CLI_SITE_BOUNDARY_H

/*
 * May this run be shown to others? What its work item says (policy/publication.h), as amended, and where that asks for a
 * person, what a person approved: exactly this packet with exactly what was said of it since.
 *
 *         struct boundary boundary;
 *         if (boundary_look(context, run, packet, &boundary, err) < 0) …
 *         boundary_release(&boundary);
 *
 * The digest is SHA-256 over length-prefixed fields: "cupel.publication.v1", the run's id, the bytes of SHA256SUMS, and the hash of
 * each event of the log that ended the run, amended it, noted something or is the operator's word. So it changes with any file of the
 * packet that is as its list has it and any amendment, and an approval of another digest is void; one that is not is not shown at all.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "policy/publication.h"

#include <stdbool.h>

struct context;
struct store_run;

enum boundary_state {
        BOUNDARY_SHOWN,
        BOUNDARY_SILENT, /* nothing of it is told */
        BOUNDARY_NEVER,  /* told is that something is withheld, and why */
        BOUNDARY_WAITS,  /* the same, until a person approves */
};

struct boundary {
        enum boundary_state state;
        enum publication said;
        char digest[HASH_HEX];   /* "" where the packet is not whole, or not as it was written */
        const char *why;         /* a sentence about what is withheld; NULL where it is shown */
        char *who, *time, *note; /* of the approval that holds; NULL: none does, or none is needed */
};

/* `packet`: its folder, or -1 where it is gone. */
int boundary_look(struct context *context, const struct store_run *run, int packet, struct boundary *ret,
                  struct err *err);
void boundary_release(struct boundary *boundary);
#define _cleanup_boundary_ __attribute__((cleanup(boundary_release)))

/* `cupel approve RUN --publish` and `cupel reject RUN --publish`. ERR_INPUT where there is nothing to decide. */
struct boundary_decision {
        bool grant, json;
        const char *reason; /* NULL: none */
};
int boundary_decide(struct context *context, const struct store_run *run, const struct boundary_decision *decision,
                    struct err *err);

#endif
