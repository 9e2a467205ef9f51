/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash, and for the modes that only end a run. All of it happens under the landing lock: a director that lives
 * and lands holds it until its run is committed, so what is seen here under it is what a dead one left. Doing it twice,
 * or in two processes at once, ends the same.
 */
#include "director/candidate.h"
#include "director/director.h"
#include "director/land.h"
#include "director/lock.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/git/landing.h"
#include "lib/git/layer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UNASKED_WAIT_MS 10000
#define SWEEP_TRIES 3

/* What it landed on, or would have: the packet tells of that. */
static int recall_parent(struct director *d, const struct json_t *intent, struct err *err)
{
        const char *base = json_text_of(intent, "base");
        struct err gone = ERR_INIT;

        if (!hex_is(base, GIT_HEX))
                return err_set(err, ERR_STORE, "the landing intent of %s names no base", d->row.id);
        if (candidate_find(d, err) < 0)
                return -1;
        if (repo_commit_tree(d->repo, base, d->parent.tree, &gone) < 0)
                d->parent.tree[0] = '\0';
        memcpy(d->parent.commit, base, GIT_HEX);
        snprintf(d->candidate.tree, sizeof(d->candidate.tree), "%s", d->row.tree);
        return 0;
}

/* The ref is the truth: at the commit, the run is committed; else nothing of it is left and it is discarded. */
static int recover_landing(struct director *d, enum outcome otherwise, const char *reason, struct err *err)
{
        _cleanup_json_ struct json_t *intent = NULL;
        _cleanup_free_ char *text = NULL;
        enum landing_found found;
        mode_t own;
        int recovered;

        if (store_intent_get(d->store, d->row.id, &intent, err) < 0)
                return err_wrap(err, "the landing intent of %s", d->row.id);
        text = json_canonical(intent);
        own = umask(d->umask); /* the checkout's files are the user's */
        recovered = landing_recover(d->repo, text, &found, &d->left, err);
        umask(own);
        if (recovered < 0)
                return err_wrap(err, "recover the landing");
        if (recall_parent(d, intent, err) < 0)
                return -1;
        if (found == LANDING_FINISHED)
                return land_committed(d, d->row.commit, err);
        return director_end_because(d, otherwise, reason, err);
}

/* With the receipt of the deadline that passed, where one did. */
static int end_as_asked(struct director *d, enum outcome outcome, const char *reason, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_json_ struct json_t *timeout =
                d->options->timeout
                        ? json_pack("{s:s, s:s}", "what", d->options->timeout, "default_taken", outcome_name(outcome))
                        : NULL;
        const struct store_event event = {.type = "receipt.timeout", .actor = EVENT_ACTOR_DIRECTOR, .data = timeout};

        strv_add(&reasons, reason);
        return director_end(d,
                            &(struct director_ending){.outcome = outcome,
                                                      .reasons = &reasons,
                                                      .events = timeout ? &event : NULL,
                                                      .events_len = timeout != NULL},
                            err);
}

/*
 * Who lands has the lock for a moment. A landing that hangs must not keep a worker from its other runs: what nobody asked for is
 * tried again by the next command. A person who discards a run waits until they have enough of it. The lock is given back with the
 * move that ends the run (director/end.c).
 */
static int lock(struct director *d, struct err *err)
{
        const bool asked_for = d->options->mode == DIRECTOR_DISCARD && !d->options->timeout;

        return director_lock_landing(d, asked_for ? UINT64_MAX : clock_ms() + UNASKED_WAIT_MS, &d->lock_fd, err);
}

static int end_run(struct director *d, enum outcome outcome, const char *reason, struct err *err)
{
        if (lock(d, err) < 0 || director_refresh(d, err) < 0)
                return -1;
        if (d->options->landing_only && d->row.phase != PHASE_LANDING)
                return 0;
        line_forget(d);
        if (phase_is_terminal(d->row.phase))
                return director_end_again(d, err);
        if (d->row.phase == PHASE_LANDING)
                return recover_landing(d, outcome, reason, err);
        if (d->row.phase == PHASE_HELD && d->options->mode == DIRECTOR_RECOVER)
                return director_end_again(d, err);
        return end_as_asked(d, outcome, reason, err);
}

/* The dead director may have been at a layer. What cannot be swept now either is cache, and cupel gc's. */
int mode_recover(struct director *d, struct err *err)
{
        struct err ignored = ERR_INIT;

        for (int tries = 0; tries < SWEEP_TRIES && layer_sweep(d->options->cache, &ignored) < 0; tries++)
                ignored = ERR_INIT;
        return end_run(d, OUTCOME_INTERRUPTED, "a crash ended the run; nothing of it reached the repository", err);
}

int mode_discard(struct director *d, struct err *err)
{
        _cleanup_free_ char *reason = NULL;

        if (d->options->who && d->options->reason)
                reason = xasprintf("%s: %s", d->options->who, d->options->reason);
        else if (d->options->who || d->options->reason)
                reason = xstrdup(d->options->who ? d->options->who : d->options->reason);
        else
                reason = xstrdup(outcome_meaning(d->options->outcome));
        return end_run(d, d->options->outcome, reason, err);
}
