/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_CANDIDATE_H
#define CUPEL_RUNNER_CANDIDATE_H

/*
 * From the frozen upper to a judged candidate: all that the runner does with git.
 *
 *         struct candidate candidate = {0};
 *         candidate_open(&candidate, gitdir, err);                             while the layers are prepared
 *         candidate_prepare(&candidate, base, quarantine_folder, err);         on a thread, beside the agent's work
 *         candidate_read(&candidate, &plan, &upper, err);                      on a thread, when nobody can write any more
 *         candidate_is_empty(), .readback.refusals, .changes, .gates, .patch_sha256
 *         candidate_release(&candidate);
 *
 * One thread at a time. Everything that is read was made by the agent: lib/git bounds and refuses; a refusal is no error.
 */

#include "lib/base/change.h"
#include "lib/base/hash.h"
#include "lib/base/ignore.h"
#include "lib/git/inside.h"
#include "lib/git/readback.h"
#include "lib/git/repo.h"
#include "policy/gate.h"

struct quarantine;
struct plan;

#define CANDIDATE_PATCH_MAX ((uint64_t)16 << 20) /* bytes of the patch that are made for its digest */

struct candidate_upper {
        int fd;                    /* root of the frozen upper */
        const char *base;          /* the commit below it */
        const struct strv *lowers; /* and the layers, topmost first */
        const char *folder;        /* of the quarantine */
};

struct candidate {
        struct repo *repo;
        struct quarantine *quarantine;
        char base_tree[GIT_HEX];
        struct readback readback;
        struct inside inside;  /* what the step did to its throw-away .git */
        struct ignore outputs; /* what never becomes part of it (runner/outputs.h) */
        struct change_list changes;
        struct gate_report gates;
        char patch_sha256[HASH_HEX];
        bool patch_complete;
};

int candidate_open(struct candidate *candidate, const char *gitdir, struct err *err);
int candidate_prepare(struct candidate *candidate, const char *base, const char *folder, struct err *err);
int candidate_read(struct candidate *candidate, const struct plan *plan, const struct candidate_upper *upper,
                   struct err *err);
void candidate_release(struct candidate *candidate);

bool candidate_is_refused(const struct candidate *candidate);
bool candidate_is_empty(const struct candidate *candidate);

/* Data of the records: receipt.patch (with tree and base), receipt.policy.decision. Owned by the caller. */
struct json_t *candidate_patch_receipt(const struct candidate *candidate);
struct json_t *candidate_gates_receipt(const struct candidate *candidate);

#endif
