/* SPDX-License-Identifier: Apache-2.0 */
/* Runs verifiers and turns ends of steps into verdicts. */
#include "director/verify.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/furniture.h"
#include "director/step_log.h"
#include "lib/base/carry.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *const result_names[] = {
#define X(result, name) [VERDICT_##result] = name,
        VERDICT_RESULTS(X)
#undef X
};

const char *verdict_result_name(enum verdict_result result)
{
        return result_names[result];
}

void verdicts_release(struct verdicts *verdicts)
{
        for (size_t i = 0; i < verdicts->len; i++) {
                free(verdicts->items[i].name);
                free(verdicts->items[i].command);
                free(verdicts->items[i].log);
                free(verdicts->items[i].why);
        }
        free(verdicts->items);
        *verdicts = (struct verdicts){0};
}

static struct verdict *add_verdict(struct verdicts *verdicts, const struct director *d,
                                   const struct plan_verifier *verifier)
{
        const char *claim = candidate_claim(&d->candidate, verifier->name);
        struct verdict *verdict;

        verdicts->items = xrealloc(verdicts->items, (verdicts->len + 1) * sizeof(*verdicts->items));
        verdict = &verdicts->items[verdicts->len++];
        *verdict = (struct verdict){
                .name = xstrdup(verifier->name),
                .command = xstrdup(verifier->run),
                .result = VERDICT_INCONCLUSIVE,
                .exit_code = -1,
                .passed_in_run = claim && (strcmp(claim, "PASS") == 0 || strcmp(claim, "FLAKY") == 0),
        };
        return verdict;
}

/* ---- One attempt ---- */

struct attempt {
        enum verdict_result result; /* PASS, FAIL or INCONCLUSIVE */
        int exit_code;
        uint64_t ms;
        char *log, *why;
        char log_sha256[HASH_HEX];
        struct sandbox_result end;
};

static void attempt_release(struct attempt *attempt)
{
        free(attempt->log);
        free(attempt->why);
}

#define _cleanup_attempt_ __attribute__((cleanup(attempt_release)))

static void judge_end(const struct plan_verifier *verifier, const struct sandbox_result *end, int log_fd,
                      struct attempt *attempt)
{
        _cleanup_str_ struct str why = {0};
        char limit[CLOCK_RFC3339];

        attempt->end = *end;
        attempt->exit_code = end->exit_code;
        attempt->ms = end->wall_ms;
        attempt->result = VERDICT_INCONCLUSIVE;
        if (end->reason == SANDBOX_REASON_EXIT && end->exit_code == 0) {
                attempt->result = VERDICT_PASS;
                return;
        }
        if (end->reason == SANDBOX_REASON_EXIT) {
                attempt->result = VERDICT_FAIL;
                if (end->signal)
                        str_printf(&why, "killed by signal %d", end->signal);
                else
                        str_printf(&why, "exit status %d", end->exit_code);
        } else if (end->reason == SANDBOX_REASON_WALL) {
                clock_human((uint64_t)verifier->timeout_ms, limit);
                str_printf(&why, "not done within its %s", limit);
        } else if (end->reason == SANDBOX_REASON_SETUP) {
                str_printf(&why, "it could not start: %s", end->message);
        } else if (sandbox_reason_is_budget(end->reason)) {
                str_puts(&why, "it");
                limit_put_excess(&why, sandbox_result_limit(end), &end->uses[sandbox_result_limit(end)]);
        } else {
                str_puts(&why, "it was ended by cupel");
        }
        step_log_put_last_line(log_fd, &why);
        attempt->why = str_steal(&why);
}

static int run_attempt(struct director *d, struct room *room, const struct plan_verifier *verifier, const char *suffix,
                       struct attempt *ret, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        _cleanup_fd_ int log_fd = -1;
        struct sandbox_result end = {.exit_code = -1};

        ret->log = xasprintf("director.%s%s.log", verifier->name, suffix);
        log_fd = step_log_create(d, ret->log, err);
        if (log_fd < 0)
                return -1;
        furniture_step(d, verifier, &step);
        if (room_run(room, d, &step, log_fd, &end, err) < 0)
                return -1;
        judge_end(verifier, &end, log_fd, ret);
        if (lseek(log_fd, 0, SEEK_SET) < 0)
                return err_errno(err, "logs/%s", ret->log);
        return hash_fd(log_fd, ret->log_sha256, err);
}

