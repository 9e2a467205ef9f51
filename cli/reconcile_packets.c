/* SPDX-License-Identifier: Apache-2.0 */
/* Packets beside the store. A packet is only looked at where its run is over and nobody works on its end any more. */
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/packet.h"
#include "cli/packets_gc.h"
#include "cli/reconcile_internal.h"
#include "cli/recover.h"
#include "cli/told_later.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/packet/later.h"
#include "lib/packet/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES ((off_t)256 << 10) /* an event is never that long */
#define EVENTS "telemetry/events.normalized.jsonl"

struct packets {
        struct reconciliation *r;
        json_t *removed; /* by gc: {RUN: reason} */
        int (*look)(struct packets *packets, const struct store_run *run, int packet, struct err *err);
};

static bool is_settled(const struct store_run *run)
{
        return (phase_is_terminal(run->phase) || run->phase == PHASE_HELD) && !owner_lives(owner_of(run));
}

static int take_run(const struct store_run *run, void *arg, struct err *err)
{
        struct packets *packets = arg;
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = is_settled(run) ? packet_open(packets->r->context, run->id, &gone) : -1;

        return is_settled(run) ? packets->look(packets, run, packet, err) : 0;
}

static int each_packet(struct reconciliation *r,
                       int (*look)(struct packets *packets, const struct store_run *run, int packet, struct err *err),
                       struct err *err)
{
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};
        _cleanup_json_ json_t *removed = packets_removed(r->context->repo_state);
        struct packets packets = {.r = r, .removed = removed, .look = look};

        return store_runs_each(r->context->store, &all, take_run, &packets, err);
}

static bool is_whole(int packet)
{
        return faccessat(packet, "evidence/SHA256SUMS", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int missing(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        (void)err;
        if (packet < 0 && (run->phase == PHASE_HELD || !json_object_get(packets->removed, run->id)))
                reconcile_found(packets->r, run->id, NULL, "its packet is gone, and `cupel gc` did not remove it");
        return 0;
}

int look_missing(struct reconciliation *r, struct err *err)
{
        return each_packet(r, missing, err);
}

static int incomplete(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        (void)err;
        if (packet >= 0 && !is_whole(packet))
                reconcile_found(packets->r, run->id, NULL, "it has ended, and its packet has no evidence/SHA256SUMS");
        return 0;
}

int look_incomplete(struct reconciliation *r, struct err *err)
{
        return each_packet(r, incomplete, err);
}

int mend_incomplete(struct reconciliation *r, const json_t *finding, struct err *err)
{
        const struct director_call call = {
                .context = r->context, .mode = "recover", .run = json_text_of(finding, "where")};
        _cleanup_director_answer_ struct director_answer answer = {0};

        return director_call(&call, &answer, err);
}

/* What packet.operator, packet.amendments and packet.later tell, and can set right. */
static bool is_said_later(const char *file)
{
        for (size_t i = 0; later_file(i); i++)
                if (strcmp(file, later_file(i)) == 0)
                        return true;
        return strcmp(file, LATER_SEAL) == 0;
}

static int damaged(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = {0};

        if (packet < 0 || !is_whole(packet))
                return 0;
        if (packet_verify(packet, &(struct packet_verify_options){0}, &verdict, err) < 0)
                return err_wrap(err, "%s", run->id);
        for (size_t i = 0; i < verdict.len; i++)
                if (!is_said_later(verdict.items[i].file))
                        reconcile_found(packets->r, run->id, NULL, "%s: %s", verdict.items[i].file,
                                        verdict.items[i].what);
        return 0;
}

int look_damaged(struct reconciliation *r, struct err *err)
{
        return each_packet(r, damaged, err);
}

/* ---- the log of the packet, and the store's ---- */

/* The last event of the packet; NULL: none, or none that can be read. */
static json_t *last_event(int packet)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(packet, EVENTS, &gone);
        _cleanup_str_ struct str tail = {0};
        const char *line;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 ||
            (st.st_size > TAIL_BYTES && lseek(fd, st.st_size - TAIL_BYTES, SEEK_SET) < 0) ||
            fs_read_fd(fd, (size_t)TAIL_BYTES, &tail, &gone) < 0 || !tail.len)
                return NULL;
        if (tail.data[tail.len - 1] == '\n')
                tail.data[--tail.len] = '\0';
        line = strrchr(str_text(&tail), '\n');
        line = line ? line + 1 : str_text(&tail);
        return json_loads(line, 0, NULL);
}

