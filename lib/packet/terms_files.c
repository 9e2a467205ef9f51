/* SPDX-License-Identifier: Apache-2.0 */
/* Terms that other files of the packet keep, as far as the report and they agree. */
#include "lib/packet/terms_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/packet/amendment.h"
#include "lib/packet/folder.h"
#include "lib/packet/identity.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)
#define LABEL "sha256:"

static void expect(const struct term_look *look, bool holds, const char *otherwise)
{
        if (!holds)
                strv_add(look->faults, otherwise);
}

static bool read_file(const struct term_look *look, const char *path, size_t most, struct str *ret)
{
        struct err err = ERR_INIT;
        char text[512];

        if (packet_read(look->packet, path, most, ret, &err) == 0)
                return true;
        if (err.code != ERR_NOT_FOUND) { /* that it is missing is said elsewhere */
                err_text(&err, text, sizeof(text));
                strv_add(look->faults, text);
        }
        return false;
}

static bool has_digest(const struct term_look *look, const char *path, char ret_hex[HASH_HEX])
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(look->packet, path, &ignored);

        return fd >= 0 && hash_fd(fd, ret_hex, &ignored) == 0;
}

static const char *bare(const char *label)
{
        return strncmp(label, LABEL, strlen(LABEL)) == 0 ? label + strlen(LABEL) : label;
}

/* ---- Declared ---- */

void term_readable(const struct term_look *look)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_free_ char *heading = xasprintf("# %s: ", json_text_of(look->report, "outcome"));

        if (!read_file(look, "evidence/report.md", FILE_MAX, &text))
                return;
        expect(look, strncmp(str_text(&text), heading, strlen(heading)) == 0, "report.md tells another outcome");
        expect(look, strstr(str_text(&text), json_text_of(look->report, "run")) != NULL, "report.md is another run's");
        expect(look, strstr(str_text(&text), "## What comes next") != NULL, "report.md does not say what comes next");
}

void term_rules(const struct term_look *look)
{
        char hex[HASH_HEX] = "";

        if (has_digest(look, "config_snapshot/plan.json", hex))
                expect(look, strcmp(bare(json_text_of(look->report, "plan_id")), hex) == 0,
                       "plan.json is not the plan that the report names");
}

void term_identity(const struct term_look *look)
{
        struct packet_identity identity;
        struct err err = ERR_INIT;
        char text[512];

        if (packet_identity(look->packet, &identity, &err) < 0) {
                err_text(&err, text, sizeof(text));
                strv_add(look->faults, text);
                return;
        }
        expect(look, packet_identity_holds(&identity), "identity.txt was not made of this snapshot");
        expect(look, strcmp(bare(json_text_of(look->report, "identity")), identity.recorded) == 0,
               "the report names another identity");
        expect(look, strcmp(bare(json_text_of(look->report, "snapshot_sha256")), identity.snapshot) == 0,
               "the report names another snapshot");
}

/* ---- Complete ---- */

void term_patch(const struct term_look *look)
{
        const struct json_t *changes = json_object_get(look->report, "changes");
        const bool changed = json_integer_value(json_object_get(changes, "files")) > 0;
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(look->packet, "evidence/patch.diff", &ignored);
        char hex[HASH_HEX];
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || hash_fd(fd, hex, &ignored) < 0)
                return;
        expect(look, strcmp(json_text_of(json_object_get(look->report, "patch"), "sha256"), hex) == 0,
               "patch.diff is not the patch that the report names");
        expect(look, !changed || st.st_size > 0, "something changed, and patch.diff is empty");
}

static bool is_same_at(int fd, off_t at, const char *bytes, size_t len)
{
        char piece[4096];

        while (len) {
                const ssize_t got = pread(fd, piece, len < sizeof(piece) ? len : sizeof(piece), at);

                if (got <= 0 || memcmp(piece, bytes, (size_t)got) != 0)
                        return false;
                bytes += got;
                at += got;
                len -= (size_t)got;
        }
        return true;
}

/* Where the next log begins in test.log; -1: this one is not there as it is. */
static off_t find_log(const struct term_look *look, int all, off_t at, const char *name)
{
        _cleanup_free_ char *heading = xasprintf("==> %s <==\n", name), *path = xasprintf("logs/%s", name);
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(look->packet, path, &ignored);
        char piece[65536];
        ssize_t got;

        if (fd < 0 || !is_same_at(all, at, heading, strlen(heading)))
                return -1;
        at += (off_t)strlen(heading);
        while ((got = read(fd, piece, sizeof(piece))) > 0) {
                if (!is_same_at(all, at, piece, (size_t)got))
                        return -1;
                at += got;
        }
        return got < 0 ? -1 : at;
}

