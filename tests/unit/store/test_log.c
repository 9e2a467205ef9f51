/* SPDX-License-Identifier: Apache-2.0 */
/* Reading events back, all or by their types. */
#include "fixture.h"

static int put_type(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)err;
        str_printf(arg, "%lld %s;", (long long)row->sequence, row->type);
        return 0;
}

static void events_of(struct fixture *f, const char *const *prefixes, int64_t from, int64_t limit, const char *expected)
{
        const struct store_events_filter filter = {.type_prefixes = prefixes, .from = from, .limit = limit};
        _cleanup_str_ struct str got = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(store_events_each(f->store, "r", &filter, put_type, &got, &err), 0, "%s", err.message);
        cr_assert_str_eq(str_text(&got), expected);
}

Test(log, several_types_are_asked_for_at_once_and_come_in_their_order)
{
        struct json_t *claim =
                json_pack("{s:s, s:s, s:s}", "candidate_action", "a", "final_action", "f", "veto_reason", "v");
        const struct store_event veto = {
                .run = "r", .type = "action.vetoed", .actor = EVENT_ACTOR_RUNNER, .data = claim};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        note(f.store, "r", "one");
        cr_assert_eq(store_event_append(f.store, &veto, NULL, &err), 0, "%s", err.message);
        note(f.store, "r", "two");
        events_of(&f, (const char *const[]){"action.vetoed", "note.", NULL}, 0, 0,
                  "2 note.status;3 action.vetoed;4 note.status;");
        events_of(&f, (const char *const[]){"receipt.", "action.vetoed", NULL}, 0, 0, "3 action.vetoed;");
        events_of(&f, (const char *const[]){"note.", "action.", NULL}, 3, 1, "3 action.vetoed;");
        events_of(&f, (const char *const[]){"receipt.", NULL}, 0, 0, "");
        events_of(&f, (const char *const[]){NULL}, 0, 0, "");
        json_decref(claim);
        fixture_close(&f);
}

static int put_text(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)err;
        str_append(arg, row->json, row->len);
        str_putc(arg, '\n');
        return 0;
}

/* The same bytes, whatever else was asked for: also the hash of the event before, of a type that was not. */
Test(log, what_is_asked_for_by_its_type_reads_as_among_all)
{
        const char *const prefixes[][6] = {
                {"receipt.", NULL}, {"note.", "receipt.read", NULL}, {"a", "b", "c", "d", "receipt.read", NULL}};
        struct json_t *receipt = json_pack("{s:s, s:s, s:i}", "path", "p", "sha256", SHA, "bytes", 1);
        const struct store_event read = {
                .run = "r", .type = "receipt.read", .actor = EVENT_ACTOR_RUNNER, .data = receipt};
        _cleanup_str_ struct str all = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        for (int i = 0; i < 3; i++) {
                cr_assert_eq(store_event_append(f.store, &read, NULL, &err), 0, "%s", err.message);
                note(f.store, "r", "two");
        }
        cr_assert_eq(store_events_each(f.store, "r", NULL, put_text, &all, &err), 0);
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
                for (int64_t from = 0; from < 4; from++) {
                        const struct store_events_filter filter = {
                                .type_prefixes = prefixes[i], .from = from, .limit = 1};
                        _cleanup_str_ struct str one = {0};

                        cr_assert_eq(store_events_each(f.store, "r", &filter, put_text, &one, &err), 0);
                        cr_assert(one.len && strstr(all.data, one.data), "%s is not in\n%s", str_text(&one), all.data);
                }
        json_decref(receipt);
        fixture_close(&f);
}

static int count(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)row, (void)err;
        ++*(int *)arg;
        return 0;
}

static int walk_within(const struct store_event_row *row, void *arg, struct err *err)
{
        struct fixture *f = arg;
        int seen = 0;

        (void)err;
        (void)row;
        cr_assert_eq(store_events_each(f->store, "r", NULL, count, &seen, err), 0);
        return seen == 3 ? 0 : -1;
}

Test(log, a_walk_over_events_may_walk_over_them_again)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        note(f.store, "r", "one");
        note(f.store, "r", "two");
        for (int i = 0; i < 2; i++)
                cr_assert_eq(store_events_each(f.store, "r", NULL, walk_within, &f, &err), 0);
        fixture_close(&f);
}

Test(log, what_an_event_says_is_found_without_taking_it_apart)
{
        struct json_t *data =
                json_pack("{s:s, s:{s:s, s:s}}", "text", "\",\"datacontenttype\":\"application/json\",\"id\":\"",
                          "extra", "datacontenttype", "application/json", "id", "x");
        const struct store_event event = {.run = "r",
                                          .type = "note.status",
                                          .actor = EVENT_ACTOR_AGENT,
                                          .data = data,
                                          .time = "2026-01-31T12:34:56Z"};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        struct store_event_said said;
        struct json_t *parsed;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_event_append(f.store, &event, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(store_events_each(f.store, "r", &(struct store_events_filter){.from = 2}, put_text, &text, &err),
                     0);
        store_event_said(str_text(&text), &said);
        cr_assert_str_eq(said.actor, "agent");
        cr_assert_str_eq(said.time, "2026-01-31T12:34:56Z");
        parsed = store_event_data(str_text(&text), &err);
        cr_assert(json_equal(parsed, data), "%.*s", (int)said.len, said.data);
        json_decref(parsed);
        json_decref(data);
        fixture_close(&f);
}

Test(log, a_text_that_is_no_event_says_nothing)
{
        static const char *const texts[] = {
                "", "{", "{\"actor\":\"", "{\"actor\":\"agent\",\"data\":{\"a\":1}}",
                ("{\"actor\":\"nobody\",\"data\":{},\"datacontenttype\":\"application/json\","
                 "\"id\":\"\"}")};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct err err = ERR_INIT;
                struct store_event_said said;

                store_event_said(texts[i], &said);
                cr_assert_null(said.data, "%s", texts[i]);
                cr_assert_null(store_event_data(texts[i], &err));
        }
}
