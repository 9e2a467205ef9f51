/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes → lines of an event stream, where it is one → documents → counts. A document's counts hold when it is whole; until then,
 * and where none come, the text that it brought counts.
 */
#include "runner/egress/meter.h"

#include "runner/egress/meter_format.h"

#include "lib/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum shape { UNKNOWN, PLAIN, EVENTS };
enum line { FIELD, BLANK, DATA, SKIP }; /* FIELD: its name, BLANK: the space after it */

struct meter {
        enum meter_format format;
        char model[METER_MODEL], asked_model[METER_MODEL];

        struct json_scan asked; /* the request */
        uint64_t request_bytes, carried;
        const char *refused;
        bool goes_on, asked_whole, streams, understood;
        uint64_t most, times;

        enum shape shape;
        enum line line;
        size_t line_at; /* bytes of the line so far */
        bool after_cr;
        bool dead; /* what came is no JSON: until the next event, or for good */
        struct json_scan scan;
        uint64_t answer_bytes;

        uint64_t counts[METER_SLOTS], doc[METER_SLOTS];
        bool has[METER_SLOTS], doc_has[METER_SLOTS];
        bool done, doc_done;
        uint64_t text, doc_text; /* generated since the last count, by whole documents and by this one */
        uint64_t all_text;
        uint64_t unseen; /* tokens that who left has at least to be charged for */
        uint64_t loose;  /* bytes of a plain body since the last count */
};

/* ---- values ---- */

static void take_model(char ret[METER_MODEL], const struct json_value *value)
{
        if (value->kind == JSON_VALUE_TEXT && value->bytes)
                snprintf(ret, METER_MODEL, "%s", value->text);
}

static void on_answer_value(void *user, int rule, const struct json_value *value)
{
        struct meter *meter = user;
        const struct json_rule *known;

        if (rule < 0)
                return;
        known = &meter_answers[meter->format].rules[rule];
        switch ((enum meter_what)known->what) {
        case WHAT_COUNT:
                if (value->kind != JSON_VALUE_NUMBER || value->number < 0)
                        return;
                meter->doc[known->slot] =
                        (uint64_t)value->number < METER_TOKENS_MAX ? (uint64_t)value->number : METER_TOKENS_MAX;
                meter->doc_has[known->slot] = true;
                return;
        case WHAT_TEXT:
                meter->doc_text += value->kind == JSON_VALUE_TEXT ? value->bytes : 0;
                return;
        case WHAT_MODEL:
                take_model(meter->model, value);
                return;
        case WHAT_DONE:
                meter->doc_done |= value->kind == JSON_VALUE_TEXT && value->bytes;
                return;
        case WHAT_STATUS:
                meter->doc_done |= value->kind == JSON_VALUE_TEXT && meter_status_is_last(value->text);
                return;
        default:
                return;
        }
}

static bool says_no(const struct json_value *value)
{
        return value->kind == JSON_VALUE_WORD && (!strcmp(value->text, "false") || !strcmp(value->text, "null"));
}

static void on_request_value(void *user, int rule, const struct json_value *value)
{
        struct meter *meter = user;
        enum meter_what what;

        if (rule < 0) {
                meter->refused = "a key of the request's body is written with escapes, so that what it asks for cannot "
                                 "be told on this metered route";
                return;
        }
        what = meter_requests.rules[rule].what;
        if (what == WHAT_MOST || what == WHAT_TIMES)
                meter_take_bound(what == WHAT_MOST ? &meter->most : &meter->times, value);
        else if (what == WHAT_STREAM)
                meter->streams = value->kind == JSON_VALUE_WORD && !strcmp(value->text, "true");
        else if (what == WHAT_MODEL)
                take_model(meter->asked_model, value);
        else if (what == WHAT_BACKGROUND && !says_no(value))
                meter->refused = "a response in the background is billed outside of its answer, which a metered route "
                                 "cannot see; ask without \"background\"";
        else if (what == WHAT_CARRIES && !says_no(value))
                meter->goes_on = true;
}

/* ---- documents ---- */

