/* SPDX-License-Identifier: Apache-2.0 */
#include "director/replay.h"

#include "director/candidate.h"
#include "director/decide.h"
#include "director/director.h"
#include "director/verify.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/git/patch_apply.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATCH_MOST ((size_t)65 << 20)
#define CLAIMS_MOST ((size_t)4 << 20)

/* Variables that every policy begins with: what they hold opens nothing. */
static const char *const harmless[] = {"LANG", "TERM"};

/* ---- In place of store and launch ---- */

static int hold_scratch(struct director *d, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/lock", d->options->state);

        d->lock_fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (d->lock_fd < 0 || flock(d->lock_fd, LOCK_SH | LOCK_NB) < 0)
                return err_errno(err, "lock %s", path);
        return 0;
}

int replay_row(struct director *d, struct err *err)
{
        const struct director_options *options = d->options;

        if (hold_scratch(d, err) < 0)
                return -1;
        d->row = (struct store_run){.id = options->run,
                                    .base = options->base,
                                    .snapshot_sha256 = options->snapshot,
                                    .outcome = STORE_OUTCOME_NONE};
        return director_find_base(d, err);
}

/* What the packet's policy shows of a host was shown of another one, by somebody who had agreed to it there. */
static void close_host(struct plan *plan)
{
        struct strv env = {0};

        for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
                if (strv_has(&plan->sandbox.env, harmless[i]))
                        strv_add(&env, harmless[i]);
        strv_release(&plan->sandbox.read);
        strv_release(&plan->sandbox.write);
        strv_release(&plan->sandbox.env);
        plan->sandbox.read = plan->sandbox.write = (struct strv){0};
        plan->sandbox.env = env;
        if (plan->sandbox.minimum > TIER_C)
                plan->sandbox.minimum = TIER_C;
}

/* What git ignores in a checkout is nobody's business but its owner's: where the packet is somebody else's, it names what it wants. */
static void leave_carried(struct plan *plan)
{
        strv_release(&plan->sandbox.carry);
        plan->sandbox.carry = (struct strv){0};
}

static int load_claims(struct director *d, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};

        if (fs_read_at(d->run_fd, REPLAY_CLAIMS, CLAIMS_MOST, &bytes, err) < 0)
                return -1;
        d->candidate.claims = json_parse(str_text(&bytes), bytes.len, REPLAY_CLAIMS, err);
        return d->candidate.claims ? 0 : -1;
}

/* ---- The candidate ---- */

static int make_tree(struct director *d, char ret_tree[GIT_HEX], struct err *err)
{
        _cleanup_free_ char *folder = candidate_store(d, d->row.id, CANDIDATE_QUARANTINE);
        _cleanup_str_ struct str patch = {0};

        if (quarantine_open(d->repo, folder, QUARANTINE_CREATE, &d->candidate.quarantine, err) < 0)
                return -1;
        if (faccessat(d->run_fd, REPLAY_PATCH, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
                memcpy(ret_tree, d->options->tree, GIT_HEX); /* of a commit that is in the repository */
                return 0;
        }
        if (fs_read_at(d->run_fd, REPLAY_PATCH, PATCH_MOST, &patch, err) < 0)
                return -1;
        return patch_apply(d->candidate.quarantine, d->parent.tree, str_text(&patch), patch.len, ret_tree, err);
}

static int make_candidate(struct director *d, struct err *err)
{
        struct candidate *candidate = &d->candidate;
        char tree[GIT_HEX];

        if (make_tree(d, tree, err) < 0)
                return err_wrap(err, "patch.diff");
        if (d->options->judge != REPLAY_MARKED && strcmp(tree, d->options->tree) != 0)
                return err_set(err, ERR_INPUT,
                               "patch.diff on %.12s leads to the tree %.12s, the run judged %.12s: it is not its patch",
                               d->parent.commit, tree, d->options->tree);
        memcpy(candidate->tree, tree, GIT_HEX);
        memcpy(candidate->own, tree, GIT_HEX);
        return candidate_check(d, err);
}

/* ---- The judgement ---- */

static int judge(struct director *d, struct verdicts *verdicts, struct err *err)
{
        if (director_load_plan(d, err) < 0)
                return -1;
        if (d->options->closed)
                close_host(&d->plan);
        if (!d->options->carries)
                leave_carried(&d->plan);
        plan_id(&d->plan, d->plan_id);
        if (load_claims(d, err) < 0 || make_candidate(d, err) < 0)
                return -1;
        if (d->options->judge == REPLAY_MARKED || gate_report_blocks(&d->candidate.gates) || !d->plan.may_commit)
                return 0;
        if (director_prepare_base(d, err) < 0)
                return -1;
        return verify_all(d, verdicts, err);
}

static struct json_t *verdicts_json(const struct verdicts *verdicts)
{
        struct json_t *list = json_array();

        for (size_t i = 0; i < verdicts->len; i++)
                json_array_append_new(list, verdict_json(&verdicts->items[i]));
        return list;
}

static int put_result(struct director *d, const struct json_t *result, struct err *err)
{
        _cleanup_free_ char *text = result ? json_dumps(result, JSON_COMPACT | JSON_REALS) : NULL;

        if (!text)
                return err_set(err, ERR_INTERNAL, "the result is no JSON");
        return fs_write_at(d->run_fd, REPLAY_RESULT, text, strlen(text), 0600, err);
}

static int write_result(struct director *d, const struct verdicts *verdicts, struct err *err)
{
        const struct decision_input input = {
                .plan = &d->plan, .gates = &d->candidate.gates, .changes = &d->candidate.changes, .verdicts = verdicts};
        _cleanup_strv_ struct strv reasons = {0};
        const enum decision decision = decide(&input, &reasons);
        _cleanup_json_ struct json_t *result = json_pack(
                "{s:s, s:o, s:o, s:o, s:s, s:I, s:o}", "decision", decision_name(decision), "reasons",
                json_from_strv(&reasons), "gates", gate_report_json(&d->candidate.gates), "verifiers",
                verdicts_json(verdicts), "tree", d->candidate.tree, "files", (json_int_t)d->candidate.changes.len,
                "tier", d->room.furnished ? json_string(sandbox_tier_name(d->room.tier)) : json_null());

        return put_result(d, result, err);
}

/* The packet's fault, or the machine's: which one is the command line's exit status. */
static int write_failure(struct director *d, const struct err *failure, struct err *err)
{
        char text[640];
        _cleanup_json_ struct json_t *result = NULL;

        err_text(failure, text, sizeof(text));
        result = json_pack("{s:o, s:i}", "failed", json_quoted(text), "exit", err_exit_status(failure));
        return put_result(d, result, err);
}

int mode_replay(struct director *d, struct err *err)
{
        _cleanup_verdicts_ struct verdicts verdicts = {0};
        _cleanup_strv_ struct strv reasons = {0};
        struct uplink_ending ending = {.outcome = OUTCOME_OBSERVED, .reasons = &reasons};
        struct err failure = ERR_INIT;

        if (judge(d, &verdicts, &failure) < 0) {
                if (write_failure(d, &failure, err) < 0)
                        return -1;
        } else if (uplink_interrupted(&d->up)) {
                ending.outcome = OUTCOME_CANCELLED;
        } else if (write_result(d, &verdicts, err) < 0) {
                return -1;
        }
        director_release_work(d);
        uplink_done(&d->up, &ending);
        return 0;
}
