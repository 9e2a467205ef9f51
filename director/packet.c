/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file is written once, under its own name, and summed from the bytes as they go out. Order: what does not depend on
 * the end, the log of events (read once, for export and report), the reports, the sums.
 */
#include "director/packet.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/facts.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/git/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATCH_MAX ((uint64_t)64 << 20)
#define EXPORT_BUFFER ((size_t)64 << 10)

void packet_release(struct packet *packet)
{
        strv_release(&packet->sums);
        *packet = (struct packet){0};
}

/* Anew: what an earlier end of this run left there goes. */
static int create(int dirfd, const char *name, struct err *err)
{
        static const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(dirfd, name, flags, 0600);

        if (fd < 0 && errno == EEXIST && unlinkat(dirfd, name, 0) == 0)
                fd = openat(dirfd, name, flags, 0600);
        return fd < 0 ? err_errno(err, "create %s", name) : fd;
}

static void add_own_sum(struct strv *sums, const char *name, const char *hex)
{
        _cleanup_free_ char *path = xasprintf("evidence/%s", name);

        packet_add_sum(sums, path, hex);
}

static int write_file(int evidence_fd, const char *name, const char *bytes, size_t len, struct strv *sums,
                      struct err *err)
{
        _cleanup_fd_ int fd = create(evidence_fd, name, err);
        char hex[HASH_HEX];

        if (fd < 0)
                return -1;
        if (fs_write_all(fd, bytes, len) < 0)
                return err_errno(err, "write %s", name);
        hash_bytes(bytes, len, hex);
        add_own_sum(sums, name, hex);
        return 0;
}

static int open_evidence(const struct director *d, struct err *err)
{
        return fs_mkdir_open_at(d->run_fd, "evidence", 0700, err);
}

/* ---- What is known early ---- */

static int sum_snapshot(struct director *d, struct err *err)
{
        struct packet *packet = &d->packet;

        if (packet->has_snapshot)
                return 0;
        if (packet_sum_folder(d->run_fd, "config_snapshot", &packet->sums, err) < 0 ||
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

static int write_patch(struct director *d, int evidence_fd, struct report_patch *ret, struct err *err)
{
        _cleanup_fd_ int fd = create(evidence_fd, "patch.diff", err);

        if (fd < 0 || tree_patch(quarantine_repo(d->candidate.quarantine), &d->candidate.changes, fd, PATCH_MAX,
                                 &ret->complete, err) < 0)
                return -1;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "patch.diff");
        return hash_fd(fd, ret->sha256, err);
}

int packet_patch(struct director *d, struct err *err)
{
        _cleanup_fd_ int evidence_fd = -1;
        struct report_patch patch = {.sha256 = ""};

        if (d->packet.has_patch)
                return 0;
        evidence_fd = open_evidence(d, err);
        if (evidence_fd < 0 || write_patch(d, evidence_fd, &patch, err) < 0)
                return -1;
        d->packet.patch = patch;
        d->packet.has_patch = true;
        return 0;
}

/* A candidate of a failed run is worth keeping, as long as its objects are sound; else the reason takes its place. */
static int patch_at_last(struct director *d, struct err *err)
{
        struct report_patch *patch = &d->packet.patch;
        struct err why = ERR_INIT;

        if (d->packet.has_patch)
                return 0;
        *patch = (struct report_patch){.sha256 = ""};
        if (!candidate_named(&d->candidate) && candidate_find(d, err) < 0)
                return -1;
        if (!candidate_named(&d->candidate) || strcmp(d->candidate.tree, d->base_tree) == 0)
                return 0;
        if (candidate_check(d, &why) == 0)
                return packet_patch(d, err);
        err_text(&why, patch->missing, sizeof(patch->missing));
        return 0;
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
        _cleanup_fd_ int dirfd = fs_mkdir_open_at(d->run_fd, "telemetry", 0700, err);
        _cleanup_fd_ int fd = dirfd < 0 ? -1 : create(dirfd, "events.normalized.jsonl", err);
        char hex[HASH_HEX];

        if (fd < 0)
                return -1;
        pass->fd = fd;
        hash_init(&pass->hash);
        facts_init(&pass->facts);
        if (store_events_each(d->store, d->row.id, NULL, take_event, pass, err) < 0 || flush(pass, err) < 0)
                return -1;
        hash_final(&pass->hash, hex);
        packet_add_sum(sums, "telemetry/events.normalized.jsonl", hex);
        return 0;
}

/* ---- Reports ---- */

static int write_reports(struct director *d, int evidence_fd, const struct facts *facts, const struct strv *reasons,
                         struct strv *sums, struct err *err)
{
        _cleanup_json_ struct json_t *report = report_json(d, facts, reasons, &d->packet.patch);
        _cleanup_free_ char *json = json_dumps(report, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REALS);
        _cleanup_str_ struct str markdown = {0};

        if (!json)
                return err_set(err, ERR_INTERNAL, "the report is no JSON");
        report_markdown(report, &markdown);
        if (write_file(evidence_fd, "report.json", json, strlen(json), sums, err) < 0)
                return -1;
        return write_file(evidence_fd, "report.md", str_text(&markdown), markdown.len, sums, err);
}

static int write_logs(struct director *d, int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_fd_ int fd = create(evidence_fd, "test.log", err);
        struct hash hash;
        char hex[HASH_HEX];

        hash_init(&hash);
        if (fd < 0 || packet_logs(d->run_fd, fd, &hash, sums, err) < 0)
                return -1;
        hash_final(&hash, hex);
        add_own_sum(sums, "test.log", hex);
        return 0;
}

static int write_evidence_set(struct director *d, int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str list = {0};

        if (evidence_list(d, &list, err) < 0)
                return -1;
        return list.len ? write_file(evidence_fd, "evidence-set.txt", list.data, list.len, sums, err) : 0;
}

static int write_sums(const struct director *d, int evidence_fd, struct strv *sums, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        for (size_t i = 0; i < d->packet.sums.len; i++)
                strv_add(sums, d->packet.sums.items[i]);
        if (d->packet.has_patch)
                add_own_sum(sums, "patch.diff", d->packet.patch.sha256);
        packet_put_sums(sums, &text);
        return fs_write_at(evidence_fd, "SHA256SUMS", str_text(&text), text.len, 0600, err);
}

int packet_write(struct director *d, const struct strv *reasons, struct err *err)
{
        __attribute__((cleanup(pass_release))) struct pass pass = {.fd = -1};
        _cleanup_fd_ int evidence_fd = open_evidence(d, err);
        _cleanup_strv_ struct strv sums = {0};
        struct err ignored = ERR_INIT;

        if (evidence_fd < 0)
                return -1;
        (void)director_load_plan(d, &ignored); /* an unreadable snapshot leaves gaps in the report, no more */
        if (sum_snapshot(d, err) < 0 || patch_at_last(d, err) < 0 || write_events(d, &pass, &sums, err) < 0 ||
            write_logs(d, evidence_fd, &sums, err) < 0 || write_evidence_set(d, evidence_fd, &sums, err) < 0 ||
            write_reports(d, evidence_fd, &pass.facts, reasons, &sums, err) < 0)
                return -1;
        return write_sums(d, evidence_fd, &sums, err);
}
