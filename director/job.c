/* SPDX-License-Identifier: Apache-2.0 */
#include "director/job.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/store/evidence.h"
#include "policy/differential.h"

#include <string.h>

#define NAMES_TOLD 5

void job_init(struct job *job, const struct plan_verifier *verifier, struct verdict *verdict)
{
        *job = (struct job){.verifier = verifier, .verdict = verdict, .now = {.log_fd = -1}, .base = {.log_fd = -1}};
}

void job_release(struct job *job)
{
        attempt_release(&job->now);
        attempt_release(&job->base);
        test_cases_release(&job->base_cases);
}

static void add_why(struct verdict *verdict, const char *more)
{
        char *why = verdict->why ? xasprintf("%s; %s", verdict->why, more) : xstrdup(more);

        free(verdict->why);
        verdict->why = why;
}

/* ---- On the candidate ---- */

static bool is_tried_again(const struct plan_verifier *verifier, enum verifier_result result, int64_t tries)
{
        return tries == 0 || (result == VERIFIER_FAIL && tries <= verifier->retries);
}

static void take_now(struct job *job, struct attempt *attempt)
{
        struct verdict *verdict = job->verdict;

        if (job->now.report.state == TEST_REPORT_WHOLE && attempt->report.state == TEST_REPORT_WHOLE)
                test_flaky(&job->now.report.cases, &attempt->report.cases, &verdict->cases);
        attempt_release(&job->now);
        job->now = *attempt;
        verdict->attempts++;
        verdict->result = attempt->result;
        verdict->exit_code = attempt->end.exit_code;
        verdict->end = attempt->end;
        free(verdict->log);
        verdict->log = xstrdup(attempt->log);
        free(verdict->why);
        verdict->why = xstrdup(attempt->why);
        memcpy(verdict->log_sha256, attempt->log_sha256, sizeof(verdict->log_sha256));
}

static void name_flaky(struct verdict *verdict)
{
        _cleanup_str_ struct str text = {0};

        if (!verdict->cases.flaky.len)
                return;
        str_printf(&text, "failed in one attempt and passed in another: ");
        test_put_names(&verdict->cases.flaky, NAMES_TOLD, &text);
        add_why(verdict, str_text(&text));
}

static void end_trying(struct job *job)
{
        struct verdict *verdict = job->verdict;
        bool old_claim = verdict->result == VERIFIER_FAIL && verdict->passed_in_run;

        if (job->now.report.state == TEST_REPORT_WHOLE)
                verdict->counts = test_cases_counts(&job->now.report.cases);
        if (verdict->result == VERIFIER_PASS && verdict->attempts > 1) {
                verdict->result = VERIFIER_FLAKY;
                verdict->why = xasprintf("passed on attempt %u", verdict->attempts);
        }
        job->state = differential_wanted(job->verifier, job->now.opinion, job->now.report.state) && !old_claim
                             ? JOB_ON_BASE
                             : JOB_ON_TESTS;
        if (job->state == JOB_ON_TESTS || job->now.opinion == TEST_PASSES)
                name_flaky(verdict);
}

/* ---- On the base ---- */

/* A cache: what cannot be read counts as not there. */
static void find_base(struct job *job, struct director *d)
{
        _cleanup_store_evidence_ struct store_evidence found = {0};
        struct err ignored = ERR_INIT;

        if (d->options->no_reuse || !job->key[0] ||
            store_evidence_get(d->store, job->key, d->parent.tree, NULL, &found, &ignored) < 0)
                return;
        if (found.cases && test_cases_take(&job->base_cases, found.cases, strlen(found.cases), &ignored) < 0)
                return;
        job->base_opinion = strcmp(found.result, "PASS") == 0 ? TEST_PASSES : TEST_FAILS;
        job->base_report = found.cases                                  ? TEST_REPORT_WHOLE
                           : job->verifier->junit || job->verifier->tap ? TEST_REPORT_MISSING
                                                                        : TEST_REPORT_NONE;
        job->has_base = true;
        job->verdict->base_run = xstrdup(found.run);
}

static void take_base(struct job *job, struct attempt *attempt)
{
        attempt_release(&job->base);
        job->base = *attempt;
        job->base_tries++;
        job->base_opinion = attempt->opinion;
        job->base_report = attempt->report.state;
}

static const struct test_cases *base_cases(const struct job *job)
{
        return job->base_tries ? &job->base.report.cases : &job->base_cases;
}

/* What the comparison says comes first where tests have names; then how it ended. */
static void put_comparison(struct job *job, const struct str *found, bool by_case)
{
        struct verdict *verdict = job->verdict;
        _cleanup_free_ char *before = steal_ptr(&verdict->why);

        if (!by_case)
                verdict->why = steal_ptr(&before);
        if (found->len)
                add_why(verdict, str_text(found));
        if (!by_case)
                return;
        if (verdict->result == VERIFIER_FLAKY)
                add_why(verdict, before);
        if (verdict->exit_code > 0) {
                _cleanup_free_ char *status = xasprintf("exit status %d", verdict->exit_code);

                add_why(verdict, status);
        }
        if (verdict->result == VERIFIER_FAIL)
                name_flaky(verdict);
}

static void compare(struct job *job)
{
        struct verdict *verdict = job->verdict;
        const struct differential_input input = {
                .verifier = job->verifier,
                .now = {job->now.opinion, job->now.report.state, &job->now.report.cases},
                .base = {job->base_opinion, job->base_report, base_cases(job)}};
        _cleanup_str_ struct str found = {0};
        enum differential result = differential_judge(&input, &verdict->cases, &found);

        put_comparison(job, &found, input.now.report == TEST_REPORT_WHOLE && input.base.report == TEST_REPORT_WHOLE);
        if (result == DIFFERENTIAL_PRE_EXISTING)
                verdict->result = VERIFIER_PRE_EXISTING;
        else if (result == DIFFERENTIAL_FAIL)
                verdict->result = VERIFIER_FAIL;
}

