/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "lib/store/ahdb.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int keep_last(const struct store_event_row *row, void *arg, struct err *err)
{
        struct str *text = arg;

        (void)err;
        str_clear(text);
        str_append(text, row->json, row->len);
        return 0;
}

static int count(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)row, (void)err;
        ++*(int *)arg;
        return 0;
}

Test(event, reads_back_as_a_cloudevent_that_hashes_to_its_hash)
{
        static const char *const keys[] = {"actor",  "data",        "datacontenttype", "hash", "id",    "identity",
                                           "itemid", "mood",        "prevhash",        "refs", "runid", "sequence",
                                           "source", "specversion", "subject",         "time", "type"};
        json_t *data = json_pack("{s:s, s:f, s:{s:i, s:i}}", "text", "grüß \"Gott\"\n", "progress", 0.5, "extra", "z",
                                 1, "a", 2);
        json_t *refs = json_pack("[s, s]", "r:0000000001", "sha256:" SHA), *event;
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        char id[STORE_ID_MAX];
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_event_append(f.store,
                                        &(struct store_event){.run = "r",
                                                              .type = "NOTE/STATUS",
                                                              .actor = EVENT_ACTOR_AGENT,
                                                              .data = data,
                                                              .refs = refs},
                                        id, &err),
                     0, "%s", err.message);
        cr_assert_str_eq(id, "r:0000000002");
        cr_assert_eq(store_events_each(f.store, "r", NULL, keep_last, &text, &err), 0);
        event = json_parse(text.data, text.len, "event", &err);
        cr_assert_not_null(event, "%s", err.message);
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                cr_assert_not_null(json_object_get(event, keys[i]), "%s", keys[i]);
        cr_assert_eq(json_object_size(event), sizeof(keys) / sizeof(keys[0]));
        cr_assert_str_eq(json_string_value(json_object_get(event, "type")), "dev.cupel.note.status");
        cr_assert_str_eq(json_string_value(json_object_get(event, "source")), "/repos/repo-1/runs/r");
        cr_assert(json_equal(json_object_get(event, "data"), data));
        json_decref(event);
        json_decref(data);
        json_decref(refs);
        fixture_close(&f);
}

Test(event, anybody_can_check_the_hash_with_a_json_library)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        char command[512];
        FILE *sha;
        char digest[128] = "";
        json_t *event, *previous, *hash;
        char *canonical;
        int fd;

        fixture_open(&f);
        create_run(&f, "r");
        note(f.store, "r", "ä / é");
        cr_assert_eq(store_events_each(f.store, "r", NULL, keep_last, &text, &err), 0);
        event = json_parse(text.data, text.len, "event", &err);
        hash = json_incref(json_object_get(event, "hash"));
        previous = json_incref(json_object_get(event, "prevhash"));
        json_object_del(event, "hash");
        json_object_del(event, "prevhash");
        canonical = json_canonical(event);
        snprintf(command, sizeof(command), "%s/bytes", f.folder);
        fd = open(command, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        cr_assert_eq(write(fd, json_string_value(previous), 64), 64);
        cr_assert_gt(write(fd, canonical, strlen(canonical)), 0);
        close(fd);
        snprintf(command, sizeof(command), "sha256sum %s/bytes; rm %s/bytes", f.folder, f.folder);
        sha = popen(command, "r");
        cr_assert_eq(fread(digest, 1, 64, sha), 64);
        pclose(sha);
        cr_assert_str_eq(digest, json_string_value(hash));
        free(canonical);
        json_decref(event);
        json_decref(hash);
        json_decref(previous);
        fixture_close(&f);
}

