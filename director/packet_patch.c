/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence/patch.diff: made from the candidate's objects while they are there. When they are gone, or the packet is written once
 * more, the file of before stands, if it is the one on record.
 */
#include "director/candidate.h"
#include "director/director.h"
#include "director/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/diff.h"
#include "lib/packet/folder.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATCH_MAX ((uint64_t)64 << 20)

/* A value of the environment that got into the change is hidden as one that a pattern knows; the patch does not apply then. */
static void hide_known(struct director *d, int fd, struct report_patch *patch)
{
        struct redact *redact = packet_secrets(d);
        const uint64_t before = redact->count;
        const off_t size = lseek(fd, 0, SEEK_END);
        char *text;

        if (!redact->len || size <= 0)
                return;
        text = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (text == MAP_FAILED)
                return;
        redact_text(redact, text, (size_t)size);
        munmap(text, (size_t)size);
        patch->masked = patch->masked || redact->count > before;
}

static int write_patch(struct director *d, int evidence_fd, struct report_patch *ret, struct err *err)
{
        _cleanup_fd_ int fd = packet_create(evidence_fd, "patch.diff", err);

        if (fd < 0 || tree_patch(quarantine_repo(d->candidate.quarantine), &d->candidate.changes, fd, PATCH_MAX,
                                 &ret->complete, err) < 0)
                return -1;
        ret->masked = d->candidate.gates.secret_paths.len > 0;
        hide_known(d, fd, ret);
        if (lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "patch.diff");
        return hash_fd(fd, ret->sha256, err);
}

/* Of what changed nothing there is a patch all the same: who reads the packet need not guess. */
static int write_no_patch(int evidence_fd, struct report_patch *ret, struct err *err)
{
        _cleanup_fd_ int fd = packet_create(evidence_fd, "patch.diff", err);

        if (fd < 0)
                return -1;
        hash_bytes("", 0, ret->sha256);
        ret->complete = !ret->missing[0];
        return 0;
}

int packet_patch(struct director *d, struct err *err)
{
        _cleanup_fd_ int evidence_fd = -1;
        struct report_patch patch = {.sha256 = ""};

        if (d->packet.has_patch)
                return 0;
        evidence_fd = packet_open_evidence(d, err);
        if (evidence_fd < 0 || write_patch(d, evidence_fd, &patch, err) < 0)
                return -1;
        d->packet.patch = patch;
        d->packet.has_patch = true;
        return 0;
}

/* As the log has it, where it was decided on; else as an earlier report of this very change has it. */
static bool patch_on_record(const struct director *d, struct report_recorded *ret)
{
        _cleanup_json_ struct json_t *report = d->packet.recorded.sha256[0] ? NULL : packet_report(d->run_fd);
        const struct json_t *patch = json_object_get(report, "patch");
        const struct json_t *parent = json_object_get(json_object_get(report, "landing"), "parent");

        *ret = d->packet.recorded;
        if (ret->sha256[0])
                return true;
        *ret = (struct report_recorded){.complete = json_is_true(json_object_get(patch, "complete")),
                                        .masked = json_is_true(json_object_get(patch, "masked"))};
        snprintf(ret->sha256, sizeof(ret->sha256), "%s", json_text_of(patch, "sha256"));
        return ret->sha256[0] && strcmp(json_text_of(report, "tree"), d->candidate.tree) == 0 &&
               strcmp(json_text_of(parent, "tree"), d->parent.tree) == 0;
}

/*
 * Written before, maybe when its objects were still there; what was hidden in it stays hidden, whatever we know of the values. Not
 * what was only said to be lost.
 */
static bool keep_earlier(struct director *d, struct report_patch *ret)
{
        struct report_recorded record;
        struct report_patch patch = {.sha256 = ""};
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(d->run_fd, "evidence/patch.diff", &ignored);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0 || !patch_on_record(d, &record) ||
            hash_fd(fd, patch.sha256, &ignored) < 0 || strcmp(patch.sha256, record.sha256) != 0)
                return false;
        patch.complete = record.complete;
        patch.masked = record.masked;
        *ret = patch;
        return true;
}

/* A candidate of a failed run is worth keeping, as long as its objects are sound; else the reason takes its place. */
int packet_patch_at_last(struct director *d, int evidence_fd, struct err *err)
{
        struct report_patch *patch = &d->packet.patch;
        struct err why = ERR_INIT;
        bool sound;

        if (d->packet.has_patch)
                return 0;
        *patch = (struct report_patch){.sha256 = ""};
        if (!candidate_named(&d->candidate) && candidate_find(d, err) < 0)
                return -1;
        if (!candidate_named(&d->candidate) || strcmp(d->candidate.tree, d->parent.tree) == 0)
                return write_no_patch(evidence_fd, patch, err);
        sound = candidate_check(d, &why) == 0; /* the report tells of its changes either way */
        if (keep_earlier(d, patch))
                return 0;
        if (sound)
                return packet_patch(d, err);
        err_text(&why, patch->missing, sizeof(patch->missing));
        return write_no_patch(evidence_fd, patch, err);
}
