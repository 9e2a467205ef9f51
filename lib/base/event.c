/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of event types and its interpreter. A field's type says what JSON it is; fields of one `either` group are
 * alternatives of which one must be there. Fails with ERR_REFUSED (who) or ERR_INPUT (what), naming the field.
 */
#include "lib/base/event_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <ctype.h>
#include <string.h>

static const char *const field_type_names[] = {
        [FIELD_TEXT] = "text",
        [FIELD_STRING] = "text, maybe empty",
        [FIELD_NUMBER] = "a number from 0",
        [FIELD_FRACTION] = "a number from 0 to 1",
        [FIELD_COUNT] = "a whole number from 0",
        [FIELD_INTEGER] = "a whole number",
        [FIELD_BOOL] = "true or false",
        [FIELD_LIST] = "a list",
        [FIELD_OBJECT] = "an object",
        [FIELD_SHA256] = "a SHA-256 in hex",
        [FIELD_OBJECT_ID] = "an object id in hex",
        [FIELD_ANY] = "text, number, list or object",
        [FIELD_VALUE] = "any value",
};

#define A (1u << EVENT_ACTOR_AGENT)
#define R (1u << EVENT_ACTOR_RUNNER)
#define D (1u << EVENT_ACTOR_DIRECTOR)
#define U (1u << EVENT_ACTOR_USER)
#define S (1u << EVENT_ACTOR_SYSTEM)
#define ANYONE (A | R | D | U | S)

#define MUST(name_, type_)                                                                                             \
        {                                                                                                              \
                .name = (name_), .type = FIELD_##type_                                                                 \
        }
#define MAY(name_, type_)                                                                                              \
        {                                                                                                              \
                .name = (name_), .type = FIELD_##type_, .optional = true                                               \
        }
#define EITHER(name_, type_)                                                                                           \
        {                                                                                                              \
                .name = (name_), .type = FIELD_##type_, .optional = true, .either = true                               \
        }
#define CHOICE(name_, words)                                                                                           \
        {                                                                                                              \
                .name = (name_), .type = FIELD_TEXT, .choices = (words)                                                \
        }

#define APPROVAL_SUBJECT                                                                                               \
        EITHER("sentence", TEXT), EITHER("tree", OBJECT_ID), MAY("base", OBJECT_ID), MAY("evidence", SHA256)

