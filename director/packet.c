/* SPDX-License-Identifier: Apache-2.0 */
#include "director/packet.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/facts.h"
#include "director/report.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/git/diff.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATCH_MAX ((uint64_t)64 << 20)

/* A file of ours under its own name only when it is whole. */
static int create_draft(int dirfd, const char *draft, struct err *err)
{
        int fd;

        unlinkat(dirfd, draft, 0);
        fd = openat(dirfd, draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? err_errno(err, "create %s", draft) : fd;
}

static int publish_draft(int dirfd, const char *draft, const char *name, struct err *err)
{
        return renameat(dirfd, draft, dirfd, name) < 0 ? err_errno(err, "write %s", name) : 0;
}

/* ---- patch.diff ---- */

static int hash_whole(int fd, char ret[HASH_HEX], struct err *err)
{
        return lseek(fd, 0, SEEK_SET) < 0 ? err_errno(err, "patch.diff") : hash_fd(fd, ret, err);
}

static int write_patch(struct director *d, int evidence_fd, struct report_patch *ret, struct err *err)
{
        _cleanup_fd_ int fd = create_draft(evidence_fd, ".patch.diff", err);

        if (fd < 0 ||
            tree_patch(quarantine_repo(d->candidate.quarantine), &d->candidate.changes, fd, PATCH_MAX, &ret->complete,
                       err) < 0 ||
            hash_whole(fd, ret->sha256, err) < 0)
                return -1;
        return publish_draft(evidence_fd, ".patch.diff", "patch.diff", err);
}

/* A candidate of a failed run is worth keeping, as long as its objects are sound; else the reason takes its place. */
static int patch(struct director *d, int evidence_fd, struct report_patch *ret, struct err *err)
{
        struct err why = ERR_INIT;

        *ret = (struct report_patch){.sha256 = ""};
        if (!candidate_named(&d->candidate) && candidate_find(d, err) < 0)
                return -1;
        if (!candidate_named(&d->candidate) || strcmp(d->candidate.tree, d->base_tree) == 0)
                return 0;
        if (candidate_check(d, &why) < 0) {
                err_text(&why, ret->missing, sizeof(ret->missing));
                return 0;
        }
        return write_patch(d, evidence_fd, ret, err);
}

/* ---- Reports ---- */

static int write_reports(struct director *d, int evidence_fd, const struct strv *reasons,
                         const struct report_patch *changes, struct err *err)
{
        _cleanup_facts_ struct facts facts = {0};
        _cleanup_json_ struct json_t *report = NULL;
        _cleanup_free_ char *json = NULL;
        _cleanup_str_ struct str markdown = {0};

        if (facts_gather(d, &facts, err) < 0)
                return -1;
        report = report_json(d, &facts, reasons, changes);
        json = json_dumps(report, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        if (!json)
                return err_set(err, ERR_INTERNAL, "the report is no JSON");
        report_markdown(report, &markdown);
        if (fs_write_at(evidence_fd, "report.json", json, strlen(json), 0600, err) < 0)
                return -1;
        return fs_write_at(evidence_fd, "report.md", str_text(&markdown), markdown.len, 0600, err);
}

static int write_test_log(struct director *d, int evidence_fd, struct err *err)
{
        _cleanup_fd_ int fd = create_draft(evidence_fd, ".test.log", err);

        if (fd < 0 || packet_test_log(d->run_fd, fd, err) < 0)
                return -1;
        return publish_draft(evidence_fd, ".test.log", "test.log", err);
}

static int write_evidence_set(struct director *d, int evidence_fd, struct err *err)
{
        _cleanup_str_ struct str list = {0};

        if (evidence_list(d, &list, err) < 0)
                return -1;
        return list.len ? fs_write_at(evidence_fd, "evidence-set.txt", list.data, list.len, 0600, err) : 0;
}

static int write_events(struct director *d, struct err *err)
{
        _cleanup_fd_ int dirfd = fs_mkdir_open_at(d->run_fd, "telemetry", 0700, err);
        _cleanup_fd_ int fd = dirfd < 0 ? -1 : create_draft(dirfd, ".events", err);

        if (fd < 0 || store_events_export(d->store, d->row.id, fd, err) < 0)
                return -1;
        return publish_draft(dirfd, ".events", "events.normalized.jsonl", err);
}

static int write_sums(struct director *d, int evidence_fd, struct err *err)
{
        _cleanup_str_ struct str sums = {0};

        if (packet_sums(d->run_fd, &sums, err) < 0)
                return -1;
        return fs_write_at(evidence_fd, "SHA256SUMS", str_text(&sums), sums.len, 0600, err);
}

int packet_write(struct director *d, const struct strv *reasons, struct err *err)
{
        _cleanup_fd_ int evidence_fd = fs_mkdir_open_at(d->run_fd, "evidence", 0700, err);
        struct report_patch changes;
        struct err ignored = ERR_INIT;

        if (evidence_fd < 0)
                return -1;
        (void)director_load_plan(d, &ignored); /* an unreadable snapshot leaves gaps in the report, no more */
        if (patch(d, evidence_fd, &changes, err) < 0 || write_events(d, err) < 0 ||
            write_test_log(d, evidence_fd, err) < 0 || write_evidence_set(d, evidence_fd, err) < 0 ||
            write_reports(d, evidence_fd, reasons, &changes, err) < 0)
                return -1;
        return write_sums(d, evidence_fd, err);
}