static void take_attempt(struct verdict *verdict, struct attempt *attempt)
{
        verdict->attempts++;
        verdict->ms += attempt->ms;
        verdict->result = attempt->result;
        verdict->exit_code = attempt->exit_code;
        verdict->end = attempt->end;
        free(verdict->log);
        verdict->log = steal_ptr(&attempt->log);
        free(verdict->why);
        verdict->why = steal_ptr(&attempt->why);
        memcpy(verdict->log_sha256, attempt->log_sha256, sizeof(verdict->log_sha256));
}

/* ---- Retries and the base ---- */

static int run_with_retries(struct director *d, const struct plan_verifier *verifier, struct verdict *verdict,
                            struct err *err)
{
        for (int64_t tries = 0; tries <= verifier->retries; tries++) {
                _cleanup_attempt_ struct attempt attempt = {0};
                char suffix[32] = "";

                if (tries > 0)
                        snprintf(suffix, sizeof(suffix), "@retry%d", (int)tries);
                if (run_attempt(d, &d->room, verifier, suffix, &attempt, err) < 0)
                        return -1;
                take_attempt(verdict, &attempt);
                if (uplink_interrupted(&d->up) || verdict->result != VERDICT_FAIL)
                        break;
        }
        if (verdict->result == VERDICT_PASS && verdict->attempts > 1) {
                verdict->result = VERDICT_FLAKY;
                verdict->why = xasprintf("passed on attempt %u", verdict->attempts);
        }
        return 0;
}

static void compare(const struct attempt *on_base, struct verdict *verdict)
{
        static const char *const told[] = {
                [VERDICT_PASS] = "passes on the base",
                [VERDICT_FAIL] = "fails on the base too",
                [VERDICT_INCONCLUSIVE] = "inconclusive on the base",
        };
        char *why = xasprintf("%s; %s", verdict->why ? verdict->why : "failed", told[on_base->result]);

        free(verdict->why);
        verdict->why = why;
        if (on_base->result == VERDICT_FAIL)
                verdict->result = VERDICT_PRE_EXISTING;
}

static int run_on_base(struct director *d, struct room *base_room, const struct plan_verifier *verifier,
                       struct verdict *verdict, struct err *err)
{
        _cleanup_attempt_ struct attempt attempt = {0};

        if (!base_room->pid && room_open(base_room, d, "room.base", err) < 0)
                return -1;
        if (!base_room->furnished &&
            (room_furnish_begin(base_room, d, &d->base, err) < 0 || room_furnish_end(base_room, err) < 0))
                return -1;
        if (run_attempt(d, base_room, verifier, "@base", &attempt, err) < 0)
                return -1;
        verdict->ms += attempt.ms;
        if (!uplink_interrupted(&d->up))
                compare(&attempt, verdict);
        return 0;
}

/*
 * What passed in the run's own worktree and fails here is no old failure: the run's ignored or untracked files made it
 * pass. That the base fails as well then proves nothing, and the runner's claim is used against the candidate only.
 */
static int run_verifier(struct director *d, struct room *base_room, const struct plan_verifier *verifier,
                        struct verdicts *verdicts, struct err *err)
{
        struct verdict *verdict = add_verdict(verdicts, d, verifier);

        uplink_step_start(&d->up, verifier->name);
        if (run_with_retries(d, verifier, verdict, err) < 0)
                return -1;
        if (verdict->result == VERDICT_FAIL && verifier->baseline && !verdict->passed_in_run &&
            !uplink_interrupted(&d->up) && run_on_base(d, base_room, verifier, verdict, err) < 0)
                return -1;
        uplink_step_end(&d->up, verifier->name, verdict_result_name(verdict->result), verdict->ms);
        return 0;
}

/* ---- All of them ---- */

static bool is_ours(const struct director *d, const struct plan_verifier *verifier)
{
        return verifier->gate != VERIFY_SELF && plan_verifier_applies(verifier, &d->candidate.changes);
}