static const struct event_type types[] = {
        {"note.observation", ANYONE, {MUST("text", TEXT)}},
        {"note.hypothesis", ANYONE, {MUST("claim", TEXT), MUST("test", TEXT), MUST("budget", ANY)}},
        {"note.hyperthesis",
         ANYONE,
         {MUST("blind_spot", TEXT), CHOICE("why", "missing_data|missing_tool|permission|cost|semantics|adversary"),
          MUST("risk", ANY), MUST("bound", ANY)}},
        {"note.conjecture",
         ANYONE,
         {MUST("claim", TEXT), MUST("test", TEXT), MUST("edge", TEXT), MUST("delta_o", TEXT), MUST("scope", ANY)}},
        {"note.status",
         ANYONE,
         {MUST("text", TEXT), MAY("progress", FRACTION), MAY("tick", INTEGER), MAY("goal", ANY),
          MAY("claimed_reason", STRING), MAY("candidate_action", ANY), MAY("final_action", ANY), MAY("extra", OBJECT)}},
        {"note.request.help", ANYONE, {MUST("question", TEXT), MAY("options", LIST), MAY("default", ANY)}},
        {"note.request.verify", R, {MUST("tree", OBJECT_ID), MUST("results", LIST)}},
        {"spec.change.request",
         ANYONE,
         {MUST("target", TEXT), CHOICE("type", "BUGFIX|CLARIFICATION|NEW_SURFACE|DEPRECATION|CONSOLIDATION"),
          MUST("claim", TEXT), MUST("evidence", ANY), MUST("proposed_delta", ANY), MUST("risk", ANY),
          MUST("compat", ANY)}},
        {"split.request", ANYONE, {MUST("reason", TEXT), MUST("items", LIST)}},
        {"cost.reported",
         ANYONE,
         {MUST("usd", NUMBER), MAY("tokens_in", COUNT), MAY("tokens_out", COUNT), MAY("model", STRING)}},
        {"run.state", R | D | S, {MUST("from", STRING), MUST("to", TEXT), MUST("reasons", LIST)}},
        {"action.vetoed",
         R | D | S,
         {MUST("candidate_action", ANY), MUST("final_action", ANY), MUST("veto_reason", TEXT)}},
        {"approval.requested", R | D | S, {APPROVAL_SUBJECT, MAY("who", TEXT)}},
        {"approval.granted", U | S, {APPROVAL_SUBJECT, MUST("who", TEXT)}},
        {"approval.denied", U | S, {APPROVAL_SUBJECT, MUST("who", TEXT)}},
        {"approval.consumed", D | S, {APPROVAL_SUBJECT, MUST("who", TEXT)}},
        {"operator.outcome", U, {CHOICE("outcome", "accepted|rejected"), MUST("who", TEXT), MUST("reason", STRING)}},
        {"checkpoint.created", R | D | U | S, {MUST("step", COUNT), MUST("tree", OBJECT_ID)}},
        {"amendment", U | D | S, {MUST("field", TEXT), MUST("old", VALUE), MUST("new", VALUE), MUST("reason", TEXT)}},
        {"receipt.read", R | D | S, {MUST("path", TEXT), MUST("sha256", SHA256), MUST("bytes", COUNT)}},
        {"receipt.context.footprint", R | D | S, {MUST("files", COUNT), MUST("bytes", COUNT)}},
        {"receipt.net",
         R | S,
         {MUST("host", TEXT), MUST("port", COUNT), MUST("address", STRING), MUST("bytes_in", COUNT),
          MUST("bytes_out", COUNT), MUST("ms", NUMBER), MAY("via", STRING), MAY("method", STRING), MAY("status", COUNT),
          MAY("error", STRING)}},
        {"receipt.patch",
         R | D,
         {MUST("sha256", SHA256), MUST("files", COUNT), MUST("lines_added", COUNT), MUST("lines_removed", COUNT)}},
        {"receipt.verifier",
         R | D,
         {MUST("name", TEXT), CHOICE("gate", "self|director"), MUST("command", TEXT),
          CHOICE("result", "PASS|FAIL|FLAKY|PRE_EXISTING|INCONCLUSIVE"), MUST("exit", INTEGER), MUST("ms", NUMBER),
          MUST("log_sha256", SHA256)}},
        {"receipt.verifier.results", R, {MUST("plan_id", SHA256), MUST("results", LIST)}},
        {"receipt.verifier.attestations", D, {MUST("plan_id", SHA256), MUST("attestations", LIST)}},
        {"receipt.policy.decision", R | D | S, {MUST("decision", TEXT), MUST("reasons", LIST), MUST("gates", LIST)}},
        {"receipt.commit",
         D,
         {MUST("commit", OBJECT_ID), MUST("tree", OBJECT_ID), MUST("base", OBJECT_ID), MUST("ref", TEXT)}},
        {"receipt.ahdb.delta",
         ANYONE,
         {EITHER("assert", ANY), EITHER("hypothesize", ANY), EITHER("drive", ANY), EITHER("believe", ANY)}},
        {"receipt.evidence.set.hash", D | S, {MUST("sha256", SHA256)}},
        {"receipt.conjecture.set", ANYONE, {MUST("items", LIST)}},
        {"receipt.discrepancy.report", R | D | U | S, {MUST("items", LIST)}},
        {"receipt.attack.report", R | D | U | S, {MUST("items", LIST)}},
        {"receipt.preference.decision", D | U | S, {MUST("question", TEXT), MUST("answer", ANY), MUST("by", TEXT)}},
        {"receipt.projection.rebuild", R | D | S, {MUST("name", TEXT), MUST("sha256", SHA256)}},
        {"receipt.limits",
         R | D,
         {MUST("step", TEXT), MUST("ended", TEXT), MUST("limits", LIST), MAY("output_left_out", COUNT),
          MAY("redacted", COUNT)}},
        {"receipt.timeout", R | D | S, {MUST("what", TEXT), MUST("default_taken", ANY)}},
};

static const char *const actor_names[] = {
#define X(actor, name) [EVENT_ACTOR_##actor] = name,
        EVENT_ACTORS(X)
#undef X
};

const char *event_actor_name(enum event_actor actor)
{
        return actor_names[actor];
}

int event_actor_from_name(const char *name, enum event_actor *ret)
{
        for (unsigned i = 0; i < EVENT_ACTOR_COUNT; i++) {
                if (strcmp(name, actor_names[i]) != 0)
                        continue;
                *ret = (enum event_actor)i;
                return 0;
        }
        return -1;
}

/* The upper-case slash form is folded as a whole, so that "Note/x.y" is no name at all. */
static bool fold_name(const char *name, char ret[EVENT_TYPE_MAX])
{
        bool slashes = strchr(name, '/') != NULL;
        size_t len = strlen(name);

        if (len >= EVENT_TYPE_MAX)
                return false;
        for (size_t i = 0; i <= len; i++) {
                unsigned char c = (unsigned char)name[i];

                if (slashes && (islower(c) || c == '.'))
                        return false;
                ret[i] = slashes ? (char)(c == '/' ? '.' : tolower(c)) : (char)c;
        }
        return true;
}

const struct event_type *event_type_find(const char *name)
{
        char folded[EVENT_TYPE_MAX];
        const char *bare = folded;

        if (!fold_name(name, folded))
                return NULL;
        if (!strncmp(folded, EVENT_TYPE_PREFIX, strlen(EVENT_TYPE_PREFIX)))
                bare += strlen(EVENT_TYPE_PREFIX);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (!strcmp(types[i].name, bare))
                        return &types[i];
        return NULL;
}

const char *event_type_name(const struct event_type *type)
{
        return type->name;
}

