/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_DIRECTOR_H
#define CUPEL_DIRECTOR_DIRECTOR_H

/*
 * The director: verifies, decides, lands. It is the only process that writes refs and objects, and it trusts no claim of
 * the caged side: what it acts on it has read itself from snapshot, quarantine and store.
 *
 *   mode run       base layer ─► ready ─► (the agent works) ─► verify ─► decide ─┬─► land ─► committed
 *                                                                               ├─► held
 *                                                                               └─► discarded
 *   mode revert    base layer ─► the inverse of a commit ─► verify ─► …                  as mode run, without an agent
 *   mode land      a held run: check, land           mode discard   end a run         mode recover   after a crash
 *   mode replay    a packet's base and patch ─► verify ─► decide: a verdict, and nothing else (director/replay.h)
 *
 *         struct director director;
 *         director_open(&director, &options, err);
 *         director_run(&director, err);            ends the run in the store; the packet is written
 *         director_leave(&director);               all that others could see of it: locks, its place in the line, the clean room
 *         director_close(&director);
 *
 * One outcome per call: whatever happens, director_end() is called once, and it moves the run first (the store is the
 * truth), then writes the packet, then cleans up, then tells the supervisor. A failure that cannot become an outcome
 * (the store is gone) is the error of director_run().
 */

#include "director/line.h"
#include "director/message.h"
#include "director/options.h"
#include "director/packet.h"
#include "director/parent.h"
#include "director/room.h"
#include "director/rounds.h"
#include "director/tidy.h"
#include "director/uplink.h"

#include "lib/base/change.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/git/layer.h"
#include "lib/git/quarantine.h"
#include "lib/git/repo.h"
#include "lib/store/store.h"
#include "policy/gate.h"
#include "policy/plan.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct p256_key;
struct sshkey;

/* What the run wants to become; filled by candidate.c. */
struct candidate {
        char tree[GIT_HEX]; /* what would land on the parent; "": none was ever named */
        char own[GIT_HEX]; /* what the run itself made; another tree than the one above after a merge (director/merge.h) */
        bool sound;        /* the objects of `own` are checked */
        bool merged;       /* it was merged at least once */
        struct json_t *claims; /* the runner's own verifier results, or NULL; never trusted, only told */
        struct quarantine *quarantine;
        bool checked; /* quarantine_check() passed: changes and gates are filled */
        struct quarantine_counts counts;
        struct change_list changes;
        struct gate_report gates;
};

/* Whose name the commit bears, and who signs it. */
struct signer {
        bool ready;
        struct author author;
        struct sshkey *key; /* NULL: unsigned */
};

/* What evidence_seal() of this process sealed. */
struct sealed {
        char digest[HASH_HEX]; /* "": nothing yet */
        struct str text;
        bool stale; /* evidence_void() */
};

struct director_times { /* milliseconds; 0: did not happen */
        uint64_t prepare, check, verify, land;
};

struct director {
        const struct director_options *options;
        struct uplink up;
        struct repo *repo;
        struct store *store; /* NULL in mode replay */
        struct store_run row;
        char *state_folder; /* <state>/repos/<repo-id> */
        char *run_folder;
        int state_fd, run_fd;
        char base_tree[GIT_HEX]; /* "": the base is gone (director_find_base()) */
        struct parent parent;
        struct line line;
        struct rounds rounds;
        int lock_fd; /* the landing lock, while we have it; -1 */
        struct plan plan;
        bool has_plan;
        char plan_id[HASH_HEX]; /* of that plan; "" without one */
        struct candidate candidate;
        struct layer_stack base;  /* what the run started from; empty where nothing is verified */
        struct layer_stack delta; /* base + candidate, while the clean room stands on it */
        struct room room;
        struct signer signer;
        struct p256_key *attest_key; /* director/attest.h; NULL until it is needed */
        struct sealed sealed;
        struct packet packet;
        char carried[HASH_HEX]; /* digest of the carried folders before the verifiers; "": none, or not known */
        struct tidy room_tidy, quarantine_tidy;
        mode_t umask;                        /* the user's, for what is made in the repository; ours is 077 */
        char tree[GIT_HEX], commit[GIT_HEX]; /* what the row points to once we have moved it */
        struct strv warnings;                /* of the verifiers, for a commit's reasons */
        struct strv left;                    /* files of the checkout that landing left alone */
        struct strv dead;                    /* landings that died, and stood in the way of ours */
        struct json_t *attacks;              /* director/attack_report.h; NULL: none so far */
        struct director_times times;
        int64_t started_ms; /* of this process, clock_wall_ms() */
        bool ends_again;    /* director_end_again() */
        bool ended;
        enum outcome outcome;
};

