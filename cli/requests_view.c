/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/requests_view.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/request.h"

#include <string.h>

#define LABEL_CELLS 12

static json_t *parse(const char *body)
{
        return body[0] ? json_loads(body, 0, NULL) : NULL;
}

struct json_t *request_data(const struct store_request *request)
{
        _cleanup_json_ json_t *event = parse(request->json);

        return json_incref(json_object_get(event, "data"));
}

struct json_t *request_json(const struct store_request *request)
{
        _cleanup_json_ json_t *event = parse(request->json), *decided = parse(request->decision);

        return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:O?,s:O?}", "id", request->id, "type", request->type, "run",
                         request->run, "item", request->item, "title", request->title, "actor",
                         json_text_of(event, "actor"), "time", json_text_of(event, "time"), "open",
                         !request->decision[0], "data", json_object_get(event, "data"), "decision",
                         json_object_get(decided, "data"));
}

/* ---- For people ---- */

static void put_value(const json_t *value, struct str *out)
{
        _cleanup_free_ char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        render_line(out, json_is_string(value) ? json_string_value(value) : dumped);
}

static void put_field(const char *label, const json_t *value, struct str *out)
{
        if (!value)
                return;
        str_printf(out, "  %-*s", LABEL_CELLS, label);
        put_value(value, out);
        str_putc(out, '\n');
}

static void put_options(const json_t *options, struct str *out)
{
        json_t *option;
        size_t i;

        if (!json_array_size(options))
                return;
        str_printf(out, "  %-*s", LABEL_CELLS, "options");
        json_array_foreach((json_t *)options, i, option)
        {
                str_puts(out, i ? " | " : "");
                put_value(option, out);
        }
        str_putc(out, '\n');
}

static void put_head(const struct store_request *request, const json_t *event, const struct request_look *look,
                     struct str *out)
{
        const json_t *data = json_object_get(event, "data");
        const bool help = strcmp(request->type, "note.request.help") == 0;
        _cleanup_str_ struct str line = {0};

        render_line(&line, json_text_of(data, help ? "question" : "claim"));
        render_tint(out, look->colour, TINT_STRONG, request->id);
        str_puts(out, "  ");
        if (look->columns)
                render_folded(out, str_text(&line), strlen(request->id) + 2, 2, look->columns);
        else
                str_puts(out, str_text(&line));
        str_puts(out, "\n  of ");
        render_line(out, request->item);
        str_printf(out, ", by the %s, ", json_text_of(event, "actor"));
        render_ago(out, json_text_of(event, "time"), look->now);
        str_printf(out, ", run %s\n", request->run);
}

static void put_decision(const struct store_request *request, struct str *out)
{
        _cleanup_json_ json_t *decided = parse(request->decision);
        const json_t *data = json_object_get(decided, "data");

        str_printf(out, "  %-*s%s by ", LABEL_CELLS, "decided", json_text_of(data, "decision"));
        render_line(out, json_text_of(data, "by"));
        str_puts(out, ": ");
        put_value(json_object_get(data, "answer"), out);
        if (json_text_of(data, "reason")[0]) {
                str_puts(out, " (");
                render_line(out, json_text_of(data, "reason"));
                str_putc(out, ')');
        }
        str_putc(out, '\n');
}

static void put_what_to_type(const struct store_request *request, struct str *out)
{
        str_printf(out, "  %-*s", LABEL_CELLS, "to decide");
        if (strcmp(request->type, "note.request.help") == 0)
                str_printf(out, "cupel requests answer %s \"TEXT\", or --default\n", request->id);
        else
                str_printf(out, "cupel requests accept %s --reason TEXT, or decline\n", request->id);
}

void request_put(const struct store_request *request, const struct request_look *look, struct str *out)
{
        _cleanup_json_ json_t *event = parse(request->json);
        const json_t *data = json_object_get(event, "data");

        put_head(request, event, look, out);
        put_field("target", json_object_get(data, "target"), out);
        put_field("delta", json_object_get(data, "proposed_delta"), out);
        if (strcmp(request->type, "note.request.help") != 0)
                put_field("risk", json_object_get(data, "risk"), out);
        put_options(json_object_get(data, "options"), out);
        put_field("default", json_object_get(data, "default"), out);
        if (request->decision[0])
                put_decision(request, out);
        else
                put_what_to_type(request, out);
}

void request_put_page(const struct store_request *request, const struct request_look *look, struct str *out)
{
        _cleanup_json_ json_t *event = parse(request->json);
        json_t *data = json_object_get(event, "data"), *value;
        const char *key;

        put_head(request, event, look, out);
        json_object_foreach(data, key, value)
        {
                _cleanup_str_ struct str name = {0};

                if (strcmp(key, "question") == 0)
                        continue;
                render_line(&name, key);
                if (strcmp(key, "options") == 0)
                        put_options(value, out);
                else
                        put_field(str_text(&name), value, out);
        }
        if (request->decision[0])
                put_decision(request, out);
        else
                put_what_to_type(request, out);
}
