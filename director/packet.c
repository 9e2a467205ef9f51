/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file is written once, under its own name, and summed from the bytes as they go out. Order: what does not depend on
 * the end, the log of events (read once, for export and report), the reports, the attestation of all of it, the sums.
 */
#include "director/packet.h"

#include "director/attest.h"
#include "director/checkpoints.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/facts.h"
#include "director/trace.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"
#include "lib/packet/later.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_BUFFER ((size_t)64 << 10)
#define EVIDENCE "evidence"
#define TELEMETRY "telemetry"

void packet_release(struct packet *packet)
{
        strv_release(&packet->sums);
        redact_release(&packet->secrets);
        *packet = (struct packet){0};
}

int packet_create(int dirfd, const char *name, struct err *err)
{
        static const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(dirfd, name, flags, 0600);

        if (fd < 0 && errno == EEXIST && unlinkat(dirfd, name, 0) == 0)
                fd = openat(dirfd, name, flags, 0600);
        return fd < 0 ? err_errno(err, "create %s", name) : fd;
}

static void add_own_sum(struct strv *sums, const char *folder, const char *name, const char *hex)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);

        packet_add_sum(sums, path, hex);
}

/* `dirfd` is that of `folder`. */
static int write_file(int dirfd, const char *folder, const char *name, const struct str *bytes, struct strv *sums,
                      struct err *err)
{
        _cleanup_fd_ int fd = packet_create(dirfd, name, err);
        char hex[HASH_HEX];

        if (fd < 0)
                return -1;
        if (fs_write_all(fd, str_text(bytes), bytes->len) < 0)
                return err_errno(err, "write %s", name);
        hash_bytes(str_text(bytes), bytes->len, hex);
        add_own_sum(sums, folder, name, hex);
        return 0;
}

int packet_open_evidence(const struct director *d, struct err *err)
{
        return fs_mkdir_open_at(d->run_fd, EVIDENCE, 0700, err);
}

/* ---- What is known early ---- */

static int sum_snapshot(struct director *d, struct err *err)
{
        struct packet *packet = &d->packet;

        if (packet->has_snapshot)
                return 0;
        if (packet_sum_snapshot(d->run_fd, &packet->sums, err) < 0 ||
            packet_sum_file(d->run_fd, "identity.txt", &packet->sums, err) < 0)
                return -1;
        packet->has_snapshot = true;
        return 0;
}

void packet_prepare(struct director *d)
{
        struct err ignored = ERR_INIT;

        (void)sum_snapshot(d, &ignored);
}

/* ---- The log of events, for export and report in one pass ---- */

struct pass {
        struct facts facts;
        struct str buffer;
        struct hash hash;
        int fd;
};

static void pass_release(struct pass *pass)
{
        facts_release(&pass->facts);
        str_release(&pass->buffer);
}

static int flush(struct pass *pass, struct err *err)
{
        hash_update(&pass->hash, str_text(&pass->buffer), pass->buffer.len);
        if (fs_write_all(pass->fd, str_text(&pass->buffer), pass->buffer.len) < 0)
                return err_errno(err, "write the log of events");
        str_clear(&pass->buffer);
        return 0;
}

static int take_event(const struct store_event_row *row, void *arg, struct err *err)
{
        struct pass *pass = arg;

        str_append(&pass->buffer, row->json, row->len);
        str_putc(&pass->buffer, '\n');
        if (pass->buffer.len >= EXPORT_BUFFER && flush(pass, err) < 0)
                return -1;
        return facts_see(&pass->facts, row, err);
}

static int write_events(struct director *d, struct pass *pass, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int dirfd = fs_mkdir_open_at(d->run_fd, TELEMETRY, 0700, err);
        _cleanup_fd_ int fd = dirfd < 0 ? -1 : packet_create(dirfd, "events.normalized.jsonl", err);
        char hex[HASH_HEX];

        if (fd < 0)
                return -1;
        pass->fd = fd;
        hash_init(&pass->hash);
        facts_init(&pass->facts);
        if (store_events_each(d->store, d->row.id, NULL, take_event, pass, err) < 0 || flush(pass, err) < 0)
                return -1;
        hash_final(&pass->hash, hex);
        packet_add_sum(sums, TELEMETRY "/events.normalized.jsonl", hex);
        return 0;
}

/* ---- Reports ---- */

struct redact *packet_secrets(struct director *d)
{
        struct packet *packet = &d->packet;
        _cleanup_strv_ struct strv names = {0};

        if (packet->knows_secrets || !d->has_plan)
                return &packet->secrets;
        plan_secret_names(&d->plan, &names);
        for (size_t i = 0; i < names.len; i++)
                redact_add(&packet->secrets, getenv(names.items[i]));
        packet->knows_secrets = true;
        return &packet->secrets;
}

static int write_trace(struct director *d, const struct json_t *report, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int dirfd = fs_mkdir_open_at(d->run_fd, TELEMETRY, 0700, err);
        _cleanup_str_ struct str lines = {0};

        if (dirfd < 0)
                return -1;
        trace_put(report, &lines);
        return write_file(dirfd, TELEMETRY, "trace.jsonl", &lines, sums, err);
}

