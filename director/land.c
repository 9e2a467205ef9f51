/* SPDX-License-Identifier: Apache-2.0 */
#include "director/land.h"

#include "director/assertion.h"
#include "director/attest.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/land_dead.h"
#include "director/lock.h"
#include "director/merge.h"
#include "director/message.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/redact.h"
#include "lib/base/sshsig.h"
#include "lib/git/commit.h"
#include "lib/git/landing.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COMMITTER_NAME "cupel director"
#define COMMITTER_MAIL "director@cupel.invalid"
#define PREPARE_TRIES 3
#define RIVAL_WAIT_MS 10000
#define RIVAL_PAUSE_NS 10000000

static struct store_approval_key approval_key(const struct director *d, const char *evidence)
{
        return (struct store_approval_key){.kind = STORE_APPROVAL_LANDING,
                                           .run = d->row.id,
                                           .item = d->row.item,
                                           .tree = d->candidate.tree,
                                           .base = d->parent.commit,
                                           .evidence = evidence,
                                           .wait_ms = d->plan.approval.deadline_ms};
}

static int hold(struct director *d, const struct strv *reasons, struct err *err)
{
        const struct director_ending held = {.outcome = OUTCOME_HELD, .reasons = reasons, .tree = d->candidate.tree};

        if (quarantine_sync(d->candidate.quarantine, err) < 0)
                return -1;
        return director_end(d, &held, err);
}

static int hold_because(struct director *d, const char *reason, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_add(&reasons, reason);
        return hold(d, &reasons, err);
}

/*
 * The landing lock. A rival of our race that is landing while we have the lock has died at it: until who started the race has
 * recovered it nobody knows whether it won, so we stand back for that, and not for ever.
 */
static int lock(struct director *d, struct err *err)
{
        const uint64_t deadline = clock_ms() + RIVAL_WAIT_MS;
        const struct timespec pause = {.tv_nsec = RIVAL_PAUSE_NS};
        const uint64_t longest = clock_ms() + (uint64_t)d->plan.budget.wall_ms;

        for (;;) {
                _cleanup_fd_ int lock_fd = -1;
                struct err ahead = ERR_INIT;
                bool landing = false;

                if (director_lock_landing(d, longest, &lock_fd, err) < 0)
                        return -1;
                if (director_in_race(d))
                        (void)store_race_check(d->store, d->row.id, &landing, &ahead);
                uplink_pump(&d->up);
                if (!landing || uplink_interrupted(&d->up) || clock_ms() > deadline) {
                        d->lock_fd = steal_fd(&lock_fd);
                        return 0;
                }
                cleanup_fd(&lock_fd);
                nanosleep(&pause, NULL);
        }
}

int land_hold_for_person(struct director *d, const struct strv *reasons, struct err *err)
{
        char evidence[HASH_HEX];
        struct store_approval_key key;
        int64_t id;

        /* nobody is asked about what has lost already, or loses while the question is written */
        if (director_in_race(d) && (lock(d, err) < 0 || store_race_check(d->store, d->row.id, NULL, err) < 0))
                return -1;
        if (evidence_seal(d, evidence, err) < 0)
                return -1;
        key = approval_key(d, evidence);
        if (store_approval_request(d->store, &key, &id, err) < 0)
                return err_wrap(err, "ask for approval");
        return hold(d, reasons, err);
}

/* ---- The commit ---- */

static int open_key(const struct director *d, struct sshkey **ret, struct err *err)
{
        _cleanup_free_ char *folder = NULL;
        _cleanup_fd_ int keys_fd = director_open_keys(d, &folder, err);

        if (keys_fd < 0)
                return -1;
        return sshkey_ensure(keys_fd, COMMIT_KEY, COMMITTER_MAIL, ret, err) < 0 ? err_wrap(err, "%s", folder) : 0;
}

int land_prepare(struct director *d, struct err *err)
{
        struct signer *signer = &d->signer;

        if (signer->ready)
                return 0;
        author_release(&signer->author);
        if (author_find(&signer->author, d->plan.commit.author, d->repo, err) < 0 ||
            (d->plan.commit.sign && !signer->key && open_key(d, &signer->key, err) < 0) || attest_prepare(d, err) < 0)
                return -1;
        signer->ready = true;
        return 0;
}

static char *message_of(struct director *d)
{
        char *message = commit_message(&d->plan);

        redact_text(packet_secrets(d), message, strlen(message));
        return message;
}

