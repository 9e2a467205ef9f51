/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPLAY_H
#define CUPEL_DIRECTOR_REPLAY_H

/*
 * Mode replay: a past run's judgement once more, on a base commit and a patch, in a scratch folder that the command line made
 * (cli/replay_place.c). There is no store, no ref is moved, no object is written to the repository, nothing lands.
 *
 *   <state>/lock                          held shared, so that nobody sweeps the folder
 *   <state>/repos/<repo-id>/runs/<run>/   config_snapshot/ as in the packet; REPLAY_PATCH; REPLAY_CLAIMS: what the run's own
 *                                         verifiers were recorded with, [{name, result}]
 *     → REPLAY_RESULT                     {decision, reasons, gates, verifiers, tree, files, tier}, or {failed, exit}
 *
 * --base names what the candidate was judged on, --tree what the patch must lead to: another tree is ERR_INPUT, except with
 * --judge marked, where the patch hides bytes: then gates alone look at what is left, and no verifier runs. --judge self runs
 * the verifiers of the run's own gate, in a clean room (they had the run's own worktree). Where there is no patch in the folder, the
 * tree is one of the repository's own. With --host no, the plan's folders and variables of the host stay out: the packet is somebody
 * else's.
 */

#include "lib/base/err.h"

struct director;

#define REPLAY_PATCH "patch.diff"
#define REPLAY_CLAIMS "claims.json"
#define REPLAY_RESULT "replay.json"

/* word, what it does */
#define REPLAY_JUDGE(X)                                                                                                \
        X(DIRECTOR, "director")                                                                                        \
        X(SELF, "self")                                                                                                \
        X(MARKED, "marked")

enum replay_judge {
#define X(judge, word) REPLAY_##judge,
        REPLAY_JUDGE(X)
#undef X
                REPLAY_JUDGE_COUNT
};

/* In place of the store: the run as the command line says. */
int replay_row(struct director *d, struct err *err);

#endif
