/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a packet can be judged again. Three questions, in this order: is it the design that it says it is (a fork is none
 * of ours to judge), was it changed since it was written (then nothing in it counts), and how did its run end.
 */
#include "cli/replay.h"

#include "cli/packet.h"
#include "cli/packet_base.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/identity.h"
#include "lib/packet/verify.h"
#include "policy/plan.h"

#include <string.h>

/* Whose verdict ended the run. */
enum judged {
        NOBODY,   /* it ended before any verification, or for a reason that no verification has */
        DIRECTOR, /* accepted or refused it */
        RUNNER,   /* refused it */
        EITHER,   /* who came last */
};

/* outcome, whose verdict, what is said where it was nobody's */
#define ENDINGS(X)                                                                                                     \
        X(COMMITTED, DIRECTOR, "")                                                                                     \
        X(HELD, DIRECTOR, "it was held without a candidate")                                                           \
        X(REJECTED, DIRECTOR, "it was rejected without a candidate")                                                   \
        X(DIRECTOR_REFUSED, DIRECTOR, "its candidate was not sound enough to be judged")                               \
        X(SELF_VERIFICATION_FAILED, RUNNER, "its result was refused before there was a candidate")                     \
        X(BUDGET_EXCEEDED, EITHER, "it used up its budget before any verification")                                    \
        X(BASE_CONFLICT, NOBODY, "its target had moved in the way of it, which no base and patch repeat")              \
        X(NO_CHANGE, NOBODY, "it changed nothing")                                                                     \
        X(OBSERVED, NOBODY, "its mood writes nothing")                                                                 \
        X(WORK_FAILED, NOBODY, "its agent failed before any verification")                                             \
        X(CANCELLED, NOBODY, "it was cancelled")                                                                       \
        X(INTERRUPTED, NOBODY, "it was interrupted")                                                                   \
        X(BLOCKED, NOBODY, "it never started")                                                                         \
        X(SANDBOX_UNAVAILABLE, NOBODY, "there was no sandbox for it")                                                  \
        X(INTERNAL_ERROR, NOBODY, "it ended in an error of cupel")

static const struct {
        enum outcome outcome;
        enum judged by;
        const char *nothing;
} endings[] = {
#define X(outcome, by, nothing) {OUTCOME_##outcome, by, nothing},
        ENDINGS(X)
#undef X
};

void replay_subject_release(struct replay_subject *subject)
{
        json_decref(subject->report);
        free(subject->fork);
        free(subject->nothing);
        strv_release(&subject->openings);
        strv_release(&subject->carried);
        *subject = REPLAY_SUBJECT_INIT;
}

/* ---- Is it what it says it is? ---- */

static const char *bare(const char *digest)
{
        return strncmp(digest, "sha256:", 7) == 0 ? digest + 7 : digest;
}

static void fork_because(struct replay_subject *subject, const char *what, const char *other)
{
        if (!subject->fork)
                subject->fork =
                        xasprintf("the snapshot's identity is %.12s…, %s %.12s…", subject->identity, what, bare(other));
}

static int check_identity(struct replay_subject *subject, const struct packet_ref *ref, struct err *err)
{
        const char *reported = json_text_of(subject->report, "identity");
        struct packet_identity identity;

        if (packet_identity(ref->fd, &identity, err) < 0)
                return err_wrap(err, "the packet's snapshot");
        memcpy(subject->identity, identity.identity, HASH_HEX);
        memcpy(subject->snapshot, identity.snapshot, HASH_HEX);
        if (!packet_identity_holds(&identity))
                fork_because(subject, "identity.txt has", identity.recorded);
        if (strcmp(bare(reported), identity.identity) != 0)
                fork_because(subject, "its report has", reported);
        if (ref->stored && strcmp(bare(ref->run.identity), identity.identity) != 0)
                fork_because(subject, "this repository's log has", ref->run.identity);
        subject->own = ref->stored && strcmp(ref->run.snapshot_sha256, identity.snapshot) == 0;
        return 0;
}

/* A changed snapshot is another design; everything else that was changed makes the packet worthless. */
static int check_whole(struct replay_subject *subject, const struct packet_ref *ref, struct err *err)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = {0};

        if (packet_verify(ref->fd, &(struct packet_verify_options){0}, &verdict, err) < 0)
                return -1;
        if (packet_verdict_failed(&verdict, PACKET_CHECK_SNAPSHOT))
                fork_because(subject, "its log began with", verdict.told.identity);
        if (subject->fork || !verdict.len)
                return 0;
        return err_set(err, ERR_INPUT, "the packet is not as it was written, nothing of it counts: %s: %s%s",
                       verdict.items[0].file, verdict.items[0].what,
                       verdict.len > 1 ? " (`cupel verify` lists all that is wrong)" : "");
}

/* ---- What is there to judge? ---- */

static void nothing_because(struct replay_subject *subject, const char *why)
{
        const char *missing = json_text_of(subject->report, "patch_missing");

        subject->nothing = missing[0] ? xasprintf("%s: %s", why, missing) : xstrdup(why);
}

