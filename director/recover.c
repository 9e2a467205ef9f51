/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash, and for the modes that only end a run. All of it happens under the landing lock: a director that lives
 * and lands holds it until its run is committed, so what is seen here under it is what a dead one left. Doing it twice,
 * or in two processes at once, ends the same.
 */
#include "director/candidate.h"
#include "director/director.h"
#include "director/land.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/landing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
        recovered = landing_recover(d->repo, text, &found, err);
        umask(own);
        if (recovered < 0)
                return err_wrap(err, "recover the landing");
        if (found == LANDING_FINISHED)
                return land_committed(d, d->row.commit, err);
        return director_end_because(d, otherwise, reason, err);
}

static int end_run(struct director *d, enum outcome outcome, const char *reason, struct err *err)
{
        _cleanup_fd_ int lock_fd = -1;

        if (landing_lock(d->state_fd, &lock_fd, err) < 0 || director_refresh(d, err) < 0)
                return -1;
        if (phase_is_terminal(d->row.phase))
                return director_end_again(d, err);
        if (d->row.phase == PHASE_LANDING)
                return recover_landing(d, outcome, reason, err);
        if (d->row.phase == PHASE_HELD && d->options->mode == DIRECTOR_RECOVER)
                return director_end_again(d, err);
        return director_end_because(d, outcome, reason, err);
}

int mode_recover(struct director *d, struct err *err)
{
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
