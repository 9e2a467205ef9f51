/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what a director works on, and the one way in which its errors become outcomes. Order of opening: channel (its
 * descriptor must not be taken by another file), repository, store, run.
 */
#include "director/director.h"

#include "director/attack_report.h"

#include "director/candidate.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/p256.h"
#include "lib/base/snapshot.h"
#include "lib/base/sshsig.h"
#include "policy/scrub.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int open_run_folder(struct director *d, struct err *err)
{
        _cleanup_free_ char *name = xasprintf("runs/%s", d->options->run);

        d->run_fd = fs_open_beneath(d->state_fd, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
        /* lost with the power, or removed by somebody: the run must end nevertheless, and its packet says what is missing */
        if (d->run_fd < 0 && errno == ENOENT && d->options->mode == DIRECTOR_RECOVER &&
            mkdirat(d->state_fd, name, 0700) == 0)
                d->run_fd = fs_open_beneath(d->state_fd, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
        if (d->run_fd < 0)
                return err_errno(err, "open %s/%s", d->state_folder, name);
        d->run_folder = xasprintf("%s/%s", d->state_folder, name);
        return 0;
}

static int open_store(struct director *d, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/store.db", d->state_folder);

        if (store_open(path, repo_identity(d->repo), STORE_WRITE, &d->store, err) < 0)
                return -1;
        if (d->options->ahead && !uplink_await_begin(&d->up))
                return err_set(err, ERR_LOST, "run %s was given up before it began", d->options->run);
        return director_refresh(d, err);
}

static enum uplink_turn first_turn(const struct director_options *options)
{
        if (options->mode != DIRECTOR_RUN)
                return UPLINK_DECIDES;
        return options->ahead ? UPLINK_AHEAD : UPLINK_WAITS;
}

int director_open(struct director *d, const struct director_options *options, struct err *err)
{
        *d = (struct director){.options = options, .state_fd = -1, .run_fd = -1, .outcome = OUTCOME_COUNT};
        d->started_ms = clock_wall_ms();
        d->base = d->delta = LAYER_STACK_INIT;
        d->room = ROOM_INIT;
        d->line = LINE_INIT;
        d->lock_fd = -1;
        plan_init(&d->plan);
        d->umask = umask(0077);
        if (uplink_open(&d->up, first_turn(options), err) < 0 || git_start(err) < 0 ||
            repo_open(options->repository, &d->repo, err) < 0)
                return -1;
        d->state_folder = xasprintf("%s/repos/%s", options->state, repo_identity(d->repo));
        d->state_fd = fs_open_dir(d->state_folder, err);
        if (d->state_fd < 0 || open_run_folder(d, err) < 0)
                return -1;
        return options->mode == DIRECTOR_REPLAY ? replay_row(d, err) : open_store(d, err);
}

bool director_is_unwanted(const struct director *d)
{
        return d->options->ahead && d->up.lost && !d->up.begun;
}

void director_release_work(struct director *d)
{
        tidy_wait(&d->room_tidy);
        tidy_wait(&d->quarantine_tidy);
        room_close(&d->room);
        layer_stack_release(&d->delta);
        layer_stack_release(&d->base);
        d->base = d->delta = LAYER_STACK_INIT;
        quarantine_close(d->candidate.quarantine);
        d->candidate.quarantine = NULL;
}

void director_leave(struct director *d)
{
        cleanup_fd(&d->lock_fd);
        line_leave(d);
        director_release_work(d);
        store_settle(d->store);
}

void director_close(struct director *d)
{
        director_leave(d);
        candidate_release(&d->candidate);
        packet_release(&d->packet);
        sshkey_free(d->signer.key);
        p256_free(d->attest_key);
        author_release(&d->signer.author);
        str_release(&d->sealed.text);
        plan_release(&d->plan);
        strv_release(&d->left);
        strv_release(&d->dead);
        strv_release(&d->warnings);
        json_decref(d->attacks);
        store_run_release(&d->row);
        store_close(d->store);
        repo_free(d->repo);
        free(d->state_folder);
        free(d->run_folder);
        cleanup_fd(&d->run_fd);
        cleanup_fd(&d->state_fd);
        uplink_close(&d->up);
}

int director_find_base(struct director *d, struct err *err)
{
        if (d->base_tree[0])
                return 0;
        if (!d->row.base || !d->row.base[0])
                return err_set(err, ERR_INPUT, "run %s has no base", d->row.id);
        if (repo_commit_tree(d->repo, d->row.base, d->base_tree, err) < 0)
                return err_wrap(err, "the run's base");
        snprintf(d->parent.commit, sizeof(d->parent.commit), "%s", d->row.base);
        memcpy(d->parent.tree, d->base_tree, sizeof(d->parent.tree));
        return 0;
}

int director_refresh(struct director *d, struct err *err)
{
        struct store_run row = {0};
        struct err gone = ERR_INIT;

        if (store_run_get(d->store, d->options->run, &row, err) < 0)
                return -1;
        if (strcmp(row.id, d->options->run) != 0) {
                store_run_release(&row);
                return err_set(err, ERR_NOT_FOUND, "no run %s", d->options->run);
        }
        store_run_release(&d->row);
        d->row = row;
        (void)director_find_base(d, &gone);
        return 0;
}

bool director_in_race(const struct director *d)
{
        return d->row.race && d->row.race[0];
}

/* ---- The snapshot ---- */

static int check_digest(const struct director *d, int snapshot_fd, struct err *err)
{
        char digest[HASH_HEX];

        if (snapshot_digest(snapshot_fd, digest, err) < 0)
                return -1;
        if (!d->row.snapshot_sha256 || strcmp(d->row.snapshot_sha256, digest) != 0)
                return err_set(err, ERR_REFUSED,
                               "the snapshot is not the one that was recorded when the run was created");
        if (d->options->snapshot && strcmp(d->options->snapshot, digest) != 0)
                return err_set(err, ERR_REFUSED, "the snapshot is not the one that the supervisor launched");
        return 0;
}

int director_open_keys(const struct director *d, char **ret_folder, struct err *err)
{
        *ret_folder = xasprintf("%s/keys", d->options->state);
        return fs_mkdir_p(*ret_folder, 0700, err) < 0 ? -1 : fs_open_dir(*ret_folder, err);
}

int director_load_plan(struct director *d, struct err *err)
{
        _cleanup_fd_ int snapshot_fd = -1;
        _cleanup_str_ struct str bytes = {0};

        if (d->has_plan)
                return 0;
        snapshot_fd = fs_open_beneath(d->run_fd, "config_snapshot", O_DIRECTORY | O_RDONLY | O_CLOEXEC, 0);
        if (snapshot_fd < 0)
                return err_errno(err, "open the snapshot");
        if (check_digest(d, snapshot_fd, err) < 0) {
                if (err->code == ERR_REFUSED)
                        attack_notice(d, "snapshot", err);
                return -1;
        }
        if (fs_read_at(snapshot_fd, "plan.json", PLAN_BYTES_MAX, &bytes, err) < 0)
                return -1;
        if (plan_from_json(str_text(&bytes), bytes.len, &d->plan, err) < 0)
                return err_wrap(err, "the snapshot's plan");
        /* plan_id() without making them again: these are the canonical bytes, or they had been refused */
        hash_bytes(str_text(&bytes), bytes.len, d->plan_id);
        d->has_plan = true;
        return 0;
}

/* ---- The store ---- */

/* The row as the move left it; reasons are those of the move, not read again. */
static void follow_move(struct director *d, const struct director_move *move)
{
        d->row.phase = move->to;
        d->row.outcome = move->to == PHASE_COMMITTED ? OUTCOME_COMMITTED : move->outcome;
        if (move->tree) {
                snprintf(d->tree, sizeof(d->tree), "%s", move->tree);
                d->row.tree = d->tree;
        }
        if (move->commit) {
                snprintf(d->commit, sizeof(d->commit), "%s", move->commit);
                d->row.commit = d->commit;
        }
}

/* What a verifier's command, a test or a finding holds of a secret is hidden before it is on record: the report tells the same. */
static void hide(struct director *d, struct json_t *texts)
{
        struct redact *secrets = packet_secrets(d);
        const uint64_t before = secrets->count;

        redact_record(secrets, texts);
        d->packet.redacted += secrets->count - before + scrub_json(texts);
}

int director_move(struct director *d, const struct director_move *move, struct err *err)
{
        _cleanup_json_ struct json_t *reasons = move->reasons ? json_from_strv(move->reasons) : NULL;
        const struct store_move store_move = {
                .run = d->row.id,
                .to = move->to,
                .expect_from = true,
                .from = d->row.phase,
                .outcome = move->outcome,
                .reasons = reasons,
                .actor = EVENT_ACTOR_DIRECTOR,
                .tree = move->tree,
                .commit = move->commit,
                .intent = move->intent,
                .events = move->events,
                .events_len = move->events_len,
                .wait_ms = d->has_plan ? d->plan.approval.deadline_ms : APPROVAL_DEADLINE_DEFAULT,
                .next = move->next,
        };

        if (reasons)
                hide(d, reasons);
        if (store_run_move(d->store, &store_move, err) < 0) {
                if (err->code == ERR_LOST)
                        return -1; /* its sentence is the reason that the run ends with */
                if (err->code == ERR_CONFLICT)
                        err->code = ERR_STORE; /* not a conflict of the target */
                return err_wrap(err, "move the run to %s", phase_name(move->to));
        }
        uplink_phase(&d->up, move->to);
        follow_move(d, move);
        return 0;
}

int director_record_on(struct director *d, const char *type, struct json_t *owned, struct json_t *owned_refs,
                       char *ret_id, struct err *err)
{
        _cleanup_json_ struct json_t *data = owned, *refs = owned_refs;
        const struct store_event event = {
                .run = d->row.id, .type = type, .actor = EVENT_ACTOR_DIRECTOR, .data = data, .refs = refs};

        hide(d, data);
        event_fit(data);
        if (store_event_append(d->store, &event, ret_id, err) < 0)
                return err_wrap(err, "record %s", type);
        return 0;
}

int director_record(struct director *d, const char *type, struct json_t *owned, struct err *err)
{
        return director_record_on(d, type, owned, NULL, NULL, err);
}

/* ---- Errors as outcomes ---- */

static enum outcome outcome_of(const struct err *failure)
{
        static const struct {
                enum err_code code;
                enum outcome outcome;
        } table[] = {
                {ERR_REFUSED, OUTCOME_DIRECTOR_REFUSED},
                {ERR_SANDBOX, OUTCOME_SANDBOX_UNAVAILABLE},
                {ERR_CONFLICT, OUTCOME_BASE_CONFLICT},
                {ERR_LOST, OUTCOME_CANCELLED},
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                if (table[i].code == failure->code)
                        return table[i].outcome;
        return OUTCOME_INTERNAL_ERROR;
}

/* A run that somebody else ended meanwhile has its outcome already; a landing that began is recovery's to judge. */
static int rescue(struct director *d, struct err *err)
{
        const struct err failure = *err;
        char text[1024];

        if (d->ended || director_refresh(d, err) < 0)
                return -1;
        if (phase_is_terminal(d->row.phase))
                return director_end_again(d, err);
        if (d->row.phase == PHASE_LANDING || d->options->mode == DIRECTOR_RECOVER) {
                *err = failure;
                return -1;
        }
        err_text(&failure, text, sizeof(text));
        if (d->row.phase == PHASE_HELD && outcome_of(&failure) == OUTCOME_INTERNAL_ERROR)
                return director_end_because(d, OUTCOME_HELD, text, err);
        return director_end_because(d, outcome_of(&failure), text, err);
}

int director_run(struct director *d, struct err *err)
{
        static int (*const modes[])(struct director *, struct err *) = {
                [DIRECTOR_RUN] = mode_run,         [DIRECTOR_REVERT] = mode_revert,   [DIRECTOR_LAND] = mode_land,
                [DIRECTOR_DISCARD] = mode_discard, [DIRECTOR_RECOVER] = mode_recover, [DIRECTOR_REPLAY] = mode_replay,
        };

        if (modes[d->options->mode](d, err) == 0)
                return 0;
        return d->options->mode == DIRECTOR_REPLAY ? -1 : rescue(d, err);
}