static size_t receipts(const struct replay_subject *subject, const char *gate)
{
        return json_array_size(json_object_get(json_object_get(subject->report, "verifiers"), gate));
}

static bool gates_block(const struct replay_subject *subject)
{
        struct json_t *finding;
        size_t i;

        json_array_foreach(json_object_get(subject->report, "gates"), i, finding)
        {
                if (strcmp(json_text_of(finding, "level"), "block") == 0)
                        return true;
        }
        return false;
}

static bool has_patch(const struct replay_subject *subject)
{
        return subject->tree[0] && json_is_object(json_object_get(subject->report, "patch")) &&
               json_is_object(json_object_get(subject->report, "landing"));
}

/* A patch with stars in it leads to another tree; gates alone can say something of that, where they refused it anyway. */
static int choose_tree(struct replay_subject *subject, struct err *err)
{
        const struct json_t *patch = json_object_get(subject->report, "patch");
        const bool masked = json_is_true(json_object_get(patch, "masked"));

        subject->patch_is_whole = !masked && json_is_true(json_object_get(patch, "complete"));
        if (subject->patch_is_whole || subject->commit[0])
                return 0;
        if (masked && gates_block(subject) && json_is_true(json_object_get(patch, "complete"))) {
                subject->judge = REPLAY_MARKED;
                return 0;
        }
        return err_set(
                err, ERR_INPUT,
                masked ? "the packet hides bytes of its patch, since they hold secrets, and nothing was committed "
                         "that has them: it cannot be judged again"
                       : "the patch in the packet is incomplete (over 64 MiB), and nothing was committed that "
                         "has the rest: it cannot be judged again");
}

static int take_ending(struct replay_subject *subject, enum judged by, const char *nothing, struct err *err)
{
        if (by == EITHER)
                by = receipts(subject, "director") ? DIRECTOR : receipts(subject, "self") ? RUNNER : NOBODY;
        if (by == NOBODY || !has_patch(subject)) {
                nothing_because(subject, nothing);
                return 0;
        }
        subject->judge = by == RUNNER ? REPLAY_SELF : REPLAY_DIRECTOR;
        subject->accepted = subject->outcome == OUTCOME_COMMITTED || subject->outcome == OUTCOME_HELD ||
                            subject->outcome == OUTCOME_REJECTED;
        if (!subject->accepted && !gates_block(subject) && !replay_any_blocks(subject)) {
                nothing_because(subject, "it was refused for a reason that neither gate nor verifier gave");
                return 0;
        }
        return choose_tree(subject, err);
}

static int find_ending(struct replay_subject *subject, struct err *err)
{
        const char *name = json_text_of(subject->report, "outcome");

        if (outcome_from_name(name, &subject->outcome) < 0)
                return err_set(err, ERR_INPUT, "the packet's report has no outcome that there is");
        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
                if (endings[i].outcome == subject->outcome)
                        return take_ending(subject, endings[i].by, endings[i].nothing, err);
        return err_set(err, ERR_INTERNAL, "no rule for a run that ended as %s", name);
}

/* What its policy opened of the host that it ran on. */
static int read_plan(struct replay_subject *subject, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        struct plan plan;

        if (packet_read(subject->packet, "config_snapshot/plan.json", PLAN_BYTES_MAX, &bytes, err) < 0)
                return -1;
        plan_init(&plan);
        if (plan_from_json(str_text(&bytes), bytes.len, &plan, err) < 0)
                return err_wrap(err, "the packet's plan");
        strv_copy(&subject->openings, &plan.sandbox.read);
        strv_add_missing(&subject->openings, &plan.sandbox.write);
        for (size_t i = 0; i < plan.sandbox.env.len; i++)
                if (strcmp(plan.sandbox.env.items[i], "LANG") != 0 && strcmp(plan.sandbox.env.items[i], "TERM") != 0)
                        strv_add_printf(&subject->openings, "$%s", plan.sandbox.env.items[i]);
        strv_copy(&subject->carried, &plan.sandbox.carry);
        subject->pre_existing_blocks = plan.pre_existing_blocks > 0;
        plan_release(&plan);
        return 0;
}

static int read_report(struct replay_subject *subject, const struct packet_ref *ref, struct err *err)
{
        struct packet_base base;
        const char *commit;

        subject->packet = ref->fd;
        subject->run = ref->name;
        subject->report = packet_report(ref->fd);
        if (packet_base_read(subject->report, &base, err) < 0)
                return -1;
        memcpy(subject->base, base.commit, GIT_HEX);
        memcpy(subject->tree, base.candidate, GIT_HEX);
        commit = json_text_of(subject->report, "commit");
        if (strlen(commit) == GIT_HEX - 1)
                memcpy(subject->commit, commit, GIT_HEX);
        return 0;
}

int replay_subject_read(struct replay_subject *ret, struct context *context, const struct packet_ref *ref,
                        struct err *err)
{
        (void)context;
        if (read_report(ret, ref, err) < 0 || check_identity(ret, ref, err) < 0 || check_whole(ret, ref, err) < 0)
                return -1;
        if (ret->fork)
                return 0;
        return read_plan(ret, err) < 0 ? -1 : find_ending(ret, err);
}