/* Text that was only looked at is written as what is taken apart and put together again. */
Test(event, checked_text_becomes_the_same_event)
{
        static const char text[] =
                "{\"extra\":{\"a\":2,\"z\":1},\"progress\":0.5,\"text\":\"gr\xc3\xbc\xc3\x9f \\\"Gott\\\"\\n\"}";
        _cleanup_json_ json_t *data = json_loads(text, 0, NULL), *first = NULL, *second = NULL;
        const struct store_event taken_apart = {.run = "r",
                                                .type = "note.status",
                                                .actor = EVENT_ACTOR_AGENT,
                                                .data = data,
                                                .time = "2026-12-01T10:00:00.000Z"};
        struct event_checked checked;
        struct store_event looked_at = {.run = "r", .checked = &checked, .time = taken_apart.time};
        _cleanup_str_ struct str json = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert(event_check_text(event_type_find("note.status"), EVENT_ACTOR_AGENT, text, strlen(text), &checked));
        cr_assert_eq(store_event_append(f.store, &taken_apart, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(store_events_each(f.store, "r", NULL, keep_last, &json, &err), 0);
        first = json_loads(json.data, 0, NULL);
        cr_assert_eq(store_event_append(f.store, &looked_at, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(store_events_each(f.store, "r", NULL, keep_last, &json, &err), 0);
        second = json_loads(json.data, 0, NULL);
        cr_expect(verify(&f, "r").ok);
        for (size_t i = 0; i < 4; i++) {
                static const char *const own[] = {"id", "sequence", "hash", "prevhash"};

                cr_expect_not(json_equal(json_object_get(first, own[i]), json_object_get(second, own[i])), "%s",
                              own[i]);
                json_object_del(first, own[i]);
                json_object_del(second, own[i]);
        }
        cr_expect(json_equal(first, second), "%s", json.data);
        fixture_close(&f);
}

Test(event, a_delta_that_is_checked_text_is_in_the_projection)
{
        static const char text[] = "{\"believe\":{\"warm\":true}}";
        struct event_checked checked;
        _cleanup_json_ json_t *ahdb = NULL;
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert(event_check_text(event_type_find("receipt.ahdb.delta"), EVENT_ACTOR_AGENT, text, strlen(text),
                                   &checked));
        cr_assert_eq(store_event_append(f.store, &(struct store_event){.run = "r", .checked = &checked}, NULL, &err),
                     0);
        cr_assert_eq(store_ahdb(f.store, &ahdb, &err), 0, "%s", err.message);
        cr_expect(json_is_true(json_object_get(json_object_get(ahdb, "BELIEVE"), "warm")) ||
                  json_is_true(json_object_get(json_object_get(ahdb, "believe"), "warm")));
        fixture_close(&f);
}

Test(event, what_the_table_of_types_does_not_allow_is_refused)
{
        json_t *text = json_pack("{s:s}", "text", "x");
        struct store_event unknown = {.run = "r", .type = "note.nonsense", .data = text};
        struct store_event wrong = {.run = "r", .type = "note.hypothesis", .data = text};
        struct store_event forged = {.run = "r", .type = "approval.granted", .data = text};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_event_append(f.store, &unknown, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_eq(store_event_append(f.store, &wrong, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_eq(store_event_append(f.store, &forged, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert_eq(verify(&f, NULL).events, 1);
        json_decref(text);
        fixture_close(&f);
}

Test(event, a_refused_event_leaves_its_batch_usable)
{
        struct store_events_filter notes = {.type_prefix = "note."};
        struct err err = ERR_INIT;
        struct fixture f;
        int seen = 0;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_batch_begin(f.store, &err), 0);
        note(f.store, "r", "one");
        cr_assert_eq(try_note(f.store, "r", "", NULL, &err), -1, "an empty text is no note");
        cr_assert_eq(try_note(f.store, "nowhere", "x", NULL, &err), -1);
        note(f.store, "r", "two");
        cr_assert_eq(store_batch_commit(f.store, &err), 0, "%s", err.message);
        cr_assert_eq(store_events_each(f.store, "r", &notes, count, &seen, &err), 0);
        cr_assert_eq(seen, 2);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

Test(event, an_aborted_batch_leaves_nothing_and_the_chain_goes_on)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_batch_begin(f.store, &err), 0);
        note(f.store, "r", "lost");
        store_batch_abort(f.store);
        note(f.store, "r", "kept");
        cr_assert_eq(verify(&f, NULL).events, 2);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

static int try_move(struct store *store, enum phase to, struct err *err)
{
        const struct store_move move = {
                .run = "r", .to = to, .outcome = STORE_OUTCOME_NONE, .actor = EVENT_ACTOR_SYSTEM};

        return store_run_move(store, &move, err);
}

Test(event, a_move_comes_with_what_led_to_it)
{
        struct store_run row = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_batch_begin(f.store, &err), 0);
        note(f.store, "r", "one");
        cr_assert_eq(try_move(f.store, PHASE_PREPARING, &err), 0, "%s", err.message);
        note(f.store, "r", "two");
        cr_assert_eq(store_batch_commit(f.store, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_get(f.store, "r", &row, &err), 0);
        cr_assert_eq(row.phase, PHASE_PREPARING);
        cr_assert_eq(verify(&f, NULL).events, 4);
        cr_assert(verify(&f, NULL).ok);
        store_run_release(&row);
        fixture_close(&f);
}

Test(event, a_move_that_fails_takes_its_batch_along)
{
        static const enum phase refused[] = {PHASE_COMMITTED /* durable */, PHASE_FROZEN /* from created */};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
                cr_assert_eq(store_batch_begin(f.store, &err), 0);
                note(f.store, "r", "lost");
                cr_assert_eq(try_move(f.store, refused[i], &err), -1);
                store_batch_abort(f.store);
        }
        cr_assert_eq(verify(&f, NULL).events, 1);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

Test(event, filters_by_sequence_and_limit)
{
        struct store_events_filter filter = {.from = 3, .limit = 2};
        _cleanup_str_ struct str last = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        int seen = 0;

        fixture_open(&f);
        create_run(&f, "r");
        for (int i = 0; i < 5; i++)
                note(f.store, "r", "x");
        cr_assert_eq(store_events_each(f.store, "r", &filter, count, &seen, &err), 0);
        cr_assert_eq(seen, 2);
        cr_assert_eq(store_events_each(f.store, "r", &filter, keep_last, &last, &err), 0);
        cr_assert_not_null(strstr(str_text(&last), "\"sequence\":\"0000000004\""));
        cr_assert_null(strstr(str_text(&last), "\"prevhash\":\"0000"), "the hash before it is known");
        fixture_close(&f);
}

static int is_one_line(const struct store_event_row *row, void *arg, struct err *err)
{
        json_t *event = json_loads(row->json, 0, NULL);

        (void)err;
        cr_assert(json_is_object(event));
        cr_assert_null(strchr(row->json, '\n'));
        cr_assert_eq(strlen(row->json), row->len);
        json_decref(event);
        ++*(int *)arg;
        return 0;
}

Test(event, an_event_is_one_line_whatever_it_says)
{
        struct err err = ERR_INIT;
        struct fixture f;
        int lines = 0;

        fixture_open(&f);
        create_run(&f, "r");
        note(f.store, "r", "line\nbreak");
        cr_assert_eq(store_events_each(f.store, "r", NULL, is_one_line, &lines, &err), 0, "%s", err.message);
        cr_assert_eq(lines, 2);
        fixture_close(&f);
}

/* Each child has a store of its own: a connection does not survive fork. */
static pid_t fork_writer(struct fixture *f, int notes, int ready)
{
        pid_t pid = fork();
        struct err err = ERR_INIT;
        struct store *store;

        if (pid != 0)
                return pid;
        if (store_open(f->path, NULL, STORE_WRITE, &store, &err) < 0)
                _exit(1);
        for (int i = 0; notes < 0 || i < notes; i++) {
                if (notes < 0 && i % 50 == 0 && store_batch_begin(store, &err) < 0)
                        _exit(2);
                if (try_note(store, "r", "x", NULL, &err) < 0)
                        _exit(3);
                if (notes < 0 && i % 50 == 49 && store_batch_commit(store, &err) < 0)
                        _exit(4);
                if (i == 120 && ready >= 0 && write(ready, "", 1) != 1)
                        _exit(5);
        }
        store_close(store);
        _exit(0);
}

Test(event, two_processes_append_to_one_run_at_once)
{
        struct store_chain_report report;
        struct fixture f;
        pid_t pids[2];
        int status;

        fixture_open(&f);
        create_run(&f, "r");
        for (int i = 0; i < 2; i++)
                pids[i] = fork_writer(&f, 300, -1);
        for (int i = 0; i < 2; i++) {
                waitpid(pids[i], &status, 0);
                cr_assert_eq(status, 0, "writer %d: %d", i, WEXITSTATUS(status));
        }
        report = verify(&f, NULL);
        cr_assert(report.ok, "%s", report.what);
        cr_assert_eq(report.events, 601);
        fixture_close(&f);
}

Test(event, a_writer_that_is_killed_leaves_whole_batches_and_an_unbroken_chain)
{
        struct fixture f;
        struct err err = ERR_INIT;

        fixture_open(&f);
        create_run(&f, "r");
        for (int round = 0; round < 5; round++) {
                struct store_chain_report report;
                int ready[2];
                pid_t pid;
                char byte;

                cr_assert_eq(pipe(ready), 0);
                pid = fork_writer(&f, -1, ready[1]);
                cr_assert_eq(read(ready[0], &byte, 1), 1);
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                close(ready[0]);
                close(ready[1]);
                report = verify(&f, NULL);
                cr_assert(report.ok, "%s", report.what);
                cr_assert_eq((report.events - 1) % 50, 0, "%lld", (long long)report.events);
                cr_assert_geq(report.events, 101 + 100 * round);
                cr_assert_eq(store_check(f.store, &err), 0, "%s", err.message);
        }
        note(f.store, "r", "life goes on");
        fixture_close(&f);
}