static int take_hash(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);

        str_puts(arg, json_text_of(event, "hash"));
        return event ? 1 : -1;
}

static int packet_log(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        _cleanup_json_ json_t *last = packet < 0 ? NULL : last_event(packet);
        const int64_t sequence = strtoll(json_text_of(last, "sequence"), NULL, 10);
        const struct store_events_filter filter = {.from = sequence, .limit = 1};
        _cleanup_str_ struct str hash = {0};

        if (!last || sequence < 1)
                return 0; /* packet.damaged says what is wrong with it */
        if (store_events_each(packets->r->context->store, run->id, &filter, take_hash, &hash, err) < 0)
                return -1;
        if (strcmp(str_text(&hash), json_text_of(last, "hash")) != 0)
                reconcile_found(packets->r, run->id, NULL,
                                "event %lld, the last one of the packet, is another one in the store",
                                (long long)sequence);
        return 0;
}

int look_packet_log(struct reconciliation *r, struct err *err)
{
        return each_packet(r, packet_log, err);
}

/* ---- what is kept beside a packet ---- */

/* Of the files that people's words stand in, the one that the check is about. */
static const struct told_later_file *file_of(const struct reconcile_check *check)
{
        const struct told_later_file *file = told_later_files;

        while (file->name && strncmp(check->compares, file->name, strlen(file->name)) != 0)
                file++;
        return file;
}

static int said_later(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        const struct told_later_file *file = file_of(packets->r->check);
        _cleanup_strv_ struct strv faults = {0};

        if (packet < 0)
                return 0;
        if (told_later_compare(packets->r->context, run->id, packet, file, &faults, err) < 0)
                return -1;
        for (size_t i = 0; i < faults.len; i++)
                reconcile_found(packets->r, run->id, NULL, "%s: %s", file->name, faults.items[i]);
        return 0;
}

int look_later(struct reconciliation *r, struct err *err)
{
        return each_packet(r, said_later, err);
}

int mend_later(struct reconciliation *r, const json_t *finding, struct err *err)
{
        const struct told_later_file *file = file_of(r->check);

        return told_later_write(r->context, json_text_of(finding, "where"), file->type, file->name, err);
}

struct sealed {
        struct packets *packets;
        const struct store_run *run;
};

static void not_sealed(void *arg, const char *file, const char *what)
{
        const struct sealed *sealed = arg;

        reconcile_found(sealed->packets->r, sealed->run->id, NULL, "%s: %s", file, what);
}

static int seals(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        (void)err;
        if (packet >= 0 && is_whole(packet))
                (void)later_compare(packet, NULL, not_sealed, &(struct sealed){packets, run}, NULL);
        return 0;
}

int look_seals(struct reconciliation *r, struct err *err)
{
        return each_packet(r, seals, err);
}

int mend_seals(struct reconciliation *r, const json_t *finding, struct err *err)
{
        const char *run = json_text_of(finding, "where");
        _cleanup_fd_ int packet = packet_open(r->context, run, err);

        return packet < 0 ? -1 : told_later_seal(r->context, run, packet, err);
}

/* ---- checkpoints ---- */

static int take_checkpoint(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);

        *(int64_t *)arg = json_integer_value(json_object_get(json_object_get(event, "data"), "step"));
        return event ? 0 : -1;
}

/* The last one: older ones are given up as newer ones come. Those of a run that committed go at its end; where its policy keeps
 * them they are in SHA256SUMS, which another check looks at. */
static int checkpoints(struct packets *packets, const struct store_run *run, int packet, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "checkpoint.created"};
        _cleanup_free_ char *path = NULL;
        int64_t step = -1;
        struct stat st;

        if (packet < 0 || run->phase == PHASE_COMMITTED)
                return 0;
        if (store_events_each(packets->r->context->store, run->id, &filter, take_checkpoint, &step, err) < 0)
                return -1;
        path = xasprintf("checkpoints/step_%06lld", (long long)step);
        if (step >= 0 && (fstatat(packet, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode)))
                reconcile_found(packets->r, run->id, NULL,
                                "its last checkpoint on record, step %lld, is not in its packet", (long long)step);
        return 0;
}

int look_checkpoints(struct reconciliation *r, struct err *err)
{
        return each_packet(r, checkpoints, err);
}
