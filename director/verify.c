/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which verifiers run, in which rooms, and how many at once. What each of them goes through is director/job.h's; what runs
 * beside what is director/lanes.h's.
 */
#include "director/verify.h"

#include "director/base_tests.h"
#include "director/candidate.h"
#include "director/director.h"
#include "director/furniture.h"
#include "director/lanes.h"
#include "director/verifier_key.h"
#include "lib/base/carry.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/evidence.h"

#include <string.h>
#include <unistd.h>

#define JOBS_BY_ITSELF 4

/* ---- Jobs ---- */

static bool is_ours(const struct director *d, const struct plan_verifier *verifier)
{
        const bool self = d->options->mode == DIRECTOR_REPLAY && d->options->judge == REPLAY_SELF;

        return verifier->gate != (self ? VERIFY_DIRECTOR : VERIFY_SELF) &&
               plan_verifier_applies(verifier, &d->candidate.changes);
}

static size_t count_ours(const struct director *d)
{
        size_t count = 0;

        for (size_t i = 0; i < d->plan.verifiers.len; i++)
                count += is_ours(d, &d->plan.verifiers.items[i]);
        return count;
}

struct jobs {
        struct job *items;
        size_t len;
};

static void jobs_release(struct jobs *jobs)
{
        for (size_t i = 0; i < jobs->len; i++)
                job_release(&jobs->items[i]);
        free(jobs->items);
}

/* The verdicts do not move any more: the jobs point to them. */
static void make_jobs(struct director *d, size_t count, struct jobs *jobs, struct verdicts *verdicts)
{
        const bool apart = base_tests_apart(d);

        jobs->items = xcalloc(count, sizeof(*jobs->items));
        verdicts->items = xcalloc(count, sizeof(*verdicts->items));
        for (size_t i = 0; i < d->plan.verifiers.len; i++) {
                const struct plan_verifier *verifier = &d->plan.verifiers.items[i];
                const char *claim = candidate_claim(&d->candidate, verifier->name);
                struct verdict *verdict = &verdicts->items[verdicts->len];

                if (!is_ours(d, verifier))
                        continue;
                *verdict = (struct verdict){
                        .name = xstrdup(verifier->name),
                        .command = xstrdup(verifier->run),
                        .result = VERIFIER_INCONCLUSIVE,
                        .exit_code = -1,
                        .passed_in_run = claim && (strcmp(claim, "PASS") == 0 || strcmp(claim, "FLAKY") == 0),
                };
                verdicts->len++;
                job_init(&jobs->items[jobs->len], verifier, verdict);
                jobs->items[jobs->len++].tests_apart = apart;
        }
}

/* ---- Verdicts of earlier runs ---- */

static void take_over(struct job *job, const struct store_evidence *found)
{
        struct verdict *verdict = job->verdict;
        _cleanup_test_cases_ struct test_cases cases = {0};
        struct err ignored = ERR_INIT;

        verdict->result = VERIFIER_PASS;
        verdict->exit_code = found->exit_code;
        verdict->reused = true;
        verdict->reused_run = xstrdup(found->run);
        verdict->reused_time = xstrdup(found->time);
        memcpy(verdict->log_sha256, found->log_sha256, sizeof(verdict->log_sha256));
        if (found->cases && test_cases_take(&cases, found->cases, strlen(found->cases), &ignored) == 0)
                verdict->counts = test_cases_counts(&cases);
        job->state = JOB_DONE;
}

/* A cache: what cannot be read counts as not there. */
static void look_back(struct director *d, struct jobs *jobs)
{
        for (size_t i = 0; i < jobs->len; i++) {
                _cleanup_store_evidence_ struct store_evidence found = {0};
                struct job *job = &jobs->items[i];
                struct err ignored = ERR_INIT;

                verifier_key(d, job->verifier, job->key);
                verifier_context(d, job->context);
                if (!d->options->no_reuse && job->context[0] &&
                    store_evidence_get(d->store, job->key, d->candidate.tree, job->context, &found, &ignored) == 0 &&
                    strcmp(found.result, "PASS") == 0 && strlen(found.log_sha256) == HASH_HEX - 1)
                        take_over(job, &found);
        }
}

