/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_JOB_H
#define CUPEL_DIRECTOR_JOB_H

/*
 * What one verifier goes through, as a machine that says which attempt comes next; director/lanes.h runs them.
 *
 *   on the candidate ──► again, while it FAILs, as often as `retries` says
 *        │ differential_wanted(), and no failure of what passed in the run's own worktree
 *        ▼
 *   on what it would land on ──► from the store where somebody ran it there within a day; else again while it FAILs
 *        │ it blocks nothing, `base_tests`, and the changes hold tests and something else
 *        ▼
 *   the changed tests on the base's code ──► done: the verdict
 *
 *         struct job job;
 *         job_init(&job, verifier, verdict);
 *         while (job_next(&job, d, &wanted)) { run it in a room of wanted.kind; job_take(&job, d, wanted.kind, &attempt); }
 *         job_keep(&job, d, err);           what was found out goes to the store
 *         job_release(&job);
 *
 * What passed in the run's own worktree and fails here is no old failure: the run's ignored or untracked files made it pass.
 * That the base fails as well then proves nothing, and the runner's claim is used against the candidate only.
 */

#include "director/attempt.h"
#include "director/room.h"

enum job_state {
        JOB_TRYING,
        JOB_ON_BASE,
        JOB_ON_TESTS,
        JOB_DONE,
};

struct job {
        const struct plan_verifier *verifier;
        struct verdict *verdict;
        char key[HASH_HEX];     /* director/verifier_key.h */
        char context[HASH_HEX]; /* "": its verdict is nobody else's */
        enum job_state state;
        bool tests_apart; /* its changed tests can be tried on the base's code */
        bool begun;       /* told the supervisor, and ran */

        struct attempt now;
        struct attempt base;
        int64_t base_tries;
        bool has_base;
        enum test_opinion base_opinion; /* from the store, where base_tries is 0 */
        enum test_report_state base_report;
        struct test_cases base_cases; /* from the store */
};

struct job_wanted {
        enum room_kind kind;
        char suffix[32]; /* of the log's name */
};

void job_init(struct job *job, const struct plan_verifier *verifier, struct verdict *verdict);

/* False: it is done, and its verdict is filled. */
bool job_next(struct job *job, struct director *d, struct job_wanted *ret);
void job_take(struct job *job, struct director *d, enum room_kind kind, struct attempt *attempt); /* takes over */

int job_keep(const struct job *job, struct director *d, struct err *err);
void job_release(struct job *job);

#endif
