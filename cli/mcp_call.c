/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of tools. A note goes to the notes socket as it is: what is wrong with it the run says, by the same table from which
 * the tool was announced. Every refusal ends in a sentence that tells the model how to go on; none ends the server.
 */
#include "cli/mcp_tool.h"

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <string.h>

#define ITEM_BYTES_MAX ((size_t)4 << 20)

static void put_reason(struct mcp_answer *answer, const char *before, const struct err *err)
{
        char reason[sizeof(err->message) + 64];

        err_text(err, reason, sizeof(reason));
        str_puts(&answer->text, before);
        str_put_harmless(&answer->text, reason, strlen(reason));
        answer->failed = true;
}

static int ask(struct mcp *mcp, const json_t *request, json_t **ret_reply, struct mcp_answer *answer)
{
        struct err err = ERR_INIT;

        if (mcp->ask(mcp->arg, request, ret_reply, &err) == 0)
                return 0;
        if (err.code == ERR_REFUSED) {
                put_reason(answer, "Not accepted: ", &err);
                str_puts(&answer->text, ". Correct it and call again, or go on without it.");
        } else {
                put_reason(answer, "The run does not answer: ", &err);
                str_puts(&answer->text, ". Go on with the work without it.");
        }
        return -1;
}

static size_t fields_of(const struct event_type *type, json_t *arguments)
{
        const char *key;
        json_t *value;
        size_t count = 0;

        json_object_foreach(arguments, key, value) count += event_type_has(type, key) ? 1 : 0;
        return count;
}

/* The type that was named, else the one with the most of the fields that are there, else the first. */
static const char *choose_event(const struct mcp_tool *tool, const char *kind, json_t *data)
{
        const char *best = tool->events[0];
        size_t most = 0;

        for (size_t i = 0; i < MCP_TOOL_EVENTS && tool->events[i]; i++) {
                size_t count = fields_of(event_type_find(tool->events[i]), data);

                if (kind && strcmp(kind, strrchr(tool->events[i], '.') + 1) == 0)
                        return tool->events[i];
                best = count > most ? tool->events[i] : best;
                most = count > most ? count : most;
        }
        return kind ? NULL : best;
}

/* What the model leaves empty it does not mean: many of them fill in every field of a schema. */
static json_t *data_of(const struct mcp_tool *tool, json_t *arguments)
{
        json_t *data = json_object(), *value;
        const char *key;

        json_object_foreach(arguments, key, value)
        {
                bool empty = json_is_null(value) || (json_is_string(value) && !json_string_length(value));

                if (!empty && !(tool->events[1] && strcmp(key, "kind") == 0))
                        json_object_set(data, key, value);
        }
        return data;
}

void mcp_call_note(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer)
{
        _cleanup_json_ json_t *data = data_of(tool, arguments), *note = NULL, *reply = NULL;
        const char *kind = tool->events[1] ? json_string_value(json_object_get(arguments, "kind")) : NULL;
        const char *event = choose_event(tool, kind && *kind ? kind : NULL, data);

        if (!event) {
                str_puts(&answer->text,
                         "Not accepted: there is no such kind of note. Leave `kind` out, or name one of its schema.");
                answer->failed = true;
                return;
        }
        note = json_pack("{s:s, s:O}", "type", event, "data", data);
        if (ask(mcp, note, &reply, answer) < 0)
                return;
        str_printf(&answer->text, "Accepted.%s%s", tool->done ? " " : "", tool->done ? tool->done : "");
        answer->data = json_pack("{s:b, s:s, s:I}", "accepted", true, "type", event, "id",
                                 json_integer_value(json_object_get(reply, "id")));
}

/* The data as text too: so the specification wants it, for clients that show nothing else. */
static void answer_data(struct mcp_answer *answer, json_t *data)
{
        _cleanup_free_ char *text = json_dumps(data, JSON_COMPACT | JSON_REALS);

        str_puts(&answer->text, text ? text : "{}");
        answer->data = json_incref(data);
}

void mcp_call_budget(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer)
{
        _cleanup_json_ json_t *request = json_pack("{s:s}", "type", "budget.left"), *reply = NULL;
        json_t *budget;

        (void)tool, (void)arguments;
        if (ask(mcp, request, &reply, answer) < 0)
                return;
        budget = json_object_get(reply, "budget");
        if (json_is_object(budget)) {
                answer_data(answer, budget);
                return;
        }
        str_puts(&answer->text, "The run answers without a budget. Go on with the work.");
        answer->failed = true;
}

static json_t *read_item(const char *path, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        json_t *item;

        if (fs_read_named(path, ITEM_BYTES_MAX, &bytes, err) < 0) {
                err_wrap(err, "%s", path);
                return NULL;
        }
        item = json_parse(str_text(&bytes), bytes.len, path, err);
        if (item && !json_is_object(item)) {
                err_set(err, ERR_INPUT, "%s: it holds no work item", path);
                json_decref(item);
                return NULL;
        }
        return item;
}

void mcp_call_item(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, struct mcp_answer *answer)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *item = read_item(mcp->item_file, &err);

        (void)tool, (void)arguments;
        if (item) {
                answer_data(answer, item);
                return;
        }
        put_reason(answer, "The work item cannot be read: ", &err);
        str_puts(&answer->text, ". What you were told at the start says the same.");
}

void mcp_call_checkpoint(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments,
                         struct mcp_answer *answer)
{
        _cleanup_json_ json_t *request = json_pack("{s:s}", "type", "checkpoint"), *reply = NULL;
        json_t *kept;

        (void)tool, (void)arguments;
        if (ask(mcp, request, &reply, answer) < 0)
                return;
        kept = json_object_get(reply, "checkpoint");
        if (json_is_object(kept)) {
                answer_data(answer, kept);
                return;
        }
        str_puts(&answer->text, "The run answers without a checkpoint. Go on with the work.");
        answer->failed = true;
}

struct json_t *mcp_tool_call(struct mcp *mcp, const struct mcp_tool *tool, struct json_t *arguments, bool structured)
{
        struct mcp_answer answer = {0};
        json_t *result;

        tool->call(mcp, tool, arguments, &answer);
        result = json_pack("{s:[{s:s, s:o}]}", "content", "type", "text", "text",
                           json_stringn_nocheck(str_text(&answer.text), answer.text.len));
        if (answer.failed)
                json_object_set_new(result, "isError", json_true());
        if (answer.data && structured)
                json_object_set(result, "structuredContent", answer.data);
        json_decref(answer.data);
        str_release(&answer.text);
        return result;
}