static void end_document(struct meter *meter, bool whole)
{
        bool counted = whole && (meter->doc_has[OUT] || meter->doc_has[TOTAL]);

        for (size_t i = 0; whole && i < METER_SLOTS; i++) {
                meter->has[i] |= meter->doc_has[i];
                if (meter->doc[i] > meter->counts[i])
                        meter->counts[i] = meter->doc[i];
        }
        meter->understood |= whole;
        meter->done |= whole && meter->doc_done;
        meter->all_text += meter->doc_text;
        meter->text = counted ? 0 : meter->text + meter->doc_text;
        if (counted)
                meter->loose = 0;
        memset(meter->doc, 0, sizeof(meter->doc));
        memset(meter->doc_has, 0, sizeof(meter->doc_has));
        meter->doc_done = false;
        meter->doc_text = 0;
        json_scan_again(&meter->scan);
}

/* What a document that breaks off had in an open string counts as well. */
static void break_document(struct meter *meter)
{
        meter->doc_text += json_scan_open_text(&meter->scan, WHAT_TEXT);
        end_document(meter, false);
}

static void feed_document(struct meter *meter, const char *bytes, size_t len)
{
        while (len && !meter->dead) {
                size_t used;
                enum json_scan_state state = json_scan_feed(&meter->scan, bytes, len, &used);

                meter->loose += used;
                if (state != JSON_SCAN_MORE)
                        end_document(meter, state == JSON_SCAN_WHOLE);
                meter->dead = state == JSON_SCAN_BROKEN;
                bytes += used;
                len -= used;
        }
        meter->loose += len;
}

/* ---- event streams (WHATWG HTML, server-sent events) ---- */

static void end_line(struct meter *meter)
{
        if (meter->line_at == 0) {
                break_document(meter); /* after a whole one there is nothing to break */
                meter->dead = false;
        } else if (meter->line == DATA) {
                feed_document(meter, "\n", 1);
        }
        meter->line = FIELD;
        meter->line_at = 0;
}

static void in_field(struct meter *meter, char c)
{
        static const char name[] = "data:";

        if (c != name[meter->line_at])
                meter->line = SKIP;
        else if (meter->line_at == sizeof(name) - 2)
                meter->line = BLANK;
        meter->line_at++;
}

static size_t line_rest(const char *bytes, size_t len)
{
        const char *end = memchr(bytes, '\n', len), *cr;

        len = end ? (size_t)(end - bytes) : len;
        cr = memchr(bytes, '\r', len);
        return cr ? (size_t)(cr - bytes) : len;
}

static void feed_events(struct meter *meter, const char *bytes, size_t len)
{
        while (len) {
                size_t took = 1;

                if (*bytes == '\n' && meter->after_cr) {
                        meter->after_cr = false;
                } else if (*bytes == '\n' || *bytes == '\r') {
                        meter->after_cr = *bytes == '\r';
                        end_line(meter);
                } else if (meter->line == FIELD) {
                        meter->after_cr = false;
                        in_field(meter, *bytes);
                } else if (meter->line == BLANK && *bytes == ' ') {
                        meter->line = DATA;
                } else {
                        took = line_rest(bytes, len);
                        meter->line = meter->line == BLANK ? DATA : meter->line;
                        if (meter->line == DATA)
                                feed_document(meter, bytes, took);
                }
                bytes += took;
                len -= took;
        }
}

/* Not by the head's word, which need not be true: JSON begins with a brace or a bracket, an event stream never does. */
static size_t tell_shape(struct meter *meter, const char *bytes, size_t len)
{
        size_t at = 0;

        while (at < len && bytes[at] && strchr(" \t\r\n\xef\xbb\xbf", bytes[at]))
                at++;
        if (at == len)
                return at;
        meter->shape = bytes[at] == '{' || bytes[at] == '[' ? PLAIN : EVENTS;
        meter->scan.each = meter->shape == PLAIN;
        return at;
}

void meter_answer(struct meter *meter, const char *bytes, size_t len)
{
        size_t skipped = meter->shape == UNKNOWN ? tell_shape(meter, bytes, len) : 0;

        meter->answer_bytes += len;
        if (meter->shape == EVENTS) {
                feed_events(meter, bytes + skipped, len - skipped);
        } else if (meter->shape == PLAIN) {
                feed_document(meter, bytes + skipped, len - skipped);
        }
}

void meter_unread(struct meter *meter, uint64_t bytes)
{
        uint64_t thousandths = 1000 / METER_BYTES_PER_TOKEN;

        if (meter->answer_bytes && meter->all_text)
                thousandths = meter->all_text * 1000 / meter->answer_bytes;
        if (meter->shape == PLAIN)
                meter->loose += bytes;
        else
                meter->text += bytes * thousandths / 1000;
}

