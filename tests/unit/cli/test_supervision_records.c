/* SPDX-License-Identifier: Apache-2.0 */
/* Notes on their way into the log: those that are only looked at and those that are taken apart end as the same events. */
#include "cli/supervision.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Made up, in pieces, so that no scanner takes this file for a leak. */
#define TOKEN                                                                                                          \
        "gh"                                                                                                           \
        "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85"

static struct supervision s;
static struct launch launch;
static struct terminal terminal;
static struct context context;
static char folder[] = "/tmp/cupel-records-XXXXXX";
static int runner;

static void setup(void)
{
        const struct store_run_spec spec = {.id = "r", .item = "I", .item_sha256 = "", .title = "t", .mood = "calm"};
        _cleanup_free_ char *path = NULL;
        struct err err = ERR_INIT;
        int pair[2];

        cr_assert(mkdtemp(folder));
        path = xasprintf("%s/store.db", folder);
        cr_assert_eq(store_open(path, "repo", STORE_CREATE, &context.store, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_create(context.store, &spec, &err), 0, "%s", err.message);
        launch_init(&launch);
        launch.run_id = xstrdup("r");
        launch.plan.budget.notes = 1000;

        terminal_init(&terminal, false, true, false);
        supervision_init(&s, &context, &launch, &terminal);
        redact_add(&s.redact, "hunter22-of-the-test");
        s.stage = STAGE_WORKING;
        cr_assert_eq(channel_pair(pair, &err), 0);
        cr_assert_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
        channel_init(&s.runner, pair[1]);
        runner = pair[0];
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        close(runner);
        supervision_release(&s);
        launch_release(&launch);
        store_close(context.store);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

TestSuite(supervision_records, .init = setup, .fini = teardown, .timeout = 30);

static void says(const char *line)
{
        cr_assert_eq(send(runner, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
        cr_assert_eq(send(runner, "\n", 1, MSG_NOSIGNAL), 1);
        cr_assert_eq(supervision_receive(&s, &s.runner, supervision_from_runner, 1), 1);
}

#define NOTE(type, data) "{\"event\":\"record\",\"type\":\"" type "\",\"actor\":\"agent\",\"data\":" data "}"

static int put_text(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);

        (void)err;
        if (row->sequence > 1)
                str_printf(arg, "%s:%s;", row->type, json_text_of(json_object_get(event, "data"), "text"));
        return 0;
}

static void expect_log(const char *expected)
{
        _cleanup_str_ struct str log = {0};
        struct store_chain_report report = {0};
        struct err err = ERR_INIT;

        supervision_flush(&s);
        cr_assert_eq(store_events_each(context.store, "r", NULL, put_text, &log, &err), 0, "%s", err.message);
        cr_expect_str_eq(str_text(&log), expected);
        cr_assert_eq(store_chain_verify(context.store, "r", &report, &err), 0, "%s", err.message);
        cr_expect(report.ok, "%s", report.what);
}

Test(supervision_records, notes_on_their_way_when_we_give_up_are_not_lost)
{
        says(NOTE("note.observation", "{\"text\":\"before\"}"));
        s.cage_pid = getpid(); /* somebody who is not reaped: nobody asks the director yet */
        s.told = s.given_up = true;
        says(NOTE("note.observation", "{\"text\":\"after\"}"));
        says(NOTE("note.observation", "{ \"text\": \"apart\" }"));
        says("{\"event\":\"phase\",\"to\":\"frozen\",\"reasons\":[]}");
        expect_log("note.observation:before;note.observation:after;note.observation:apart;");
}

Test(supervision_records, failing_to_receive_is_no_attack_and_loses_nothing)
{
        static const char note[] = NOTE("note.status", "{\"text\":\"sent\"}") "\n";
        const int own = s.runner.fd;

        s.cage_pid = INT32_MAX; /* nobody: it is to be killed, and is not reaped here */
        cr_assert(send(runner, note, sizeof(note) - 1, MSG_NOSIGNAL) > 0);
        s.runner.fd = -1;
        cr_assert_eq(supervision_receive(&s, &s.runner, supervision_from_runner, 1), SUPERVISION_DEAF);
        supervision_runner_closed(&s, SUPERVISION_DEAF);
        s.runner.fd = own;
        cr_expect(s.given_up);
        cr_assert_eq(supervision_receive(&s, &s.runner, supervision_from_runner, SIZE_MAX), 1);
        expect_log("note.status:sent;");
}

Test(supervision_records, after_a_result_or_an_attack_nothing_counts)
{
        s.told = true;
        says(NOTE("note.observation", "{\"text\":\"after a result\"}"));
        says(NOTE("note.observation", "{ \"text\": \"after a result\" }"));
        s.given_up = true;
        says(NOTE("receipt.commit", "{}"));
        says(NOTE("note.observation", "{\"text\":\"of one that was taken over\"}"));
        expect_log("");
}

Test(supervision_records, either_way_they_come_in_order)
{
        says(NOTE("note.observation", "{\"text\":\"1\"}"));
        says(NOTE("note.observation", "{ \"text\": \"2\" }"));
        says(NOTE("note.status", "{\"progress\":0.5,\"text\":\"3\"}"));
        says("{\"event\":\"dropped\",\"what\":\"notes\",\"count\":4}");
        says("{\"event\":\"dropped\",\"what\":\"notes\",\"count\":1}");
        says(NOTE("note.status", "{\"progress\":1e-1,\"text\":\"5\"}"));
        says(NOTE("NOTE/STATUS", "{\"text\":\"6\"}"));
        cr_expect_eq(s.pending.len, 3, "%zu were only looked at", s.pending.len);
        cr_expect_eq(s.notes_seen, 5);
        expect_log("note.observation:1;note.observation:2;note.status:3;note.status:4 notes were refused or dropped;"
                   "note.status:1 note was refused or dropped;"
                   "note.status:5;note.status:6;");
        cr_expect_eq(s.stage, STAGE_WORKING);
}

Test(supervision_records, no_secret_is_only_looked_at)
{
        says(NOTE("note.observation", "{\"text\":\"it is hunter22-of-the-test\"}"));
        says(NOTE("note.observation", "{\"text\":\"" TOKEN "\"}"));
        cr_expect_eq(s.pending.len, 0);
        cr_expect_eq(s.redact.count, 2);
        expect_log("note.observation:it is "
                   "********************;note.observation:****************************************;");
}

Test(supervision_records, what_is_not_valid_ends_the_run)
{
        static const char *const bad[] = {
                NOTE("note.observation", "{}"),
                NOTE("note.observation", "{\"text\":7}"),
                NOTE("receipt.commit", "{\"text\":\"x\"}"),
                NOTE("run.state", "{\"from\":\"\",\"reasons\":[],\"to\":\"committed\"}"),
                NOTE("note.nothing", "{\"text\":\"x\"}"),
                ("{\"event\":\"record\",\"type\":\"note.observation\",\"actor\":\"agent\",\"data\":{\"text\":\"x\"},"
                 "\"more\":{}}"),
                "{\"event\":\"record\",\"type\":\"note.observation\",\"actor\":\"director\",\"data\":{\"text\":\"x\"}}",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                s.stage = STAGE_WORKING;
                s.told = s.given_up = false;
                says(bad[i]);
                cr_expect(s.given_up && s.pending.len == 0, "%s", bad[i]);
        }
}

Test(supervision_records, more_than_the_budget_ends_the_run)
{
        launch.plan.budget.notes = 2;
        says(NOTE("note.observation", "{\"text\":\"1\"}"));
        says(NOTE("note.observation", "{\"text\":\"2\"}"));
        cr_expect(!s.given_up);
        says(NOTE("note.observation", "{\"text\":\"3\"}"));
        cr_expect(s.given_up);
}

Test(supervision_records, nothing_counts_after_the_result)
{
        s.told = true;
        says(NOTE("note.observation", "{\"text\":\"late\"}"));
        cr_expect(!supervision_has_records(&s));
}

Test(supervision_records, a_flood_is_written_before_it_fills_the_memory)
{
        launch.plan.budget.notes = 1000000;
        for (int i = 0; i < 10000; i++)
                says(NOTE("note.observation", "{\"text\":\"x\"}"));
        cr_expect(s.pending.len < 5000 && s.pending.text.len < (size_t)2 << 20, "%zu", s.pending.len);
}

/* ---- What rests on what ---- */

#define RECEIPT(type, data) "{\"event\":\"record\",\"type\":\"" type "\",\"actor\":\"runner\",\"data\":" data "}"
#define DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define PATCH RECEIPT("receipt.patch", "{\"sha256\":\"" DIGEST "\",\"files\":1,\"lines_added\":1,\"lines_removed\":0}")
#define DECISION RECEIPT("receipt.policy.decision", "{\"decision\":\"pass\",\"reasons\":[],\"gates\":[]}")
#define VERIFIER                                                                                                       \
        RECEIPT("receipt.verifier",                                                                                    \
                "{\"name\":\"v\",\"gate\":\"self\",\"command\":\"true\",\"result\":\"PASS\",\"exit\":0,"               \
                "\"ms\":1,\"log_sha256\":\"" DIGEST "\"}")
#define RESULTS RECEIPT("receipt.verifier.results", "{\"plan_id\":\"" DIGEST "\",\"results\":[]}")
#define REQUEST RECEIPT("note.request.verify", "{\"tree\":\"2222222222222222222222222222222222222222\",\"results\":[]}")

/* "sequence(refs) …", without the run's name and its zeros. */
static int put_refs_of(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        _cleanup_free_ char *refs = xstrdup(json_text_of(event, "refs"));
        char *saved = NULL;

        (void)err;
        if (row->sequence == 1)
                return 0;
        str_printf(arg, "%s%lld", row->sequence > 2 ? " " : "", (long long)row->sequence);
        for (char *ref = strtok_r(refs, " ", &saved); ref; ref = strtok_r(NULL, " ", &saved))
                if (strchr(ref, ':'))
                        str_printf(arg, ",%lld", strtoll(strchr(ref, ':') + 1, NULL, 10));
                else
                        str_printf(arg, ",%.4s", ref);
        return 0;
}

static void rest(const char *expected)
{
        _cleanup_str_ struct str got = {0};
        struct err err = ERR_INIT;

        supervision_flush(&s);
        cr_assert_eq(store_events_each(context.store, "r", NULL, put_refs_of, &got, &err), 0);
        cr_assert_str_eq(str_text(&got), expected);
}

Test(supervision_records, the_runner_s_receipts_name_what_they_rest_on)
{
        s.stage = STAGE_WORKING;
        says(PATCH);
        says(DECISION);
        says(VERIFIER);
        says(NOTE("note.status", "{\"text\":\"beside\"}"));
        says(VERIFIER);
        says(RESULTS);
        says(REQUEST);
        rest("2 3,2,1111 4,2,1111 5 6,2,1111 7,4,6 8,2,1111,3,7");
}

Test(supervision_records, what_is_written_later_names_what_was_written_before)
{
        says(PATCH);
        supervision_flush(&s);
        says(PATCH);
        supervision_flush(&s);
        says(DECISION);
        rest("2 3 4,3,1111");
}

Test(supervision_records, what_rests_on_nothing_names_nothing)
{
        says(DECISION);
        says(RESULTS);
        rest("2 3");
}

Test(supervision_records, a_runner_that_repeats_itself_names_no_more_than_so_many)
{
        _cleanup_str_ struct str got = {0};
        struct err err = ERR_INIT;
        size_t named = 0;

        for (size_t i = 0; i < RECORD_REFS_MAX + 50; i++)
                says(VERIFIER);
        says(RESULTS);
        supervision_flush(&s);
        cr_assert_eq(store_events_each(context.store, "r", NULL, put_refs_of, &got, &err), 0);
        for (const char *at = strrchr(str_text(&got), ' '); at && (at = strchr(at + 1, ','));)
                named++;
        cr_assert_eq(named, RECORD_REFS_MAX);
}