static bool any_is_ours(const struct director *d)
{
        for (size_t i = 0; i < d->plan.verifiers.len; i++)
                if (is_ours(d, &d->plan.verifiers.items[i]))
                        return true;
        return false;
}

/* The tree that is verified is the tree that may land: its layer is made from the candidate's own checked objects. */
static int furnish(struct director *d, struct err *err)
{
        struct err ignored = ERR_INIT;
        const struct layer_options options = {
                .cache_root = d->options->cache, .uid = getuid(), .gid = getgid(), .objects_mount = FURNITURE_OBJECTS};

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

static int run_all(struct director *d, struct verdicts *ret, struct err *err)
{
        _cleanup_room_ struct room base_room = ROOM_INIT;

        for (size_t i = 0; i < d->plan.verifiers.len && !uplink_interrupted(&d->up); i++)
                if (is_ours(d, &d->plan.verifiers.items[i]) &&
                    run_verifier(d, &base_room, &d->plan.verifiers.items[i], ret, err) < 0)
                        return -1;
        return 0;
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
                verdicts->items[i].result = VERDICT_INCONCLUSIVE;
                free(verdicts->items[i].why);
                verdicts->items[i].why = xstrdup("a carried folder (sandbox.carry) was changed in the checkout during "
                                                 "the run; the verdict holds for neither state of it");
        }
}

/* Somebody outside of the run wrote to what the verifiers used. */
static int compare_carried(struct director *d, struct verdicts *verdicts, struct err *err)
{
        char now[HASH_HEX];

        if (digest_carried(d, now, err) < 0)
                return -1;
        if (strcmp(now, d->carried) != 0)
                distrust(verdicts);
        return 0;
}

int verify_all(struct director *d, struct verdicts *ret, struct err *err)
{
        static const char *const done_with[] = {"room", "head", "upper", NULL};
        uint64_t started = clock_ms();

        if (!any_is_ours(d))
                return 0;
        if (verify_note_carried(d, err) < 0 || furnish(d, err) < 0 || run_all(d, ret, err) < 0 ||
            compare_carried(d, ret, err) < 0)
                return -1;
        tidy_start(&d->room_tidy, d->run_fd, room_leave(&d->room), done_with);
        d->times.verify = clock_ms() - started;
        return 0;
}

/* ---- Receipts ---- */

struct json_t *verdict_json(const struct verdict *verdict)
{
        return json_pack("{s:o, s:s, s:o, s:s, s:i, s:I, s:s, s:I, s:o, s:o}", "name", json_quoted(verdict->name),
                         "gate", "director", "command", json_quoted(verdict->command), "result",
                         verdict_result_name(verdict->result), "exit", verdict->exit_code, "ms",
                         (json_int_t)verdict->ms, "log_sha256", verdict->log_sha256, "attempts",
                         (json_int_t)verdict->attempts, "why", verdict->why ? json_quoted(verdict->why) : json_null(),
                         "log", json_quoted(verdict->log));
}

static int record_limits(struct director *d, const struct verdict *verdict, struct err *err)
{
        _cleanup_free_ char *step = xasprintf("director.%s", verdict->name);

        return director_record(d, "receipt.limits", sandbox_result_receipt(step, &verdict->end), err);
}

static int record_each(struct director *d, const struct verdicts *verdicts, struct json_t *attestations,
                       struct err *err)
{
        for (size_t i = 0; i < verdicts->len; i++) {
                struct json_t *receipt = verdict_json(&verdicts->items[i]);

                json_array_append(attestations, receipt);
                if (director_record(d, "receipt.verifier", receipt, err) < 0 ||
                    record_limits(d, &verdicts->items[i], err) < 0)
                        return -1;
        }
        return 0;
}

int verdicts_record(struct director *d, const struct verdicts *verdicts, struct err *err)
{
        char id[HASH_HEX];
        struct json_t *attestations = json_array();

        if (record_each(d, verdicts, attestations, err) < 0) {
                json_decref(attestations);
                return -1;
        }
        plan_id(&d->plan, id);
        return director_record(d, "receipt.verifier.attestations",
                               json_pack("{s:s, s:o}", "plan_id", id, "attestations", attestations), err);
}