void meter_left(struct meter *meter, uint64_t ms)
{
        uint64_t times = meter->times ? meter->times : 1, made = ms / 1000 * METER_TOKENS_PER_SECOND * times;
        uint64_t most = (meter->most ? meter->most : METER_WHOLE_MOST) * times;

        if (meter->streams && meter->most)
                meter->unseen = made < most ? made : most;
        else
                meter->unseen = meter->streams || made > most ? made : most;
        if (meter->unseen > METER_TOKENS_MAX)
                meter->unseen = METER_TOKENS_MAX;
}

void meter_ended(struct meter *meter, uint64_t ms)
{
        if (meter->streams && !meter->has[OUT] && !meter->has[TOTAL])
                meter_left(meter, ms);
}

/* ---- requests ---- */

static const char not_json[] = "the request's body is not one JSON object in UTF-8, which a metered route has to read";

static bool is_space(char c)
{
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char *meter_request(struct meter *meter, const char *bytes, size_t len)
{
        size_t used = 0;

        meter->request_bytes += len;
        if (!meter->asked_whole && !meter->refused) {
                enum json_scan_state state = json_scan_feed(&meter->asked, bytes, len, &used);

                meter->asked_whole = state == JSON_SCAN_WHOLE;
                if (state == JSON_SCAN_BROKEN)
                        meter->refused = not_json;
        }
        for (; used < len && !meter->refused; used++)
                if (!is_space(bytes[used]))
                        meter->refused = not_json;
        return meter->refused;
}

const char *meter_request_end(struct meter *meter)
{
        if (!meter->refused && meter->request_bytes && !meter->asked_whole)
                meter->refused = not_json;
        return meter->refused;
}

bool meter_goes_on(const struct meter *meter)
{
        return meter->goes_on;
}

void meter_carried(struct meter *meter, uint64_t tokens)
{
        meter->carried = tokens < METER_TOKENS_MAX ? tokens : METER_TOKENS_MAX;
}

/* ---- what it came to ---- */

static uint64_t tokens_of(uint64_t bytes)
{
        uint64_t tokens = (bytes + METER_BYTES_PER_TOKEN - 1) / METER_BYTES_PER_TOKEN;

        return tokens < METER_TOKENS_MAX ? tokens : METER_TOKENS_MAX;
}

void meter_usage(const struct meter *meter, bool over, struct meter_usage *ret)
{
        uint64_t text = meter->text + meter->doc_text + json_scan_open_text(&meter->scan, WHAT_TEXT);
        bool counted = meter->has[OUT] || meter->has[TOTAL], whole = meter->done && counted && meter->has[IN];

        *ret = (struct meter_usage){.model = meter->model[0] ? meter->model : meter->asked_model};
        meter_sort(meter->format, meter->counts, ret);
        ret->input_known = meter->has[IN];
        if (!ret->input_known)
                ret->input = tokens_of(meter->request_bytes) + (meter->goes_on ? meter->carried : 0);
        ret->estimated = !whole || text;
        if (over && ret->estimated && meter->shape == PLAIN && meter->loose > text)
                text = meter->loose;
        if (over && !meter->understood && meter->shape == EVENTS)
                text = meter->answer_bytes;
        ret->output += tokens_of(text);
        if (over && !(meter->done && counted) && meter->unseen > ret->output)
                ret->output = meter->unseen;
}

/* ---- its life ---- */

/* "…/models/NAME:generateContent" */
static void model_of_target(struct meter *meter, const char *target)
{
        const char *name = strstr(target, "/models/");

        if (meter->format != METER_GENERATE || !name)
                return;
        name += strlen("/models/");
        snprintf(meter->asked_model, sizeof(meter->asked_model), "%.*s", (int)strcspn(name, ":?/"), name);
        meter->streams = !strncmp(name + strcspn(name, ":?/"), ":stream", 7);
}

struct meter *meter_new(enum meter_format format, const char *target)
{
        struct meter *meter = xcalloc(1, sizeof(*meter));
        const struct meter_rules *rules = &meter_answers[format];

        meter->format = format;
        json_scan_init(&meter->scan, rules->rules, rules->len, on_answer_value, meter);
        json_scan_init(&meter->asked, meter_requests.rules, meter_requests.len, on_request_value, meter);
        model_of_target(meter, target);
        return meter;
}

void meter_free(struct meter *meter)
{
        free(meter);
}