static void keep_all(struct director *d, const struct jobs *jobs)
{
        struct err ignored = ERR_INIT;

        for (size_t i = 0; i < jobs->len; i++)
                (void)job_keep(&jobs->items[i], d, &ignored);
}

/* ---- All of them ---- */

/* The tree that is verified is the tree that may land: its layer is made from the candidate's own checked objects. */
static int furnish(struct director *d, struct err *err)
{
        struct err ignored = ERR_INIT;
        const struct layer_options options = furniture_layers(d);

        tidy_wait(&d->room_tidy);
        layer_stack_release(&d->delta);
        if (layer_delta(quarantine_repo(d->candidate.quarantine), &d->base, d->candidate.tree, &options, &d->delta,
                        err) < 0)
                return err_wrap(err, "the candidate's layer");
        if (!d->room.pid && room_open(&d->room, d, "room", err) < 0)
                return -1;
        if (room_furnish_begin(&d->room, d, &d->delta, err) < 0)
                return -1;
        (void)packet_patch(d, &ignored); /* while the room is being mounted; the packet tries again and tells */
        return room_furnish_end(&d->room, err);
}

static size_t count_lanes(const struct director *d, size_t jobs)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t most = d->options->jobs              ? d->options->jobs
                      : processors > JOBS_BY_ITSELF ? JOBS_BY_ITSELF
                      : processors > 0              ? (size_t)processors
                                                    : 1;

        return jobs < most ? jobs : most;
}

static int run_all(struct director *d, struct jobs *jobs, struct err *err)
{
        _cleanup_lanes_ struct lanes lanes;

        lanes_init(&lanes, d, jobs->items, jobs->len, count_lanes(d, jobs->len));
        return lanes_run(&lanes, err);
}

/* ---- Carried folders ---- */

static int digest_carried(const struct director *d, char ret_hex[HASH_HEX], struct err *err)
{
        const char *checkout = repo_workdir(d->repo);

        ret_hex[0] = '\0';
        if (!checkout || d->plan.sandbox.carry.len == 0)
                return 0;
        return carry_digest(checkout, &d->plan.sandbox.carry, ret_hex, err);
}

int verify_note_carried(struct director *d, struct err *err)
{
        return d->carried[0] ? 0 : digest_carried(d, d->carried, err);
}

static void distrust(struct verdicts *verdicts)
{
        for (size_t i = 0; i < verdicts->len; i++) {
                verdicts->items[i].result = VERIFIER_INCONCLUSIVE;
                free(verdicts->items[i].why);
                verdicts->items[i].why = xstrdup("a carried folder (sandbox.carry) was changed in the checkout during "
                                                 "the run; the verdict holds for neither state of it");
        }
}

/* Somebody outside of the run wrote to what the verifiers used. */
static int compare_carried(struct director *d, struct verdicts *verdicts, bool *ret, struct err *err)
{
        char now[HASH_HEX];

        if (digest_carried(d, now, err) < 0)
                return -1;
        *ret = strcmp(now, d->carried) != 0;
        if (*ret)
                distrust(verdicts);
        return 0;
}

/* Only what was found out undisturbed is kept for others. */
static int run_jobs(struct director *d, struct jobs *jobs, struct verdicts *ret, struct err *err)
{
        bool disturbed = false;

        look_back(d, jobs);
        if (run_all(d, jobs, err) < 0 || compare_carried(d, ret, &disturbed, err) < 0)
                return -1;
        if (d->store && !disturbed && !uplink_interrupted(&d->up))
                keep_all(d, jobs);
        return 0;
}

int verify_all(struct director *d, struct verdicts *ret, struct err *err)
{
        static const char *const done_with[] = {"room", ROOMS_FOLDER, "head", "upper", NULL};
        __attribute__((cleanup(jobs_release))) struct jobs jobs = {0};
        size_t count = count_ours(d);
        uint64_t started = clock_ms();

        if (!count)
                return 0;
        make_jobs(d, count, &jobs, ret);
        if (verify_note_carried(d, err) < 0 || furnish(d, err) < 0 || run_jobs(d, &jobs, ret, err) < 0)
                return -1;
        tidy_start(&d->room_tidy, d->run_fd, room_leave(&d->room), done_with);
        d->times.verify = clock_ms() - started;
        return 0;
}
