/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/sink.h"

#include "runner/egress/limits.h"

#include "lib/base/json.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

struct sink {
        int fd;
        struct str out;
        size_t sent; /* of `out` */
        bool gone;
        uint64_t bytes, connections; /* bounds; UINT64_MAX: none */
        uint64_t bytes_used, connections_used;
        bool bytes_told, connections_told, cost_told;
        uint64_t vetoes_left; /* that may still go out now */
        uint64_t last_tick;
        uint64_t dropped;
};

struct sink *sink_new(int fd, uint64_t bytes, uint64_t connections)
{
        struct sink *sink = xcalloc(1, sizeof(*sink));

        sink->fd = fd;
        sink->bytes = bytes ? bytes : UINT64_MAX;
        sink->connections = connections ? connections : UINT64_MAX;
        sink->vetoes_left = VETOES_BURST;
        return sink;
}

void sink_free(struct sink *sink)
{
        if (sink)
                str_release(&sink->out);
        free(sink);
}

/* Takes the reference. */
static void put(struct sink *sink, json_t *message)
{
        char *text = json_dumps(message, JSON_COMPACT);

        json_decref(message);
        if (text && !sink->gone) {
                str_puts(&sink->out, text);
                str_putc(&sink->out, '\n');
        }
        free(text);
}

static void tell_exceeded(struct sink *sink, bool *told, const char *budget)
{
        if (!*told)
                put(sink, json_pack("{s:s,s:s}", "type", "exceeded", "budget", budget));
        *told = true;
}

bool sink_connection(struct sink *sink)
{
        if (sink->connections_used >= sink->connections) {
                tell_exceeded(sink, &sink->connections_told, "connections");
                return false;
        }
        sink->connections_used++;
        return true;
}

uint64_t sink_bytes_left(const struct sink *sink)
{
        return sink->bytes - sink->bytes_used;
}

void sink_bytes(struct sink *sink, uint64_t count)
{
        sink->bytes_used += count < sink_bytes_left(sink) ? count : sink_bytes_left(sink);
        if (!sink_bytes_left(sink))
                tell_exceeded(sink, &sink->bytes_told, "bytes");
}

void sink_ready(struct sink *sink)
{
        put(sink, json_pack("{s:s}", "type", "ready"));
}

/* Takes the reference. `most`: bytes that may wait. */
static void put_record(struct sink *sink, size_t most, const char *event, json_t *data)
{
        if (sink->out.len - sink->sent > most) {
                sink->dropped++;
                json_decref(data);
                return;
        }
        put(sink, json_pack("{s:s,s:s,s:o}", "type", "record", "event", event, "data", data));
}

void sink_receipt(struct sink *sink, const struct receipt *receipt)
{
        json_t *data = json_pack("{s:o,s:i,s:s,s:I,s:I,s:I}", "host", json_quoted(receipt->host), "port", receipt->port,
                                 "address", receipt->address ? receipt->address : "", "bytes_in",
                                 (json_int_t)receipt->bytes_in, "bytes_out", (json_int_t)receipt->bytes_out, "ms",
                                 (json_int_t)receipt->ms);

        if (receipt->via)
                json_object_set_new(data, "via", json_quoted(receipt->via));
        if (receipt->method)
                json_object_set_new(data, "method", json_quoted(receipt->method));
        if (receipt->status)
                json_object_set_new(data, "status", json_integer(receipt->status));
        if (receipt->error)
                json_object_set_new(data, "error", json_quoted(receipt->error));
        if (receipt->broken_off)
                json_object_set_new(data, "silent_ms", json_integer((json_int_t)receipt->silent_ms));
        put_record(sink, RECEIPTS_WAITING, "receipt.net", data);
}

static json_t *harmless(const char *text)
{
        _cleanup_str_ struct str shown = {0};

        str_put_harmless(&shown, text, strnlen(text, VETO_TEXT_MAX));
        return json_string(str_text(&shown));
}

void sink_cost(struct sink *sink, const struct cost_record *record)
{
        put_record(sink, RECEIPTS_WAITING, "cost.reported",
                   json_pack("{s:f,s:I,s:I,s:o,s:I,s:I,s:s,s:b,s:s}", "usd", (double)record->micro_usd / 1e6,
                             "tokens_in", (json_int_t)record->tokens_in, "tokens_out", (json_int_t)record->tokens_out,
                             "model", harmless(record->model), "cached_in", (json_int_t)record->cached_in,
                             "cache_write", (json_int_t)record->cache_write, "route", record->route, "estimated",
                             record->estimated, "price", record->fallback ? "fallback" : "table"));
}

void sink_cost_exceeded(struct sink *sink)
{
        tell_exceeded(sink, &sink->cost_told, "cost");
}

static void set_harmless(json_t *message, const char *key, const char *text)
{
        _cleanup_str_ struct str shown = {0};

        if (!text)
                return;
        str_put_harmless(&shown, text, strnlen(text, ANSWER_TEXT_MAX));
        json_object_set_new(message, key, json_string(str_text(&shown)));
}

void sink_answer(struct sink *sink, const struct upstream_answer *answer)
{
        json_t *message =
                json_pack("{s:s,s:s,s:i}", "type", "answer", "route", answer->route, "status", answer->status);

        set_harmless(message, "retry_after", answer->retry_after);
        set_harmless(message, "error", answer->error);
        put(sink, message);
        sink_flush(sink); /* what does not fit goes with the rest */
}

void sink_veto(struct sink *sink, const char *action, const char *reason)
{
        if (!sink->vetoes_left) {
                sink->dropped++;
                return;
        }
        sink->vetoes_left--;
        put_record(sink, VETOES_WAITING, "action.vetoed",
                   json_pack("{s:o,s:s,s:o}", "candidate_action", harmless(action), "final_action", "refused",
                             "veto_reason", harmless(reason)));
}

int sink_flush(struct sink *sink)
{
        while (!sink->gone && sink->sent < sink->out.len) {
                ssize_t put = send(sink->fd, sink->out.data + sink->sent, sink->out.len - sink->sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);

                if (put < 0 && errno == EAGAIN)
                        return 0;
                if (put < 0 && errno != EINTR)
                        sink->gone = true;
                else if (put > 0)
                        sink->sent += (size_t)put;
        }
        str_clear(&sink->out);
        sink->sent = 0;
        return sink->gone ? -1 : 1;
}

static void tell_dropped(struct sink *sink)
{
        if (sink->dropped)
                put(sink, json_pack("{s:s,s:I}", "type", "dropped", "count", (json_int_t)sink->dropped));
        sink->dropped = 0;
}

void sink_tick(struct sink *sink, uint64_t now)
{
        uint64_t more;

        if (!sink->last_tick)
                sink->last_tick = now;
        more = (now - sink->last_tick) * VETOES_PER_SECOND / 1000;
        if (!more)
                return;
        sink->last_tick = now;
        sink->vetoes_left = sink->vetoes_left + more < VETOES_BURST ? sink->vetoes_left + more : VETOES_BURST;
        if (sink->out.len - sink->sent < RECEIPTS_WAITING)
                tell_dropped(sink);
}

int sink_drain(struct sink *sink)
{
        int sent;

        tell_dropped(sink);
        while ((sent = sink_flush(sink)) == 0)
                poll(&(struct pollfd){.fd = sink->fd, .events = POLLOUT}, 1, -1);
        return sent < 0 ? -1 : 0;
}
