/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is compared with the log once it is known: the snapshot with what the first event names, the evidence set with its seal, the
 * report with what happened. Where the chain itself is broken, what it tells is not worth a comparison.
 */
#include "lib/packet/verify_internal.h"

#include "lib/base/cleanup.h"
#include "lib/packet/folder.h"
#include "lib/packet/identity.h"

#include <string.h>

#define LABEL "sha256:"

/* ---- Snapshot and identity ---- */

static void check_identity(struct verify *v, const struct packet_identity *found)
{
        const struct packet_told *told = &v->verdict->told;

        if (strcmp(found->snapshot, told->snapshot) != 0)
                packet_found(v->verdict, PACKET_CHECK_SNAPSHOT, "config_snapshot",
                             "a file in it is not what the run began with: the digest is " LABEL "%s, the run's " LABEL
                             "%s",
                             found->snapshot, told->snapshot);
        else if (strcmp(found->identity, told->identity) != 0)
                packet_found(v->verdict, PACKET_CHECK_SNAPSHOT, "config_snapshot",
                             "its identity is " LABEL "%s, and the events of the run bear another", found->identity);
        if (strcmp(found->recorded, told->identity) != 0)
                packet_found(v->verdict, PACKET_CHECK_SNAPSHOT, VERIFY_IDENTITY_FILE,
                             "it is not the identity that the events of the run bear");
}

void verify_snapshot(struct verify *v)
{
        struct packet_identity found;
        struct err err = ERR_INIT;
        char text[600];

        if (!verify_log_holds(v))
                return;
        v->verdict->done[PACKET_CHECK_SNAPSHOT] = true;
        if (packet_identity(v->packet, &found, &err) == 0) {
                check_identity(v, &found);
                return;
        }
        err_text(&err, text, sizeof(text));
        packet_found(v->verdict, PACKET_CHECK_SNAPSHOT,
                     strncmp(text, VERIFY_IDENTITY_FILE, strlen(VERIFY_IDENTITY_FILE)) == 0 ? VERIFY_IDENTITY_FILE
                                                                                            : "config_snapshot",
                     "%s", text);
}

/* ---- The evidence set ---- */

static void check_set(struct verify *v, const struct str *text)
{
        char digest[HASH_HEX];

        hash_bytes(str_text(text), text->len, digest);
        if (strcmp(digest, v->verdict->told.evidence) != 0)
                packet_found(v->verdict, PACKET_CHECK_EVIDENCE, VERIFY_SET_FILE,
                             "its digest is not the one that receipt.evidence.set.hash sealed");
        if (strcmp(str_text(text), str_text(&v->sealed_set)) != 0)
                packet_found(v->verdict, PACKET_CHECK_EVIDENCE, VERIFY_SET_FILE,
                             "it does not name exactly the receipts that the log had when it was sealed");
}

void verify_evidence(struct verify *v)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        if (!verify_log_holds(v))
                return;
        v->verdict->done[PACKET_CHECK_EVIDENCE] = v->sealed;
        if (packet_read(v->packet, VERIFY_SET_FILE, VERIFY_FILE_MAX, &text, &err) == 0) {
                if (v->sealed)
                        check_set(v, &text);
                else
                        packet_found(v->verdict, PACKET_CHECK_EVIDENCE, VERIFY_SET_FILE, "the log has no seal of it");
        } else if (v->sealed || err.code != ERR_NOT_FOUND) {
                packet_found(v->verdict, PACKET_CHECK_EVIDENCE, VERIFY_SET_FILE, "%s", err.message);
        }
}

/* ---- The report ---- */

static void found(struct verify *v, const char *key)
{
        packet_found(v->verdict, PACKET_CHECK_REPORT, VERIFY_REPORT_FILE, "%s is not what the log tells", key);
}

/* A text of the report, without the label that digests bear there. */
static const char *text_in(const struct json_t *report, const char *key)
{
        const char *text = json_text_of(report, key);

        return strncmp(text, LABEL, strlen(LABEL)) == 0 ? text + strlen(LABEL) : text;
}

static void check_texts(struct verify *v, const struct json_t *report)
{
        const struct packet_told *told = &v->verdict->told;
        const struct {
                const char *key, *told;
        } rows[] = {
                {"run", told->run},
                {"item", told->item},
                {"base", told->base},
                {"target", told->target},
                {"outcome", told->outcome},
                {"identity", told->identity},
                {"snapshot_sha256", told->snapshot},
                {"commit", told->commit},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (strcmp(text_in(report, rows[i].key), rows[i].told) != 0)
                        found(v, rows[i].key);
        /* of a run that was discarded it may be a merge that nobody decided on, so that no event has it */
        if ((v->phase == PHASE_COMMITTED || v->phase == PHASE_HELD) && told->tree[0] &&
            strcmp(json_text_of(report, "tree"), told->tree) != 0)
                found(v, "tree");
        if (v->phase == PHASE_COMMITTED &&
            strcmp(json_text_of(json_object_get(json_object_get(report, "landing"), "parent"), "commit"),
                   told->parent) != 0)
                found(v, "landing.parent");
}

static void check_lists(struct verify *v, const struct json_t *report)
{
        const struct json_t *verifiers = json_object_get(report, "verifiers");
        const struct {
                const char *key;
                const struct json_t *reported, *told;
        } rows[] = {
                {"timeline", json_object_get(report, "timeline"), v->timeline},
                {"notes", json_object_get(report, "notes"), v->notes},
                {"verifiers.self", json_object_get(verifiers, "self"), v->self},
                {"verifiers.director", json_object_get(verifiers, "director"), v->director},
                {"reasons", json_object_get(report, "reasons"), v->reasons},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (rows[i].told && !json_equal(rows[i].reported, rows[i].told))
                        found(v, rows[i].key);
}

static void check_patch(struct verify *v, const struct json_t *report)
{
        const struct json_t *patch = json_object_get(report, "patch");
        const struct verify_sum *sum = verify_sum_of(v, "evidence/patch.diff");

        if (json_text_of(patch, "sha256")[0] && (!sum || strcmp(json_text_of(patch, "sha256"), sum->hex) != 0))
                packet_found(v->verdict, PACKET_CHECK_REPORT, "evidence/patch.diff",
                             "its sum is not the one that report.json has");
}

void verify_report(struct verify *v)
{
        if (!verify_log_holds(v))
                return;
        v->verdict->done[PACKET_CHECK_REPORT] = true;
        v->report = packet_report(v->packet);
        if (!json_is_object(v->report)) {
                packet_found(v->verdict, PACKET_CHECK_REPORT, VERIFY_REPORT_FILE, "it is missing, or no JSON");
                return;
        }
        check_texts(v, v->report);
        check_lists(v, v->report);
        check_patch(v, v->report);
}
