/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/sink.h"

#include "runner/egress/limits.h"

#include "lib/base/channel.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

static int ends[2];
static struct sink *sink;
static struct channel channel;

static void setup(void)
{
        struct err err = ERR_INIT;

        cr_assert(channel_pair(ends, &err) == 0);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        channel_init(&channel, ends[1]);
        sink = sink_new(ends[0], 1000, 2);
}

static void teardown(void)
{
        sink_free(sink);
        close(ends[0]);
        channel_release(&channel);
}

/* The next message that is there, or NULL; owned by the caller. */
static json_t *next(void)
{
        struct err err = ERR_INIT;
        json_t *message = NULL;

        cr_assert(channel_recv(&channel, &message, &err) >= 0, "%s", err.message);
        return message;
}

Test(sink, budgets_are_exact_and_told_once, .init = setup, .fini = teardown)
{
        int told = 0;
        json_t *message;

        cr_assert(sink_connection(sink) && sink_connection(sink));
        cr_assert(!sink_connection(sink) && !sink_connection(sink));
        sink_bytes(sink, 999);
        cr_assert_eq(sink_bytes_left(sink), 1);
        sink_bytes(sink, 5);
        cr_assert_eq(sink_bytes_left(sink), 0);
        sink_bytes(sink, 5);
        cr_assert_eq(sink_drain(sink), 0);
        for (; (message = next()); json_decref(message), told++)
                cr_assert_str_eq(json_string_value(json_object_get(message, "type")), "exceeded");
        cr_assert_eq(told, 2);
}

Test(sink, records_are_events_as_the_table_wants_them, .init = setup, .fini = teardown)
{
        struct receipt receipt = {.host = "a.example", .port = 443, .via = "connect", .bytes_in = 5, .error = "\x80"};
        json_t *message;
        int seen = 0;

        sink_receipt(sink, &receipt);
        sink_veto(sink, "connect \x1b[31m:443", "because\n\x80");
        cr_assert_eq(sink_drain(sink), 0);
        for (; (message = next()); json_decref(message), seen++) {
                const struct event_type *type = event_type_find(json_string_value(json_object_get(message, "event")));
                struct err err = ERR_INIT;

                cr_assert_not_null(type);
                cr_assert(event_validate(type, EVENT_ACTOR_SYSTEM, json_object_get(message, "data"), &err) == 0, "%s",
                          err.message);
        }
        cr_assert_eq(seen, 2);
}

Test(sink, a_flood_is_counted_and_pushes_nothing_else_out, .init = setup, .fini = teardown)
{
        struct receipt receipt = {.host = "a.example", .port = 443};
        int64_t records = 0, dropped = 0;
        int sent;

        for (int i = 0; i < VETOES_BURST + 500; i++)
                sink_veto(sink, "connect a.example:22", "because");
        for (int i = 0; i < 10000; i++)
                sink_receipt(sink, &receipt);
        sink_tick(sink, 1000);
        sink_tick(sink, 3000);
        do {
                json_t *message;

                sent = sink_flush(sink);
                for (; (message = next()); json_decref(message)) {
                        json_t *count = json_object_get(message, "count");

                        dropped += count ? json_integer_value(count) : 0;
                        records += !count;
                }
        } while (sent == 0);
        cr_assert_eq(records, VETOES_BURST + 10000);
        cr_assert_eq(dropped, 500);
}

Test(sink, an_answer_is_told_at_once_and_never_dropped, .init = setup, .fini = teardown)
{
        json_t *message;

        sink_answer(sink, &(struct upstream_answer){.route = "api", .status = 429, .retry_after = "30"});
        message = next(); /* nobody flushed */
        cr_assert(message);
        cr_assert_str_eq(json_string_value(json_object_get(message, "type")), "answer");
        cr_assert_str_eq(json_string_value(json_object_get(message, "route")), "api");
        cr_assert_eq(json_integer_value(json_object_get(message, "status")), 429);
        cr_assert_str_eq(json_string_value(json_object_get(message, "retry_after")), "30");
        cr_assert_null(json_object_get(message, "error"));
        json_decref(message);
        sink_answer(sink, &(struct upstream_answer){.route = "api", .error = "no \x1b[2J"});
        message = next();
        cr_assert_str_eq(json_string_value(json_object_get(message, "error")), "no \\033[2J");
        json_decref(message);
}

Test(sink, a_receipt_that_broke_off_tells_the_silence, .init = setup, .fini = teardown)
{
        const struct receipt whole = {.host = "a.example", .silent_ms = 5};
        const struct receipt broken = {.host = "a.example", .broken_off = true, .silent_ms = 5};
        json_t *message;

        sink_receipt(sink, &whole);
        sink_receipt(sink, &broken);
        sink_drain(sink);
        message = next();
        cr_assert_null(json_object_get(json_object_get(message, "data"), "silent_ms"));
        json_decref(message);
        message = next();
        cr_assert_eq(json_integer_value(json_object_get(json_object_get(message, "data"), "silent_ms")), 5);
        json_decref(message);
}
