/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_PHASE_H
#define CUPEL_BASE_PHASE_H

/*
 * The phases of a run, and the only moves between them:
 *
 *   created ─► preparing ─► running ─► frozen ─► self_verifying ─► awaiting_director ─► director_verifying
 *      │           │           │         │             │                   │              │      │    │
 *      ▼           │           │         │             │                   │              │      ▼    ▼
 *   blocked        └───────────┴─────────┴─────────────┴───────────────────┴──► discarded │    held ─► landing ─► committed
 *                                                                                 ▲   ▲   │      │       │
 *                                                                                 │   └───┴──────┘       │
 *                                                                                 └──────────────────────┘
 *
 * Besides: a revert goes from preparing to director_verifying, since the director makes its candidate and nobody works; a run that
 * only asks a person goes from created to held; one that ends before anything was prepared from created to discarded; an approved
 * run whose target moved from held to director_verifying; where the target moved at the last moment landing goes back to
 * director_verifying, and where a file of the user's checkout is in the way to held.
 *
 * phase_move() is the single place where a run changes phase; the caller records the move as an event in the same
 * transaction. A move that is not in the table is a bug in the caller, not an input error.
 */

#include "lib/base/err.h"

#include <stdbool.h>

/* phase, name in events, phases that may follow */
#define PHASES(X)                                                                                                      \
        X(CREATED, "created", TO(PREPARING) | TO(BLOCKED) | TO(HELD) | TO(DISCARDED))                                  \
        X(BLOCKED, "blocked", 0)                                                                                       \
        X(PREPARING, "preparing", TO(RUNNING) | TO(DIRECTOR_VERIFYING) | TO(DISCARDED))                                \
        X(RUNNING, "running", TO(FROZEN) | TO(DISCARDED))                                                              \
        X(FROZEN, "frozen", TO(SELF_VERIFYING) | TO(DISCARDED))                                                        \
        X(SELF_VERIFYING, "self_verifying", TO(AWAITING_DIRECTOR) | TO(DISCARDED))                                     \
        X(AWAITING_DIRECTOR, "awaiting_director", TO(DIRECTOR_VERIFYING) | TO(DISCARDED))                              \
        X(DIRECTOR_VERIFYING, "director_verifying", TO(HELD) | TO(LANDING) | TO(DISCARDED))                            \
        X(HELD, "held", TO(DIRECTOR_VERIFYING) | TO(LANDING) | TO(DISCARDED))                                          \
        X(LANDING, "landing", TO(COMMITTED) | TO(HELD) | TO(DIRECTOR_VERIFYING) | TO(DISCARDED))                       \
        X(COMMITTED, "committed", 0)                                                                                   \
        X(DISCARDED, "discarded", 0)

enum phase {
#define X(phase, name, next) PHASE_##phase,
        PHASES(X)
#undef X
                PHASE_COUNT
};

const char *phase_name(enum phase phase);
int phase_from_name(const char *name, enum phase *ret); /* -1: no such phase */
bool phase_is_terminal(enum phase phase);

/* Beside a repository's store: one file per run whose end is at work, or was killed at it. Made by the director before the move
 * to a terminal phase or to held, removed when packet and clean-up are whole (director/end.c); cli/recover.c looks there. */
#define PHASE_ENDING_FOLDER "ending"
int phase_move(enum phase *phase, enum phase next, struct err *err);

#endif
