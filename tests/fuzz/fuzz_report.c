/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.json of somebody else's packet, as each command reads it. The input is a packet (tests/fuzz/sections.h, put_right.h), which is shown,
 * put on a page, taken as the subject of a replay, and compared with the one below "second/"; where there is none, with one that says little.
 * Whatever it is: what people are shown is lines of harmless text.
 */
#include "cli/diff_view.h"
#include "cli/packet.h"
#include "cli/replay.h"
#include "cli/review_entry.h"
#include "cli/show_view.h"
#include "cli/site.h"
#include "cli/site_run.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/compare.h"
#include "lib/packet/folder.h"
#include "tests/fuzz/put_right.h"
#include "tests/fuzz/sections.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct store_run row = {.id = "20260101-000000-x",
                                     .item = "x",
                                     .item_sha256 = "",
                                     .title = "x",
                                     .mood = "calm",
                                     .base = "",
                                     .target_ref = "refs/heads/main",
                                     .snapshot_sha256 = "",
                                     .identity = "",
                                     .worktree = "/home/dev/repo",
                                     .tree = "",
                                     .commit = "",
                                     .race = "",
                                     .agent = "a",
                                     .reasons = "[]",
                                     .created = "2026-01-01T00:00:00Z",
                                     .moved = "2026-01-01T00:00:00Z"};

static void check(const struct str *text)
{
        for (size_t i = 0; i < text->len; i++)
                must((unsigned char)text->data[i] >= 0x20 || text->data[i] == '\n' || text->data[i] == '\t');
}

static void show(struct json_t *report)
{
        static const enum outcome outcomes[] = {OUTCOME_COMMITTED, OUTCOME_DIRECTOR_REFUSED, OUTCOME_HELD};
        const struct story story = {0};

        for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
                _cleanup_str_ struct str out = {0};
                struct store_run run = row;

                run.outcome = outcomes[i];
                run.phase = PHASE_COUNT - 1;
                show_page(&(struct show_page){.run = &run, .story = &story, .report = report, .packet = "/p", .now = 1},
                          &out);
                check(&out);
        }
}

static void review(struct json_t *report)
{
        _cleanup_json_ json_t *entry = json_object();
        _cleanup_str_ struct str out = {0};

        json_object_update(entry, report);
        review_put(entry, &(struct review_view){.now = 1}, &out);
        check(&out);
}

static void put_on_a_page(struct json_t *report)
{
        _cleanup_json_ json_t *run =
                json_pack("{s:s,s:s,s:O}", "schema", "cupel.site.run.v1", "run", row.id, "report", report);
        _cleanup_json_ json_t *site = json_object(), *line = NULL;
        _cleanup_str_ struct str patch = {0}, out = {0};

        line = site_row(run);
        must(json_is_object(line));
        page_run(site, run, &patch, &out);
        check(&out);
}

static void replay(int packet)
{
        const struct packet_ref ref = {.fd = packet, .name = (char *)row.id, .unpacked = SCRATCH_INIT};
        struct replay_subject subject = REPLAY_SUBJECT_INIT;
        struct err err = ERR_INIT;

        if (replay_subject_read(&subject, NULL, &ref, &err) < 0)
                must(err.code != ERR_OK && err.code != ERR_INTERNAL && err.message[0]);
        replay_subject_release(&subject);
}

static void compare(int a, int b)
{
        _cleanup_json_ json_t *found = NULL;
        _cleanup_str_ struct str out = {0};
        struct err err = ERR_INIT;

        if (packet_compare(a, b, &found, &err) < 0)
                return;
        json_object_set_new(found, "first", json_pack("{s:s}", "run", "a"));
        json_object_set_new(found, "second", json_pack("{s:s}", "run", "b"));
        diff_put(&(struct diff_view){.found = found, .lines = true, .columns = 90}, &out);
        check(&out);
}

static void put_little(int folder)
{
        static const char little[] = "{\"outcome\":\"committed\",\"reasons\":[],\"verifiers\":{},\"gates\":[]}";

        sections_put(folder, "second/evidence/report.json", little, sizeof(little) - 1);
}

static void read_all(int packet)
{
        _cleanup_fd_ int second = openat(packet, "second", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_json_ json_t *report = packet_report(packet);

        if (json_is_object(report)) {
                show(report);
                review(report);
                put_on_a_page(report);
                replay(packet);
        }
        if (second >= 0)
                compare(packet, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sections sections;
        char path[64];
        const int folder = sections_folder(path);

        sections_read(&sections, data, size);
        put_little(folder);
        sections_write(&sections, folder);
        packet_put_right(&sections, folder, data, size);
        read_all(folder);
        sections_release(&sections);
        sections_remove(folder, path);
        return 0;
}
