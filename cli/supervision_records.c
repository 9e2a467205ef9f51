/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of a run say, and what of it goes into the log: gathered, then written in one transaction. Notes come by
 * the ten thousand, and the runner sends each in canonical form: such a one is checked as it stands, as strictly as any, and
 * written as it is. Whatever cannot be told so (rare numbers, what may hold a secret, what is printed for a person) goes the
 * way of all messages. A store that refuses gives the run up.
 */
#include "cli/supervision_internal.h"

#include "lib/base/event.h"
#include "lib/base/json.h"
#include "policy/scrub.h"

#include <stdlib.h>
#include <string.h>

#define BEGINNING_RECORDS 3 /* supervision_note_footprint() */
#define FULL_RECORDS 4000
#define FULL_BYTES ((size_t)1 << 20)

int supervision_count_note(struct supervision *s, size_t bytes, struct err *err)
{
        if (++s->notes_seen > (uint64_t)s->launch->plan.budget.notes)
                return err_set(err, ERR_INPUT, "record: more notes than a run may have");
        s->notes_bytes += bytes;
        if (s->notes_bytes > EVENT_NOTES_BYTES_MAX)
                return err_set(err, ERR_INPUT, "record: more bytes of notes than a run may have");
        return 0;
}

/* ---- A note as it stands ---- */

static const char before_type[] = "{\"event\":\"record\",\"type\":\"";
static const char before_data[] = "\",\"actor\":\"agent\",\"data\":";

static bool skip(const char **at, const char *end, const char *expected, size_t len)
{
        if ((size_t)(end - *at) < len || memcmp(*at, expected, len) != 0)
                return false;
        *at += len;
        return true;
}

/* The line's type by its plain name, and where its data begins. */
static const struct event_type *take_type(const char **at, const char *end)
{
        char name[EVENT_TYPE_MAX];
        const char *quote;
        const struct event_type *type;

        if (!skip(at, end, before_type, strlen(before_type)) || !(quote = memchr(*at, '"', (size_t)(end - *at))) ||
            (size_t)(quote - *at) >= sizeof(name))
                return NULL;
        memcpy(name, *at, (size_t)(quote - *at));
        name[quote - *at] = '\0';
        *at = quote;
        type = event_type_find(name);
        return type && skip(at, end, before_data, strlen(before_data)) ? type : NULL;
}

static void add_note(struct supervision *s, const struct event_checked *note)
{
        s->pending.notes = xgrow(s->pending.notes, s->pending.len, sizeof(*s->pending.notes));
        s->pending.notes[s->pending.len++] = (struct pending_note){
                .type = note->type, .at = s->pending.text.len, .len = note->len, .after = json_array_size(s->records)};
        str_append(&s->pending.text, note->data, note->len);
}

/* What supervision_from_runner() would do with the line, where that can be told without taking it apart; else false. */
static bool take_note(struct supervision *s, const char *line, size_t len)
{
        const char *at = line, *end = line + len;
        const struct event_type *type = take_type(&at, end);
        struct event_checked note;
        struct err err = ERR_INIT;

        if (!supervision_hears_runner(s) || !type || end - at < 2 || end[-1] != '}' ||
            !event_check_text(type, EVENT_ACTOR_AGENT, at, (size_t)(end - at) - 1, &note) ||
            terminal_prints_notes(s->terminal) || redact_may_find(&s->redact, note.data, note.len, note.escapes) ||
            scrub_may_find(note.data, note.len) || supervision_count_note(s, note.len, &err) < 0)
                return false;
        add_note(s, &note);
        if (supervision_is_full(s))
                supervision_flush(s);
        return true;
}

static bool handle_line(struct supervision *s, struct channel *channel, supervision_message_fn *handle,
                        const char *line, size_t len)
{
        struct err err = ERR_INIT;
        json_t *message;

        if (channel == &s->runner && take_note(s, line, len))
                return true;
        message = channel_message(line, len, &err);
        if (!message)
                return false;
        handle(s, message);
        json_decref(message);
        return true;
}

int supervision_receive(struct supervision *s, struct channel *channel, supervision_message_fn *handle, size_t most)
{
        for (size_t count = 0; count < most || channel_has_line(channel); count++) {
                struct err err = ERR_INIT;
                const char *line = NULL;
                size_t len = 0;
                int got = channel_recv_line(channel, &line, &len, &err);

                if (got == CHANNEL_AGAIN)
                        return 1;
                if (got != 1)
                        return got < 0 && err.errnum ? SUPERVISION_DEAF : got;
                if (!handle_line(s, channel, handle, line, len))
                        return SUPERVISION_GARBAGE;
        }
        return 1;
}

/* ---- Into the store ---- */

bool supervision_has_records(const struct supervision *s)
{
        return s->pending.len || json_array_size(s->records);
}

bool supervision_is_full(const struct supervision *s)
{
        return s->pending.len + json_array_size(s->records) >= FULL_RECORDS || s->pending.text.len >= FULL_BYTES;
}

