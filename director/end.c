/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every run ends. First the move: it is durable, and after it the run is over whatever happens to us. Then packet,
 * clean-up and the message to the supervisor. A packet that cannot be written (a full disk) does not change the outcome:
 * the reason is told, and the next `recover` of the run writes it.
 *
 * From before the move until everything after it is done, <state>/ending/<run> stands: where we are killed in between, no row
 * of the store tells that something is left, and the next command finds it by that (cli/recover.c).
 */
#include "director/director.h"

#include "director/artifacts.h"
#include "director/attack_report.h"
#include "director/failure.h"
#include "director/judged.h"
#include "director/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/phase.h"
#include "lib/base/redact.h"
#include "lib/packet/folder.h"
#include "policy/scrub.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum phase phase_of(enum outcome outcome)
{
        if (outcome == OUTCOME_COMMITTED)
                return PHASE_COMMITTED;
        return outcome == OUTCOME_HELD ? PHASE_HELD : PHASE_DISCARDED;
}

/* A held run keeps what its landing needs. Everything else can be made again. */
static int clean_up(struct director *d, struct err *err)
{
        bool failed = false;

        director_release_work(d);
        for (const struct packet_work *work = packet_work; work->name; work++)
                if (!work->lands || d->outcome != OUTCOME_HELD)
                        failed = fs_remove_tree_at(d->run_fd, work->name, err) < 0 || failed;
        return failed ? -1 : 0;
}

static void mark_ending(const struct director *d)
{
        _cleanup_free_ char *name = xasprintf(PHASE_ENDING_FOLDER "/%s", d->row.id);
        int fd;

        (void)mkdirat(d->state_fd, PHASE_ENDING_FOLDER, 0700);
        fd = fs_open_beneath(d->state_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
                close(fd);
}

static void mark_ended(const struct director *d)
{
        _cleanup_free_ char *name = xasprintf(PHASE_ENDING_FOLDER "/%s", d->row.id);

        (void)unlinkat(d->state_fd, name, 0);
}

static void stored_reasons(const struct director *d, struct strv *ret)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *list = json_parse(d->row.reasons, strlen(d->row.reasons), "reasons", &err);
        struct json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry) if (json_is_string(entry)) strv_add(ret, json_string_value(entry));
}

/* Of the run that this process took from its start to its landing, or to an end before any verification. */
static bool knows_what_was_judged(const struct director *d)
{
        const bool from_the_start = d->options->mode == DIRECTOR_RUN || d->options->mode == DIRECTOR_REVERT;

        return from_the_start && !d->ends_again && (!d->rounds.made || d->outcome == OUTCOME_COMMITTED);
}

/* What is said goes to terminals and to the logs of CI jobs, which are read by more people than the record. */
static void hide(struct director *d, const struct strv *texts)
{
        for (size_t i = 0; i < texts->len; i++) {
                redact_text(packet_secrets(d), texts->items[i], strlen(texts->items[i]));
                (void)scrub_text(texts->items[i], strlen(texts->items[i]));
        }
}

/* `recorded`: those of the last move, which the packet has; `reasons`: what is said now. */
static void conclude(struct director *d, const struct strv *recorded, const struct strv *reasons)
{
        static const char *const done_with[] = {"quarantine", NULL};
        _cleanup_strv_ struct strv told = {0};
        struct err err = ERR_INIT, ignored = ERR_INIT;
        bool whole = true;
        char text[1024];

        if (!knows_what_was_judged(d))
                (void)judged_recall(d, &ignored); /* without it the packet has a gap, no more */
        strv_copy(&told, reasons);
        if (d->outcome != OUTCOME_HELD && d->packet.has_patch)
                tidy_start(&d->quarantine_tidy, d->run_fd, 0, done_with);
        if (packet_write(d, recorded, &err) < 0) {
                err_text(&err, text, sizeof(text));
                strv_add_printf(&told, "the packet is incomplete: %s", text);
                whole = false;
        }
        if (clean_up(d, &err) < 0) {
                err_text(&err, text, sizeof(text));
                strv_add_printf(&told, "left behind in %s: %s", d->run_folder, text);
                whole = false;
        }
        /* with the supervisor went what it would have taken away: control groups of the caged side, say */
        if (whole && !d->up.lost && !d->line.stays)
                mark_ended(d);
        d->ended = true;
        hide(d, &told);
        uplink_done(&d->up, &(struct uplink_ending){.outcome = d->outcome,
                                                    .commit = d->outcome == OUTCOME_COMMITTED ? d->row.commit : NULL,
                                                    .tree = d->row.tree,
                                                    .reasons = &told});
}