static int make_commit(struct director *d, const char *evidence, int64_t now, char ret_commit[GIT_HEX], struct err *err)
{
        _cleanup_free_ char *message = message_of(d);
        _cleanup_free_ char *identity = digest_label(d->row.identity), *sealed = digest_label(evidence);
        _cleanup_free_ char *reverts =
                d->plan.reverts.run ? xasprintf("%s %s", d->plan.reverts.run, d->plan.reverts.commit) : NULL;
        const struct commit_trailer trailers[] = {{"Cupel-Run", d->row.id},
                                                  {"Cupel-Item", d->row.item},
                                                  {"Cupel-Identity", identity},
                                                  {"Cupel-Evidence", sealed},
                                                  {reverts ? "Cupel-Reverts" : NULL, reverts},
                                                  {NULL, NULL}};
        struct commit_spec spec = {.tree = d->candidate.tree,
                                   .parent = d->parent.commit,
                                   .committer = {COMMITTER_NAME, COMMITTER_MAIL},
                                   .time = now,
                                   .message = message,
                                   .trailers = trailers};

        if (land_prepare(d, err) < 0)
                return -1;
        spec.author = (struct commit_person){d->signer.author.name, d->signer.author.mail};
        return commit_make(d->candidate.quarantine, &spec, d->signer.key, ret_commit, err);
}

/* ---- Landing ---- */

/* Of the commit that is about to land. */
struct made_commit {
        const char *evidence;
        bool needs_approval;
        char commit[GIT_HEX];
        int64_t now;
};

static int prepare(struct director *d, const struct made_commit *made, struct landing **ret, struct err *err)
{
        const struct landing_spec spec = {.ref = d->row.target_ref,
                                          .base = d->parent.commit,
                                          .commit = made->commit,
                                          .run_id = d->row.id,
                                          .work_folder = d->run_folder,
                                          .who_name = COMMITTER_NAME,
                                          .who_mail = COMMITTER_MAIL,
                                          .time = made->now};

        return landing_prepare(d->repo, d->candidate.quarantine, &spec, ret, err);
}

static struct json_t *parse_intent(const struct landing *landing, struct err *err)
{
        _cleanup_free_ char *text = landing_intent_json(landing);

        return json_parse(text, strlen(text), "landing intent", err);
}

/* The run is in landing from here on: with the first intent by the move, with a later one in its place. */
static int announce(struct director *d, const struct made_commit *made, const struct landing *landing, struct err *err)
{
        _cleanup_json_ struct json_t *intent = parse_intent(landing, err);
        struct store_approval_key key = approval_key(d, made->evidence);
        const struct director_move move = {.to = PHASE_LANDING,
                                           .outcome = STORE_OUTCOME_NONE,
                                           .tree = d->candidate.tree,
                                           .commit = made->commit,
                                           .intent = intent};

        if (!intent)
                return -1;
        if (d->row.phase == PHASE_LANDING)
                return store_intent_set(d->store, d->row.id, intent, err);
        if (made->needs_approval && store_approval_consume(d->store, &key, err) < 0)
                return -1;
        return director_move(d, &move, err);
}

static int wait_for_approval(struct director *d, const struct made_commit *made, struct err *err)
{
        const struct store_approval_key key = approval_key(d, made->evidence);
        int64_t id;

        if (store_approval_request(d->store, &key, &id, err) < 0)
                return -1;
        return hold_because(d, "it waits for a person's approval of exactly this tree, base and evidence", err);
}

/* Nothing is published and nothing is left. The run is verified once more, on what the target is now. */
static int moved_away(struct director *d, bool *ret_moved, struct err *err)
{
        const struct director_move again = {.to = PHASE_DIRECTOR_VERIFYING, .outcome = STORE_OUTCOME_NONE};
        const int moved = d->row.phase == PHASE_LANDING ? director_move(d, &again, err) : 0;

        *ret_moved = true;
        cleanup_fd(&d->lock_fd); /* after the move: who lands has the lock */
        return moved;
}

/* Nothing is published and nothing is left, whichever step failed. */
static int not_landed(struct director *d, const struct made_commit *made, struct err *err)
{
        const struct err failure = *err;
        char text[1024];

        err_text(&failure, text, sizeof(text));
        if (failure.code == ERR_HELD || failure.code == ERR_BUSY)
                return hold_because(d, text, err);
        if (failure.code == ERR_LOST)
                return director_end_because(d, OUTCOME_CANCELLED, text, err);
        if (failure.code == ERR_NOT_FOUND && made->needs_approval && d->row.phase == PHASE_HELD)
                return wait_for_approval(d, made, err);
        return director_end_because(d, OUTCOME_INTERNAL_ERROR, text, err);
}