const struct event_type *event_type_at(size_t index)
{
        return index < sizeof(types) / sizeof(types[0]) ? &types[index] : NULL;
}

bool event_may_emit(const struct event_type *type, enum event_actor actor)
{
        return type->actors & (1u << actor);
}

static void put_expected(const struct event_field *field, struct str *out)
{
        if (!field->choices) {
                str_puts(out, field_type_names[field->type]);
                return;
        }
        str_puts(out, "one of ");
        for (const char *at = field->choices; *at; at++) {
                if (*at == '|')
                        str_puts(out, ", ");
                else
                        str_putc(out, *at);
        }
}

void event_type_describe(const struct event_type *type, struct str *out)
{
        for (const struct event_field *field = type->fields; field->name; field++) {
                const char *open = field->either ? "<" : field->optional ? "[" : "";
                const char *close = field->either ? ">" : field->optional ? "]" : "";

                str_printf(out, "%s%s%s (", field == type->fields ? "" : ", ", open, field->name);
                put_expected(field, out);
                str_printf(out, ")%s", close);
        }
}

static bool is_hex(const char *text, size_t len)
{
        return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_choice(const char *choices, const char *word)
{
        size_t len = strlen(word);

        for (const char *at = choices;; at += strcspn(at, "|") + 1) {
                if (strcspn(at, "|") == len && !strncmp(at, word, len))
                        return true;
                if (!at[strcspn(at, "|")])
                        return false;
        }
}

static bool text_fits(const struct event_field *field, const char *text)
{
        switch (field->type) {
        case FIELD_TEXT:
        case FIELD_ANY:
                return *text && (!field->choices || is_choice(field->choices, text));
        case FIELD_STRING:
        case FIELD_VALUE:
                return true;
        case FIELD_SHA256:
                return is_hex(strncmp(text, "sha256:", 7) ? text : text + 7, 64);
        case FIELD_OBJECT_ID:
                return !*text || is_hex(text, 40);
        default:
                return false;
        }
}

static bool value_fits(const struct event_field *field, const json_t *value)
{
        double number = json_number_value(value);

        if (json_is_string(value))
                return text_fits(field, json_string_value(value));
        switch (field->type) {
        case FIELD_NUMBER:
                return json_is_number(value) && number >= 0;
        case FIELD_FRACTION:
                return json_is_number(value) && number >= 0 && number <= 1;
        case FIELD_COUNT:
                return json_is_integer(value) && json_integer_value(value) >= 0;
        case FIELD_INTEGER:
                return json_is_integer(value);
        case FIELD_BOOL:
                return json_is_boolean(value);
        case FIELD_LIST:
                return json_is_array(value);
        case FIELD_OBJECT:
                return json_is_object(value);
        case FIELD_ANY:
                return !json_is_null(value);
        case FIELD_VALUE:
                return true;
        default:
                return false;
        }
}

static int field_error(const struct event_type *type, const struct event_field *field, const char *what,
                       struct err *err)
{
        _cleanup_str_ struct str expected = {0};

        put_expected(field, &expected);
        return err_set(err, ERR_INPUT, "%s: \"%s\" %s; expected: %s", type->name, field->name, what,
                       str_text(&expected));
}

static int check_either(const struct event_type *type, const json_t *data, struct err *err)
{
        _cleanup_str_ struct str names = {0};

        for (const struct event_field *field = type->fields; field->name; field++) {
                if (!field->either)
                        continue;
                if (json_object_get(data, field->name))
                        return 0;
                str_printf(&names, "%s\"%s\"", names.len ? ", " : "", field->name);
        }
        if (!names.len)
                return 0;
        return err_set(err, ERR_INPUT, "%s: nothing of %s is there; expected at least one", type->name,
                       str_text(&names));
}

int event_validate(const struct event_type *type, enum event_actor actor, const struct json_t *data, struct err *err)
{
        size_t bytes;

        if (!event_may_emit(type, actor))
                return err_set(err, ERR_REFUSED, "%s: the %s may not emit it", type->name, event_actor_name(actor));
        if (!json_is_object(data))
                return err_set(err, ERR_INPUT, "%s: the data is no object; expected: {\"%s\": …}", type->name,
                               type->fields[0].name);
        for (const struct event_field *field = type->fields; field->name; field++) {
                const json_t *value = json_object_get(data, field->name);

                if (!value && !field->optional)
                        return field_error(type, field, "is missing", err);
                if (value && !value_fits(field, value))
                        return field_error(type, field, "is something else", err);
        }
        if (check_either(type, data, err) < 0)
                return -1;
        bytes = json_dumpb(data, NULL, 0, JSON_COMPACT);
        if (!bytes)
                return err_set(err, ERR_INPUT, "%s: the data is nested too deeply or no UTF-8", type->name);
        if (bytes > EVENT_DATA_MAX)
                return err_set(err, ERR_INPUT, "%s: the data has %zu bytes; expected at most %zu", type->name, bytes,
                               EVENT_DATA_MAX);
        return 0;
}