/* As it was: it could not land now. With another tree it is held anew. */
static bool stays_held(const struct director *d, const struct director_ending *ending)
{
        return d->row.phase == PHASE_HELD && ending->outcome == OUTCOME_HELD &&
               (!ending->tree || (d->row.tree && strcmp(ending->tree, d->row.tree) == 0));
}

/* What is only told beside the end must not prevent it. */
static int move_with(struct director *d, struct director_move *move, const struct director_ending *ending,
                     struct err *err)
{
        const struct director_move anew = {.to = PHASE_DIRECTOR_VERIFYING, .outcome = STORE_OUTCOME_NONE};

        if (d->row.phase == PHASE_HELD && move->to == PHASE_HELD && director_move(d, &anew, err) < 0)
                return -1;
        if (director_move(d, move, err) == 0)
                return 0;
        if (err->code != ERR_INPUT || move->events_len == ending->events_len)
                return -1;
        *err = ERR_INIT;
        move->events = ending->events;
        move->events_len = ending->events_len;
        return director_move(d, move, err);
}

static int end_as(struct director *d, const struct director_ending *ending, struct err *err)
{
        _cleanup_aftermath_ struct aftermath aftermath = {0};
        _cleanup_strv_ struct strv recorded = {0};
        const bool stays = stays_held(d, ending);
        struct err ignored = ERR_INIT;
        struct director_move move = {
                .to = phase_of(ending->outcome),
                .outcome = ending->outcome == OUTCOME_COMMITTED ? STORE_OUTCOME_NONE : ending->outcome,
                .reasons = ending->reasons,
                .tree = ending->tree,
                .commit = ending->commit,
        };

        mark_ending(d);
        (void)artifacts_take(d, &ignored); /* what could not be kept prevents no end */
        if (!stays) {
                (void)attack_report(d, NULL, &ignored);
                failure_compose(d, ending, &aftermath);
                move.events = aftermath.events;
                move.events_len = aftermath.len;
                move.next = aftermath.has_next ? &aftermath.next : NULL;
        }
        /* a run that stays held makes no move */
        if (!stays && move_with(d, &move, ending, err) < 0)
                return -1;
        /* the run is over for all others: who waits may land now, while we write about it */
        cleanup_fd(&d->lock_fd);
        line_leave(d);
        d->outcome = ending->outcome;
        if (stays)
                stored_reasons(d, &recorded);
        conclude(d, stays ? &recorded : ending->reasons, ending->reasons);
        return 0;
}

/* What it lost to says more than how it heard of that: a signal, or the target that the winner's commit moved. */
static bool loses_by(enum outcome outcome)
{
        return outcome == OUTCOME_CANCELLED || outcome == OUTCOME_BASE_CONFLICT;
}

static int end_as_loser(struct director *d, const struct director_ending *ending, const struct err *lost,
                        struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};
        struct director_ending loser = *ending;

        strv_add(&reasons, lost->message);
        loser.outcome = OUTCOME_CANCELLED;
        loser.reasons = &reasons;
        loser.events = NULL;
        loser.events_len = 0;
        return end_as(d, &loser, err);
}

int director_end(struct director *d, const struct director_ending *ending, struct err *err)
{
        struct err lost = ERR_INIT;

        if (director_in_race(d) && loses_by(ending->outcome) &&
            store_race_check(d->store, d->row.id, NULL, &lost) < 0) {
                if (lost.code == ERR_LOST)
                        return end_as_loser(d, ending, &lost, err);
                *err = lost;
                return -1;
        }
        if (end_as(d, ending, err) == 0)
                return 0;
        lost = *err;
        return lost.code == ERR_LOST ? end_as_loser(d, ending, &lost, err) : -1;
}

int director_end_because(struct director *d, enum outcome outcome, const char *reason, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_add(&reasons, reason);
        return director_end(d, &(struct director_ending){.outcome = outcome, .reasons = &reasons}, err);
}

int director_end_again(struct director *d, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};

        if (d->row.outcome == STORE_OUTCOME_NONE)
                return err_set(err, ERR_INTERNAL, "run %s is over without an outcome", d->row.id);
        d->outcome = d->row.outcome;
        stored_reasons(d, &reasons);
        d->ends_again = true;
        conclude(d, &reasons, &reasons);
        return 0;
}

int director_end_if_interrupted(struct director *d, struct err *err)
{
        char reason[320];

        uplink_pump(&d->up);
        if (!uplink_interrupted(&d->up))
                return 0;
        if (d->up.stop)
                return director_end_because(d, OUTCOME_CANCELLED, "it was asked to stop", err) < 0 ? -1 : 1;
        snprintf(reason, sizeof(reason), "the supervisor ended before the run did%s%s", d->up.trouble[0] ? ": " : "",
                 d->up.trouble);
        return director_end_because(d, OUTCOME_INTERRUPTED, reason, err) < 0 ? -1 : 1;
}