int land_committed(struct director *d, const char *commit, struct err *err)
{
        _cleanup_json_ struct json_t *receipt =
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "commit", commit, "tree", d->row.tree, "base", d->row.base,
                          "parent", d->parent.commit, "ref", d->row.target_ref, "left", json_from_strv(&d->left));
        _cleanup_json_ struct json_t *assertion = assertion_committed(d, commit);
        _cleanup_json_ struct json_t *refs = d->sealed.digest[0] ? json_pack("[s]", d->sealed.digest) : NULL;
        const struct store_event events[] = {
                {.type = "receipt.commit", .actor = EVENT_ACTOR_DIRECTOR, .data = receipt, .refs = refs},
                {.type = "receipt.ahdb.delta", .actor = EVENT_ACTOR_DIRECTOR, .data = assertion, .refs = refs}};
        _cleanup_strv_ struct strv reasons = {0};
        const struct director_ending ending = {
                .outcome = OUTCOME_COMMITTED, .reasons = &reasons, .commit = commit, .events = events, .events_len = 2};

        strv_copy(&reasons, &d->warnings);
        for (size_t i = 0; i < d->left.len; i++)
                strv_add_printf(&reasons, "left as it was, not brought forward: %s", d->left.items[i]);
        return director_end(d, &ending, err);
}

/* The index may change between prepare and execute (a `git add` of the user): then prepare again, a few times. */
static int try_to_execute(struct director *d, const struct made_commit *made, struct err *err)
{
        for (int tries = 1;; tries++) {
                _cleanup_landing_ struct landing *landing = NULL;

                if (prepare(d, made, &landing, err) < 0 || announce(d, made, landing, err) < 0)
                        return -1;
                if (landing_execute(landing, err) == 0) {
                        strv_copy(&d->left, landing_left(landing));
                        return 0;
                }
                if (err->code != ERR_BUSY || tries == PREPARE_TRIES)
                        return -1;
        }
}

/* What is made in the repository and its checkout is made as the user would make it. */
static int execute(struct director *d, const struct made_commit *made, struct err *err)
{
        mode_t own = umask(d->umask);
        int result = try_to_execute(d, made, err);

        umask(own);
        return result;
}

static int land_locked(struct director *d, bool needs_approval, bool *ret_moved, struct err *err)
{
        char evidence[HASH_HEX];
        struct made_commit made = {.evidence = evidence, .needs_approval = needs_approval, .now = time(NULL)};
        uint64_t started = clock_ms();

        if (!rounds_hold(d))
                return err_set(err, ERR_INTERNAL, "what would land is not what was verified");
        if (evidence_seal(d, evidence, err) < 0 || make_commit(d, evidence, made.now, made.commit, err) < 0)
                return -1;
        if (execute(d, &made, err) < 0) {
                const bool kept_by_dead = land_dead_stands_in_the_way(d, err);

                if (err->code != ERR_CONFLICT && !kept_by_dead)
                        return not_landed(d, &made, err);
                quarantine_forget(d->candidate.quarantine, made.commit);
                if (moved_away(d, ret_moved, err) < 0)
                        return -1;
                if (kept_by_dead)
                        land_dead_recover(d, &d->dead);
                return 0;
        }
        d->times.land = clock_ms() - started;
        return land_committed(d, made.commit, err);
}

/* Under the lock the run must still be what it was: a recovery may have judged us dead, a held run may have been rejected. */
static int check_own(struct director *d, enum phase expected, struct err *err)
{
        if (expected == PHASE_HELD && director_refresh(d, err) < 0)
                return -1;
        if (d->row.phase != expected) /* of a run of our own the move to landing finds that out */
                return err_set(err, ERR_STORE, "the run was moved to %s by somebody else", phase_name(d->row.phase));
        uplink_pump(&d->up);
        return 0;
}

/* What was verified is not lost to a landing that hangs: it waits for a person, who lets it land when that is over. */
static int give_up_lock(struct director *d, struct err *err)
{
        const struct err busy = *err;
        int ended = d->row.phase == PHASE_HELD ? 0 : director_end_if_interrupted(d, err);

        if (ended)
                return ended < 0 ? -1 : 0;
        return hold_because(d, busy.message, err);
}

static int lock_and_land(struct director *d, bool needs_approval, bool *ret_moved, struct err *err)
{
        const enum phase expected = d->row.phase;
        bool fits = false;
        int ended;

        if (lock(d, err) < 0)
                return err->code == ERR_BUSY ? give_up_lock(d, err) : -1;
        if (check_own(d, expected, err) < 0)
                return -1;
        if (expected == PHASE_HELD && uplink_interrupted(&d->up))
                return hold_because(d, "its landing was interrupted before it began", err);
        ended = expected == PHASE_HELD ? 0 : director_end_if_interrupted(d, err);
        if (ended)
                return ended < 0 ? -1 : 0;
        if (merge_follow(d, &fits, err) < 0) /* what lands is what was verified */
                return -1;
        return fits ? land_locked(d, needs_approval, ret_moved, err) : moved_away(d, ret_moved, err);
}

int land(struct director *d, bool needs_approval, bool *ret_moved, struct err *err)
{
        int result;

        *ret_moved = false;
        result = lock_and_land(d, needs_approval, ret_moved, err);
        cleanup_fd(&d->lock_fd);
        return result;
}
