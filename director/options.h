/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_OPTIONS_H
#define CUPEL_DIRECTOR_OPTIONS_H

/*
 * The command line of cupel-director, which only the supervisor writes:
 *
 *         cupel-director MODE --state ROOT --cache ROOT --repository GITDIR --run RUN_ID
 *                        [--snapshot SHA256] [--outcome NAME --reason TEXT] [--who NAME] [--timeout TEXT]
 *                        [--jobs N] [--reuse yes|no] [--ahead yes|no] [--carry yes|no] [--landing-only yes|no]
 *                        [--base COMMIT --tree TREE --judge director|self|marked --host yes|no]    replay alone
 *
 * Everything else the director reads itself: snapshot, quarantine, store. Strings are borrowed from argv.
 */

#include "lib/base/err.h"
#include "lib/base/outcome.h"

#include "director/replay.h"

#include <stdbool.h>

#define DIRECTOR_JOBS_MAX 16

/* mode, its word, what it does */
#define DIRECTOR_MODES(X)                                                                                              \
        X(RUN, "run", "prepare the base, wait for the candidate, verify it, decide, land or discard")                  \
        X(REVERT, "revert", "make the inverse of a run's commit, verify it, decide, land or discard")                  \
        X(LAND, "land", "land a held run, after an approval or when the checkout is free")                             \
        X(DISCARD, "discard", "end a run without a commit")                                                            \
        X(RECOVER, "recover", "finish or discard what a crash left")                                                   \
        X(REPLAY, "replay", "judge a packet's patch again, in a scratch folder; nothing is stored or landed")

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
        const char *timeout;      /* of mode discard: what nobody did in time; NULL: no deadline passed */
        enum outcome outcome;     /* of mode discard; OUTCOME_COUNT where not given */
        unsigned jobs;            /* verifiers at once; 0: as this machine allows */
        bool ahead; /* of mode run: it is started before the run's row is there, and waits for `begin` (uplink.h) */
        bool landing_only;       /* of mode recover: a run in another phase is left alone */
        bool no_reuse;           /* no verdict of an earlier run is taken over */
        const char *base, *tree; /* of mode replay: 40 hex digits */
        enum replay_judge judge;
        bool closed;  /* of mode replay: nothing of the host that the plan names is shown */
        bool carries; /* of mode replay: folders of the checkout that the plan carries are shown */
};

/* ERR_INPUT names the argument. */
int director_options_parse(int argc, char **argv, struct director_options *ret, struct err *err);

#endif