/* ---- Changed tests on the base's code ---- */

static bool wants_tests(const struct job *job)
{
        return job->tests_apart && job->verifier->base_tests && job->verdict->result != VERIFIER_FAIL &&
               job->verdict->result != VERIFIER_INCONCLUSIVE;
}

static void take_tests(struct job *job, struct attempt *attempt)
{
        struct verdict *verdict = job->verdict;
        _cleanup_str_ struct str text = {0};

        if (job->has_base && job->base_report == TEST_REPORT_WHOLE && attempt->report.state == TEST_REPORT_WHOLE)
                test_untested(base_cases(job), &attempt->report.cases, &job->now.report.cases, &verdict->cases);
        verdict->does_not_test = attempt->opinion == TEST_PASSES || verdict->cases.untested.len > 0;
        if (verdict->cases.untested.len) {
                str_puts(&text, "does not test the change, it passes on the base's code too: ");
                test_put_names(&verdict->cases.untested, NAMES_TOLD, &text);
        } else if (verdict->does_not_test) {
                str_puts(&text, "does not test the change: the changed tests pass on the base's code too");
        }
        if (text.len)
                add_why(verdict, str_text(&text));
        attempt_release(attempt);
}

/* ---- The machine ---- */

static void name_log(const char *what, int64_t tries, struct job_wanted *ret)
{
        if (tries == 0)
                snprintf(ret->suffix, sizeof(ret->suffix), "%s", what);
        else
                snprintf(ret->suffix, sizeof(ret->suffix), "%s@retry%d", what, (int)tries);
}

static bool next_try(struct job *job, struct director *d, struct job_wanted *ret)
{
        (void)d;
        if (is_tried_again(job->verifier, job->verdict->result, job->verdict->attempts)) {
                ret->kind = ROOM_CANDIDATE;
                name_log("", job->verdict->attempts, ret);
                return true;
        }
        end_trying(job);
        return false;
}

static bool next_base(struct job *job, struct director *d, struct job_wanted *ret)
{
        if (!job->base_tries)
                find_base(job, d);
        if (!job->has_base && is_tried_again(job->verifier, job->base.result, job->base_tries)) {
                ret->kind = ROOM_BASE;
                name_log("@base", job->base_tries, ret);
                return true;
        }
        job->has_base = true;
        compare(job);
        job->state = JOB_ON_TESTS;
        return false;
}

static bool next_tests(struct job *job, struct director *d, struct job_wanted *ret)
{
        (void)d;
        job->state = JOB_DONE;
        if (!wants_tests(job))
                return false;
        ret->kind = ROOM_TESTS;
        name_log("@tests", 0, ret);
        return true;
}

bool job_next(struct job *job, struct director *d, struct job_wanted *ret)
{
        static bool (*const steps[])(struct job *, struct director *, struct job_wanted *) = {
                [JOB_TRYING] = next_try,
                [JOB_ON_BASE] = next_base,
                [JOB_ON_TESTS] = next_tests,
        };

        while (job->state != JOB_DONE)
                if (steps[job->state](job, d, ret))
                        return true;
        return false;
}

void job_take(struct job *job, struct director *d, enum room_kind kind, struct attempt *attempt)
{
        static void (*const takes[])(struct job *, struct attempt *) = {
                [ROOM_CANDIDATE] = take_now,
                [ROOM_BASE] = take_base,
                [ROOM_TESTS] = take_tests,
        };

        job->verdict->ms += attempt->end.wall_ms;
        takes[kind](job, attempt);
        *attempt = (struct attempt){.log_fd = -1};
        if (uplink_interrupted(&d->up))
                job->state = JOB_DONE; /* nothing of it is used */
}

/* ---- What is kept ---- */

static int keep(const struct job *job, struct director *d, const struct attempt *attempt, const char *tree,
                const char *context, struct err *err)
{
        _cleanup_str_ struct str cases = {0};
        const bool whole = attempt->report.state == TEST_REPORT_WHOLE;
        struct store_evidence evidence = {.key = job->key,
                                          .tree = tree,
                                          .context = context,
                                          .run = d->row.id,
                                          .result = attempt->opinion == TEST_PASSES ? "PASS" : "FAIL",
                                          .exit_code = attempt->end.exit_code,
                                          .log_sha256 = attempt->log_sha256};

        if (attempt->opinion == TEST_SAYS_NOTHING)
                return 0;
        if (whole)
                test_cases_put(&attempt->report.cases, &cases);
        evidence.cases = whole ? str_text(&cases) : NULL;
        return store_evidence_put(d->store, &evidence, err);
}

/* Only a PASS at once, with nothing to be said of it, stands for another run's. */
static bool is_plain_pass(const struct verdict *verdict)
{
        return verdict->result == VERIFIER_PASS && verdict->attempts == 1 && !verdict->why;
}

int job_keep(const struct job *job, struct director *d, struct err *err)
{
        if (job->verdict->reused || !job->key[0])
                return 0;
        if (keep(job, d, &job->now, d->candidate.tree, is_plain_pass(job->verdict) ? job->context : "", err) < 0)
                return -1;
        return job->base_tries ? keep(job, d, &job->base, d->parent.tree, "", err) : 0;
}