void term_tests(const struct term_look *look)
{
        struct err ignored = ERR_INIT;
        _cleanup_strv_ struct strv logs = {0};
        _cleanup_fd_ int fd = packet_file(look->packet, "evidence/test.log", &ignored);
        off_t at = 0;

        if (fd < 0 || packet_logs(look->packet, &logs, &ignored) < 0)
                return; /* that it is missing is said elsewhere */
        for (size_t i = 0; i < logs.len; i++) {
                const char *name = logs.items[i];
                off_t next;

                if (strncmp(name, "verify.", 7) != 0 && strncmp(name, "director.", 9) != 0)
                        continue;
                next = find_log(look, fd, at, name);
                if (next < 0)
                        strv_add_printf(look->faults, "test.log does not have %s", name);
                else
                        at = next;
        }
}

void term_agent(const struct term_look *look)
{
        struct err ignored = ERR_INIT;
        _cleanup_fd_ int fd = packet_file(look->packet, "logs/agent.log", &ignored);
        struct json_t *step;
        size_t i;

        json_array_foreach(json_object_get(look->report, "limits"), i, step)
        {
                if (fd < 0 && strcmp(json_text_of(step, "step"), "agent") == 0)
                        strv_add(look->faults, "logs/agent.log is missing, and an agent ran");
        }
}

/* How many spans of the kind; the first line's span goes to *first. */
static size_t count_spans(const struct str *text, const char *kind, struct json_t **first)
{
        struct err ignored = ERR_INIT;
        size_t count = 0;

        for (const char *at = str_text(text); *at;) {
                const size_t len = strcspn(at, "\n");
                _cleanup_json_ struct json_t *span = json_parse(at, len, "a span", &ignored);

                count += strcmp(json_text_of(span, "kind"), kind) == 0;
                if (!*first)
                        *first = json_incref(span);
                at += len + (at[len] == '\n');
        }
        return count;
}

void term_trace(const struct term_look *look)
{
        const size_t phases = json_array_size(json_object_get(look->report, "timeline"));
        const size_t steps = json_array_size(json_object_get(look->report, "limits"));
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ struct json_t *first = NULL;
        const struct json_t *attributes;

        if (!read_file(look, "telemetry/trace.jsonl", FILE_MAX, &text))
                return;
        expect(look, count_spans(&text, "phase", &first) + 1 == phases,
               "the trace does not have the phases of the timeline");
        expect(look, count_spans(&text, "step", &first) == steps, "the trace does not have the steps of the report");
        attributes = json_object_get(first, "attributes");
        expect(look,
               strcmp(json_text_of(attributes, "run"), json_text_of(look->report, "run")) == 0 &&
                       strcmp(json_text_of(attributes, "outcome"), json_text_of(look->report, "outcome")) == 0,
               "the trace is another run's, or of another end");
}

void term_log(const struct term_look *look)
{
        const struct json_t *log = json_object_get(look->report, "log");

        for (size_t i = 0; i < look->verdict.len; i++)
                if (look->verdict.items[i].check == PACKET_CHECK_LOG)
                        strv_add_printf(look->faults, "%s: %s", look->verdict.items[i].file,
                                        look->verdict.items[i].what);
        expect(look, json_integer_value(json_object_get(log, "events")) == look->verdict.told.events,
               "the report was written after another number of events");
        expect(look, strcmp(json_text_of(log, "head"), look->verdict.told.head) == 0,
               "the report was written after another event than the log ends with");
}

/* ---- Artifacts ---- */

static void check_artifact(const struct term_look *look, const struct json_t *item)
{
        _cleanup_free_ char *path = xasprintf("evidence/%s", json_text_of(item, "file"));
        const char *status = json_text_of(item, "status"), *name = json_text_of(item, "path");
        char hex[HASH_HEX] = "";

        if (!json_text_of(item, "reason")[0])
                strv_add_printf(look->faults, "artifact %s has no reason for its status", name);
        if (!json_text_of(item, "file")[0]) {
                if (strcmp(status, "withheld") != 0 && strcmp(status, "rejected") != 0)
                        strv_add_printf(look->faults, "artifact %s is %s, and has no file", name, status);
        } else if (!has_digest(look, path, hex) || strcmp(hex, json_text_of(item, "sha256")) != 0) {
                strv_add_printf(look->faults, "artifact %s is not the file that the report names", name);
        }
}

void term_artifacts(const struct term_look *look)
{
        const struct json_t *artifacts = json_object_get(look->report, "artifacts");
        _cleanup_json_ struct json_t *seen = json_object();
        struct json_t *item;
        size_t i;

        json_array_foreach(json_object_get(artifacts, "items"), i, item)
        {
                const char *file = json_text_of(item, "file");

                if (file[0] && json_object_get(seen, file)) { /* named often, it would be read as often */
                        strv_add_printf(look->faults, "the file of artifact %s is another one's, too",
                                        json_text_of(item, "path"));
                        return;
                }
                json_object_set_new(seen, file, json_true());
                check_artifact(look, item);
        }
}

void term_amendments(const struct term_look *look)
{
        packet_amendments_check(look->packet, look->report, look->faults);
}
