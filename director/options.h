/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_OPTIONS_H
#define CUPEL_DIRECTOR_OPTIONS_H

/*
 * The command line of cupel-director, which only the supervisor writes:
 *
 *         cupel-director MODE --state ROOT --cache ROOT --repository GITDIR --run RUN_ID
 *                        [--snapshot SHA256] [--outcome NAME --reason TEXT] [--who NAME]
 *
 * Everything else the director reads itself: snapshot, quarantine, store. Strings are borrowed from argv.
 */

#include "lib/base/err.h"
#include "lib/base/outcome.h"

/* mode, its word, what it does */
#define DIRECTOR_MODES(X)                                                                                              \
        X(RUN, "run", "prepare the base, wait for the candidate, verify it, decide, land or discard")                  \
        X(LAND, "land", "land a held run, after an approval or when the checkout is free")                             \
        X(DISCARD, "discard", "end a run without a commit")                                                            \
        X(RECOVER, "recover", "finish or discard what a crash left")

enum director_mode {
#define X(mode, word, text) DIRECTOR_##mode,
        DIRECTOR_MODES(X)
#undef X
                DIRECTOR_MODE_COUNT
};

struct director_options {
        enum director_mode mode;
        const char *state, *cache, *repository, *run;
        const char *snapshot;     /* SHA-256 in hex, or NULL */
        const char *reason, *who; /* NULL where not given */
        enum outcome outcome;     /* of mode discard; OUTCOME_COUNT where not given */
};

/* ERR_INPUT names the argument. */
int director_options_parse(int argc, char **argv, struct director_options *ret, struct err *err);

#endif