/* And the attestation of what they say: by then `sums` has everything else. */
static int write_reports(struct director *d, int evidence_fd, const struct facts *facts, const struct strv *reasons,
                         struct strv *sums, struct err *err)
{
        _cleanup_json_ struct json_t *report = report_json(d, facts, reasons, &d->packet.patch);
        _cleanup_str_ struct str json = {0}, markdown = {0};

        if (json_put(&json, report, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REALS) < 0)
                return err_set(err, ERR_INTERNAL, "the report is no JSON");
        report_markdown(report, &markdown);
        if (write_trace(d, report, sums, err) < 0 ||
            write_file(evidence_fd, EVIDENCE, "report.json", &json, sums, err) < 0 ||
            write_file(evidence_fd, EVIDENCE, "report.md", &markdown, sums, err) < 0)
                return -1;
        return attest_write(d, evidence_fd, report, facts->attested, sums, err);
}

/* The supervisor asks for an end when the caged side is gone. Who ends a run unasked, or is asked by nobody, does not know. */
static bool caged_side_may_live(const struct director *d)
{
        return d->up.lost || d->options->mode == DIRECTOR_RECOVER ||
               (d->options->mode == DIRECTOR_RUN && d->up.request == UPLINK_NOTHING);
}

static int write_logs(struct director *d, int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int fd = packet_create(evidence_fd, "test.log", err);
        struct redact *secrets = packet_secrets(d);
        const uint64_t before = secrets->count;
        struct hash hash;
        char hex[HASH_HEX];

        if (caged_side_may_live(d) && packet_detach_logs(d->run_fd, err) < 0)
                return -1;
        packet_hide_in_logs(d->run_fd, secrets);
        d->packet.redacted += secrets->count - before;
        hash_init(&hash);
        if (fd < 0 || packet_put_logs(d->run_fd, fd, &hash, sums, err) < 0)
                return -1;
        hash_final(&hash, hex);
        add_own_sum(sums, EVIDENCE, "test.log", hex);
        return 0;
}

static int write_evidence_set(struct director *d, int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str list = {0};

        if (evidence_list(d, &list, err) < 0)
                return -1;
        return list.len ? write_file(evidence_fd, EVIDENCE, "evidence-set.txt", &list, sums, err) : 0;
}

static void add_early_sums(const struct director *d, struct strv *sums)
{
        for (size_t i = 0; i < d->packet.sums.len; i++)
                strv_add(sums, d->packet.sums.items[i]);
        add_own_sum(sums, EVIDENCE, "patch.diff", d->packet.patch.sha256);
}

static int write_sums(int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        packet_put_sums(sums, &text);
        return fs_write_at(evidence_fd, "SHA256SUMS", str_text(&text), text.len, 0600, err);
}

/* Of a held run somebody may have said something: that is sealed to the packet as it is now. */
static int seal_later(struct director *d, const struct facts *facts, struct err *err)
{
        _cleanup_json_ struct json_t *log = facts_log(facts);
        const struct later_log last = {.run = d->row.id,
                                       .events = json_integer_value(json_object_get(log, "events")),
                                       .head = json_text_of(log, "head")};

        return later_seal(d->run_fd, d->attest_key, &last, err);
}

static int write_packet(struct director *d, const struct strv *reasons, struct err *err)
{
        __attribute__((cleanup(pass_release))) struct pass pass = {.fd = -1};
        _cleanup_fd_ int evidence_fd = packet_open_evidence(d, err);
        _cleanup_strv_ struct strv sums = {0};
        struct err ignored = ERR_INIT;

        if (evidence_fd < 0)
                return -1;
        (void)director_load_plan(d, &ignored); /* an unreadable snapshot leaves gaps in the report, no more */
        if (sum_snapshot(d, err) < 0 ||
            (d->has_plan && d->plan.outputs.len && packet_sum_folder(d->run_fd, "evidence/outputs", &sums, err) < 0) ||
            packet_patch_at_last(d, evidence_fd, err) < 0 || write_events(d, &pass, &sums, err) < 0 ||
            checkpoints_conclude(d, &pass.facts, &sums, err) < 0 || write_logs(d, evidence_fd, &sums, err) < 0 ||
            write_evidence_set(d, evidence_fd, &sums, err) < 0)
                return -1;
        add_early_sums(d, &sums);
        if (write_reports(d, evidence_fd, &pass.facts, reasons, &sums, err) < 0)
                return -1;
        if (write_sums(evidence_fd, &sums, err) < 0)
                return -1;
        return later_any(d->run_fd) ? seal_later(d, &pass.facts, err) : 0;
}

int packet_write(struct director *d, const struct strv *reasons, struct err *err)
{
        const int result = packet_hold(d->run_fd, err) < 0 ? -1 : write_packet(d, reasons, err);

        packet_let_go(d->run_fd);
        return result;
}
