/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One note, or the question for the budget. A note is taken apart strictly, checked against the table of event types with the
 * agent as its author, sent on as a record. A refusal answers with what was wrong and what was expected; who tries to emit what
 * an agent may not is recorded as vetoed besides.
 */
#include "runner/notes.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

/* Errors may quote the line, whose bytes may be no UTF-8: json_quoted() makes them fit. */
static void refuse(struct notes *notes, const struct err *err, struct str *reply)
{
        _cleanup_json_ json_t *text = json_quoted(err->message);
        char *quoted = json_dumps(text, JSON_ENCODE_ANY | JSON_COMPACT);

        notes->refused++;
        str_printf(reply, "{\"ok\":false,\"error\":%s}\n", quoted ? quoted : "\"refused\"");
        free(quoted);
}

static void record_veto(struct notes *notes, const struct event_type *type, const struct err *err)
{
        _cleanup_json_ json_t *data = NULL;
        _cleanup_str_ struct str action = {0};

        if (notes->vetoes++ >= NOTES_VETOES_MAX)
                return;
        str_printf(&action, "emit %s", event_type_name(type));
        data = json_pack("{s:s, s:s, s:s}", "candidate_action", str_text(&action), "final_action", "refused",
                         "veto_reason", err->message);
        if (data)
                uplink_put_record(notes->up, "action.vetoed", EVENT_ACTOR_RUNNER, data);
}

static int check_bytes(const struct notes *notes, size_t bytes, struct err *err)
{
        if (notes->accepted_bytes + bytes > EVENT_NOTES_BYTES_MAX)
                return err_set(err, ERR_REFUSED, "the %zu bytes that a run's notes may have are used up",
                               EVENT_NOTES_BYTES_MAX);
        return 0;
}

static int check_room(struct notes *notes, struct err *err)
{
        if (check_bytes(notes, 1, err) < 0)
                return -1;
        if (notes->accepted >= notes->budget)
                return err_set(err, ERR_REFUSED, "the budget of %llu notes is used up (budget.notes)",
                               (unsigned long long)notes->budget);
        if (!uplink_has_room(notes->up))
                uplink_flush(notes->up);
        if (!uplink_has_room(notes->up))
                return err_set(err, ERR_REFUSED, "too many notes at once; send it again later");
        return 0;
}

static void remember_question(struct notes *notes, const char *question)
{
        size_t len = question ? strlen(question) : 0;

        str_clear(&notes->asked);
        str_put_quoted(&notes->asked, question, len > NOTES_ASKED_MAX ? NOTES_ASKED_MAX : len);
}

static int take_note(struct notes *notes, const char *line, size_t len, struct err *err)
{
        const char *name = NULL;
        json_t *data = NULL;
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &name, true}, {"data", JSON_FIELD_OBJECT, &data, true}, {0}};
        const struct event_type *type;
        size_t bytes;
        _cleanup_json_ json_t *message = NULL;

        if (check_room(notes, err) < 0)
                return -1;
        message = json_parse(line, len, "note", err);
        if (!message || json_fields(message, "note", fields, err) < 0)
                return -1;
        type = event_type_find(name);
        if (!type)
                return err_set(err, ERR_INPUT, "no event type \"%.64s\"; `cupel note --help` lists them", name);
        if (event_validate(type, EVENT_ACTOR_AGENT, data, err) < 0) {
                if (!event_may_emit(type, EVENT_ACTOR_AGENT))
                        record_veto(notes, type, err);
                return -1;
        }
        bytes = json_size(
                data); /* never less than the supervisor counts, which takes more than it allows for an attack */
        if (check_bytes(notes, bytes, err) < 0)
                return -1;
        notes->accepted_bytes += bytes;
        uplink_put_record(notes->up, event_type_name(type), EVENT_ACTOR_AGENT, data);
        if (strcmp(event_type_name(type), "note.request.help") == 0)
                remember_question(notes, json_string_value(json_object_get(data, "question")));
        if (strcmp(event_type_name(type), "note.observation") == 0 ||
            strcmp(event_type_name(type), "note.conjecture") == 0)
                notes->findings++;
        return 0;
}

/* Only what has one of the two words is taken apart for it; a note may have them, too, as any of its values. */
static bool is_question(const char *line, size_t len)
{
        static const char budget[] = "budget.left", checkpoint[] = "checkpoint";
        _cleanup_json_ json_t *message = NULL;
        struct err ignored = ERR_INIT;
        const char *type;

        if (len > NOTES_QUESTION_MAX ||
            !(memmem(line, len, budget, strlen(budget)) || memmem(line, len, checkpoint, strlen(checkpoint))))
                return false;
        message = json_parse(line, len, "question", &ignored);
        type = json_text_of(message, "type");
        return strcmp(type, budget) == 0 || strcmp(type, checkpoint) == 0;
}

static int tell_budget(struct notes *notes, struct str *reply, struct err *err)
{
        _cleanup_json_ json_t *budget = notes->left(notes->left_arg);
        _cleanup_free_ char *text = json_dumps(budget, JSON_COMPACT | JSON_REALS);

        if (!text)
                return err_set(err, ERR_INTERNAL, "the budget is no JSON");
        str_printf(reply, "{\"ok\":true,\"budget\":%s}\n", text);
        return 0;
}

/* The answer comes later: notes_answer(). */
static int ask_checkpoint(struct notes *notes, struct notes_client *client, struct err *err)
{
        int64_t serial;

        if (!notes->checkpoint || !client)
                return err_set(err, ERR_REFUSED, "there are no checkpoints here");
        serial = notes->checkpoint(notes->left_arg, err);
        if (serial < 0)
                return -1;
        client->waits = serial;
        return 0;
}

static int answer_question(struct notes *notes, struct notes_client *client, const char *line, size_t len,
                           struct str *reply, struct err *err)
{
        const char *type = NULL;
        const struct json_field fields[] = {{"type", JSON_FIELD_STRING, &type, true}, {0}};
        _cleanup_json_ json_t *message = NULL;

        if (notes->questions >= NOTES_QUESTIONS_MAX)
                return err_set(err, ERR_REFUSED, "asked more than %d times", NOTES_QUESTIONS_MAX);
        notes->questions++;
        message = json_parse(line, len, "question", err);
        if (!message || json_fields(message, "question", fields, err) < 0)
                return -1;
        if (strcmp(type, "checkpoint") == 0)
                return ask_checkpoint(notes, client, err);
        if (strcmp(type, "budget.left") != 0 || !notes->left)
                return err_set(err, ERR_INPUT,
                               "the only questions are {\"type\":\"budget.left\"} and "
                               "{\"type\":\"checkpoint\"}");
        return tell_budget(notes, reply, err);
}

void notes_line(struct notes *notes, struct notes_client *client, const char *line, size_t len, struct str *reply)
{
        struct err err = ERR_INIT;

        if (is_question(line, len)) {
                if (answer_question(notes, client, line, len, reply, &err) == 0)
                        return;
        } else if (len > NOTES_LINE_MAX)
                err_set(&err, ERR_INPUT, "a note of more than %zu bytes", (size_t)NOTES_LINE_MAX);
        else if (take_note(notes, line, len, &err) == 0) {
                notes->accepted++;
                str_printf(reply, "{\"ok\":true,\"id\":%llu}\n", (unsigned long long)notes->accepted);
                return;
        }
        refuse(notes, &err, reply);
}