static int event_of(const struct supervision *s, const json_t *record, struct store_event *ret, struct err *err)
{
        *ret = (struct store_event){.run = s->launch->run_id,
                                    .type = json_string_value(json_object_get(record, "type")),
                                    .data = json_object_get(record, "data")};
        if (event_actor_from_name(json_string_value(json_object_get(record, "actor")), &ret->actor) < 0)
                return err_set(err, ERR_INTERNAL, "a record of nobody");
        return 0;
}

/* Each has an id once it is written; later ones of the runner name it. */
static int append_record(struct supervision *s, const json_t *record, struct err *err)
{
        _cleanup_json_ json_t *refs = NULL;
        struct store_event event;
        char id[STORE_ID_MAX];

        if (event_of(s, record, &event, err) < 0)
                return -1;
        if (event.actor == EVENT_ACTOR_RUNNER)
                refs = record_refs_of(&s->refs, event.type);
        event.refs = refs;
        if (store_event_append(s->context->store, &event, id, err) < 0)
                return -1;
        if (event.actor == EVENT_ACTOR_RUNNER)
                record_refs_see(&s->refs, event.type, id, event.data);
        return 0;
}

/* What it starts with is on record before anybody could end it: a director that refuses it at once writes its packet, too. */
int supervision_begin(struct supervision *s, struct err *err)
{
        struct store_event events[BEGINNING_RECORDS];
        const struct store_move preparing = {.run = s->launch->run_id,
                                             .to = PHASE_PREPARING,
                                             .outcome = STORE_OUTCOME_NONE,
                                             .actor = EVENT_ACTOR_SYSTEM,
                                             .events = events,
                                             .events_len = json_array_size(s->records)};

        if (preparing.events_len > BEGINNING_RECORDS)
                return err_set(err, ERR_INTERNAL, "a run begins with more records than there can be");
        for (size_t i = 0; i < preparing.events_len; i++)
                if (event_of(s, json_array_get(s->records, i), &events[i], err) < 0)
                        return -1;
        if (store_run_move(s->context->store, &preparing, err) < 0)
                return -1;
        json_array_clear(s->records);
        return 0;
}

static int append_note(struct supervision *s, const struct pending_note *note, struct err *err)
{
        const struct event_checked checked = {.type = note->type,
                                              .actor = EVENT_ACTOR_AGENT,
                                              .data = s->pending.text.data + note->at,
                                              .len = note->len};
        const struct store_event event = {.run = s->launch->run_id, .checked = &checked};

        return store_event_append(s->context->store, &event, NULL, err);
}

/* In the order in which they came. */
static int append_all(struct supervision *s, struct err *err)
{
        const size_t records = json_array_size(s->records);
        size_t note = 0;

        for (size_t i = 0; i <= records; i++) {
                for (; note < s->pending.len && s->pending.notes[note].after == i; note++)
                        if (append_note(s, &s->pending.notes[note], err) < 0)
                                return -1;
                if (i < records && append_record(s, json_array_get(s->records, i), err) < 0)
                        return -1;
        }
        return 0;
}

/* A live view shows the last note, where nothing came after it. */
static void show_last(struct supervision *s)
{
        const struct pending_note *note = s->pending.len ? &s->pending.notes[s->pending.len - 1] : NULL;
        _cleanup_json_ json_t *data = NULL;
        const char *text;

        if (!note || !s->terminal->live || note->after < json_array_size(s->records))
                return;
        data = json_loadb(s->pending.text.data + note->at, note->len, 0, NULL);
        if ((text = json_string_value(json_object_get(data, "text"))))
                terminal_note(s->terminal, event_type_name(note->type), text);
}

/* `then`: the move that they led to; or NULL. */
static int write_pending(struct supervision *s, const struct store_move *then, struct err *err)
{
        struct record_refs before = record_refs_copy(&s->refs);
        const bool written = store_batch_begin(s->context->store, err) == 0 && append_all(s, err) == 0 &&
                             (!then || store_run_move(s->context->store, then, err) == 0) &&
                             store_batch_commit(s->context->store, err) == 0;

        if (!written) {
                store_batch_abort(s->context->store);
                record_refs_release(&s->refs);
                s->refs = before;
                before = (struct record_refs){0};
        }
        record_refs_release(&before);
        return written ? 0 : -1;
}

static void forget_pending(struct supervision *s)
{
        show_last(s);
        json_array_clear(s->records);
        s->pending.len = 0;
        str_clear(&s->pending.text);
}

bool supervision_flush_with(struct supervision *s, const struct store_move *then)
{
        struct err ignored = ERR_INIT; /* what is left undone says it again, by itself */

        if (write_pending(s, then, &ignored) < 0)
                return false;
        forget_pending(s);
        return true;
}

void supervision_flush(struct supervision *s)
{
        struct err err = ERR_INIT;
        char text[640];
        int status;

        if (!supervision_has_records(s))
                return;
        status = write_pending(s, NULL, &err);
        if (status < 0) { /* who sent these notes was told that they are taken: one failure must not lose them */
                err = ERR_INIT;
                status = write_pending(s, NULL, &err);
        }
        forget_pending(s);
        if (status == 0)
                return;
        err_text(&err, text, sizeof(text));
        supervision_give_up(s, OUTCOME_INTERNAL_ERROR, "the log could not be written: %s", text);
}
