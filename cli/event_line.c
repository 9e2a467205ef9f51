/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_line.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <stdio.h>
#include <string.h>

#define TYPE_CELLS 30
#define GIST_MAX 400
#define GIST_FIELDS 7

/*
 * Fields that carry the gist, in order, with "?" only where they are true; a type that is not here shows the first texts and
 * numbers of its data.
 */
static const struct {
        const char *type;
        const char *fields[GIST_FIELDS];
} gists[] = {
        {"note.observation", {"text"}},
        {"note.status", {"text", "progress"}},
        {"note.hypothesis", {"claim", "test"}},
        {"note.hyperthesis", {"blind_spot", "why", "bound"}},
        {"note.conjecture", {"claim", "edge"}},
        {"note.request.help", {"question", "default"}},
        {"note.request.verify", {"tree"}},
        {"run.state", {"from", "to", "reasons"}},
        {"receipt.verifier", {"gate", "name", "result", "exit", "ms"}},
        {"receipt.limits", {"step", "ended", "output_left_out", "redacted"}},
        {"receipt.net", {"host", "port", "via", "status", "error", "bytes_in", "bytes_out"}},
        {"action.vetoed", {"candidate_action", "final_action", "veto_reason"}},
        {"receipt.read", {"path", "origin", "bytes"}},
        {"receipt.patch", {"files", "lines_added", "lines_removed"}},
        {"receipt.policy.decision", {"decision", "reasons"}},
        {"receipt.commit", {"commit", "ref"}},
        {"receipt.evidence.set.hash", {"sha256"}},
        {"approval.requested", {"sentence", "tree"}},
        {"approval.granted", {"who", "reason", "tree"}},
        {"approval.denied", {"who", "reason", "tree"}},
        {"cost.reported", {"usd", "model", "tokens_in", "tokens_out", "cached_in", "?estimated"}},
        {"operator.outcome", {"accepted", "who", "reason"}},
        {"receipt.attack.report", {"items"}},
};

/* Numbers need their name beside them; texts speak for themselves. */
static void put_value(const char *key, const json_t *value, struct str *out)
{
        json_t *item;
        size_t i;

        if (json_is_string(value))
                render_line(out, json_string_value(value));
        else if (json_is_integer(value))
                str_printf(out, "%s %lld", key, (long long)json_integer_value(value));
        else if (json_is_real(value))
                str_printf(out, "%s %g", key, json_real_value(value));
        else if (json_is_boolean(value))
                str_printf(out, "%s%s", json_is_true(value) ? "" : "not ", key);
        json_array_foreach((json_t *)value, i, item)
        {
                const json_t *what = json_object_get(item, "what");

                if (json_is_object(item) && !what)
                        continue; /* only `--json` has room for these */
                str_puts(out, i ? "; " : "");
                put_value(key, what ? what : item, out);
        }
}

static void put_field(const char *key, const json_t *value, struct str *out)
{
        _cleanup_str_ struct str one = {0};

        put_value(key, value, &one);
        if (one.len == 0 || out->len > GIST_MAX)
                return;
        if (out->len)
                str_puts(out, "  ");
        str_puts(out, str_text(&one));
}

static void put_gist(const char *field, const json_t *data, struct str *out)
{
        const bool where_true = field[0] == '?';
        const json_t *value = json_object_get(data, field + where_true);

        if (!where_true || json_is_true(value))
                put_field(field + where_true, value, out);
}

/* Cut between two characters of what is valid UTF-8 by now. */
static void put_cut(const struct str *gist, struct str *out)
{
        size_t len = gist->len;

        if (len <= GIST_MAX) {
                str_append(out, gist->data, len);
                return;
        }
        for (len = GIST_MAX; len > 0 && ((unsigned char)gist->data[len] & 0xc0) == 0x80; len--)
                ;
        str_append(out, gist->data, len);
        str_puts(out, "…");
}

void event_gist(const char *type, const json_t *data, struct str *ret)
{
        _cleanup_str_ struct str out = {0};
        const char *key;
        json_t *value;

        for (size_t i = 0; i < sizeof(gists) / sizeof(gists[0]); i++) {
                if (strcmp(gists[i].type, type) != 0)
                        continue;
                for (size_t j = 0; j < GIST_FIELDS && gists[i].fields[j]; j++)
                        put_gist(gists[i].fields[j], data, &out);
                put_cut(&out, ret);
                return;
        }
        json_object_foreach((json_t *)data, key, value)
        {
                _cleanup_str_ struct str name = {0};

                render_line(&name, key);
                put_field(str_text(&name), value, &out);
        }
        put_cut(&out, ret);
}

/* "12:34:56" of an RFC 3339 time. */
static void put_clock(const char *time, struct str *out)
{
        const char *at = time ? strchr(time, 'T') : NULL;

        str_printf(out, "%.8s", at && strlen(at) > 8 ? at + 1 : "--:--:--");
}

void event_day(const struct store_event_row *row, char ret[16])
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        const char *time = json_text_of(event, "time");
        const size_t len = strspn(time, "0123456789-");

        snprintf(ret, 16, "%.*s", len == 10 ? (int)len : 0, time);
}

static enum tint type_tint(const char *type)
{
        static const struct {
                const char *prefix;
                enum tint tint;
        } tints[] = {{"run.state", TINT_STRONG},       {"action.vetoed", TINT_BAD},   {"approval.", TINT_WAIT},
                     {"note.request.help", TINT_WAIT}, {"receipt.commit", TINT_GOOD}, {"receipt.", TINT_DIM}};

        for (size_t i = 0; i < sizeof(tints) / sizeof(tints[0]); i++)
                if (strncmp(type, tints[i].prefix, strlen(tints[i].prefix)) == 0)
                        return tints[i].tint;
        return TINT_PLAIN;
}

#define TIME_AT 7
#define TYPE_AT 27
#define GIST_AT (TYPE_AT + TYPE_CELLS + 2)

static void put_type(const char *name, bool wide, bool colour, struct str *out)
{
        _cleanup_str_ struct str type = {0};

        if (wide)
                render_cell(&type, name, TYPE_CELLS, false);
        else
                render_line(&type, name);
        render_tint(out, colour, type_tint(name), str_text(&type));
}

static void put_told(const struct store_event_row *row, const json_t *event, const struct event_page *page, bool wide,
                     struct str *out)
{
        const size_t at = page->from + (wide ? GIST_AT : TYPE_AT + strlen(row->type) + 2);
        _cleanup_str_ struct str gist = {0};

        event_gist(row->type, json_object_get(event, "data"), &gist);
        if (!gist.len)
                return;
        str_puts(out, "  ");
        if (page->columns)
                render_folded(out, str_text(&gist), at, page->from + (wide ? GIST_AT : TIME_AT), page->columns);
        else
                str_puts(out, str_text(&gist));
}

void event_line(const struct store_event_row *row, const struct event_page *page, struct str *out)
{
        const bool wide = !page->columns || page->columns >= page->from + EVENT_LINE_WIDE;
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        const char *actor = json_string_value(json_object_get(event, "actor"));

        str_printf(out, "%5lld  ", (long long)row->sequence);
        put_clock(json_string_value(json_object_get(event, "time")), out);
        str_puts(out, "  ");
        render_cell(out, actor ? actor : "-", 8, false);
        str_puts(out, "  ");
        put_type(row->type, wide, page->colour, out);
        put_told(row, event, page, wide, out);
        while (out->len && out->data[out->len - 1] == ' ')
                out->data[--out->len] = '\0';
}