int director_open(struct director *d, const struct director_options *options, struct err *err);
bool director_is_unwanted(
        const struct director *d); /* started ahead, and the supervisor went without it: nobody asks for the error */
int director_run(struct director *d, struct err *err);
void director_leave(struct director *d);
void director_close(struct director *d); /* leaves first, where that was not done */

/* ---- Modes (run.c, held.c, recover.c, replay.c): each ends the run, or fails with what becomes its outcome ---- */
int mode_run(struct director *d, struct err *err);
int mode_revert(struct director *d, struct err *err);
int mode_land(struct director *d, struct err *err);
int mode_discard(struct director *d, struct err *err);
int mode_recover(struct director *d, struct err *err);
int mode_replay(struct director *d, struct err *err); /* director/replay.h; it has no run to end */

/* ---- What the modes share ---- */

/* Reads the run's row again; other processes move it too. A base that is gone is no error: the run can still be ended. */
int director_refresh(struct director *d, struct err *err);

/* What nothing can be judged without: d->base_tree, and d->parent while nothing else is; the error says why it is not there. */
int director_find_base(struct director *d, struct err *err);

bool director_in_race(const struct director *d); /* other agents try the same item: the first that lands wins */

/*
 * The snapshot is recomputed and compared with what the supervisor and the row say, then the plan is read from it.
 * ERR_REFUSED where a byte differs.
 */
int director_load_plan(struct director *d, struct err *err);

/* <state>/keys, made where it is missing: its descriptor, or -1. *ret_folder (free it, in any case) is its path, for messages. */
int director_open_keys(const struct director *d, char **ret_folder, struct err *err);

struct director_move {
        enum phase to;
        enum outcome outcome; /* STORE_OUTCOME_NONE where the phase has none */
        const struct strv *reasons;
        const char *tree, *commit;   /* NULL: as they were */
        const struct json_t *intent; /* landing */
        const struct store_event *events;
        size_t events_len;
        const struct store_next *next; /* at the end: what follows for the item; NULL: what the outcome says */
};

/* The layers of the run's base and the head over them: what every worktree of the run stands on. */
int director_prepare_base(struct director *d, struct err *err);

/* Moves the run from the phase that d->row shows; ERR_STORE where somebody else moved it meanwhile. */
int director_move(struct director *d, const struct director_move *move, struct err *err);

/* One event of the director; `data` is taken. */
int director_record(struct director *d, const char *type, struct json_t *data, struct err *err);
/* The same of one that rests on others: `refs` (taken; NULL: on none) are their ids; its own goes to `ret_id` (STORE_ID_MAX; or NULL). */
int director_record_on(struct director *d, const char *type, struct json_t *data, struct json_t *refs, char *ret_id,
                       struct err *err);

/*
 * The end: the move (committed, held, discarded with this outcome), the packet, the clean-up, the message up. `commit` and
 * `tree` may be NULL. `events` go into the transaction of the move.
 */
struct director_ending {
        enum outcome outcome;
        const struct strv *reasons;
        const char *tree, *commit;
        const struct store_event *events;
        size_t events_len;
};
int director_end(struct director *d, const struct director_ending *ending, struct err *err);

/* The same with one reason. */
int director_end_because(struct director *d, enum outcome outcome, const char *reason, struct err *err);

/* A run that is over already: packet and clean-up where they are missing, the message up. */
int director_end_again(struct director *d, struct err *err);

/* Where the run was interrupted: ends it (cancelled or interrupted) and returns 1; else 0. */
int director_end_if_interrupted(struct director *d, struct err *err);

/* Lets go of room, layers and quarantine, before their folders are removed. */
void director_release_work(struct director *d);

#endif
