/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One agent as YAML: what a person reads to see what it will do, and puts into a file to change it. Written from the same
 * JSON that schema_read() takes back; texts of several lines as blocks, all others quoted where there is any doubt.
 */
#include "policy/policy.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <ctype.h>
#include <string.h>

#define LINE_CELLS 100
#define SAID_MAX 3

struct said { /* what each layer says of the agent; the first that agrees with a value is where it is from */
        json_t *json[SAID_MAX];
        const char *name[SAID_MAX];
        size_t len;
        const char *most; /* of whom most of it is: not remarked on */
};

static void add_said(struct said *said, const struct policy *policy, enum policy_source source, const char *name)
{
        const struct agent *agent =
                policy ? schema_list_find(&agent_schema, (const struct list *)&policy->agents, name) : NULL;

        if (!agent)
                return;
        said->json[said->len] = schema_write(&agent_schema, agent);
        said->name[said->len++] = policy_source_name(source);
        said->most = policy_source_name(source);
}

static void said_init(struct said *said, const struct policy_layers *from, const char *name)
{
        const bool kept = from->own && from->own->source != POLICY_FROM_OPTION &&
                          schema_list_find(&agent_schema, (const struct list *)&from->user->agents, name);

        *said = (struct said){0};
        if (!kept) /* the user's agents keep their names */
                add_said(said, from->own, from->own ? from->own->source : POLICY_FROM_DEFAULT, name);
        add_said(said, from->user, POLICY_FROM_USER, name);
        add_said(said, from->installed, POLICY_FROM_INSTALLED, name);
}

static void said_release(struct said *said)
{
        for (size_t i = 0; i < said->len; i++)
                json_decref(said->json[i]);
}

#define _cleanup_said_ __attribute__((cleanup(said_release)))

char *policy_agent_origin(const struct policy_layers *from, const char *name)
{
        _cleanup_said_ struct said said;
        struct str out = {0};

        said_init(&said, from, name);
        for (size_t i = 0; i < said.len; i++)
                str_printf(&out, "%s%s", i ? " + " : "", said.name[i]);
        return str_steal(&out);
}

/* Plain where no reader of YAML could take it for anything but this text. */
static bool is_plain(const char *text)
{
        static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL};
        size_t len = strlen(text);

        for (size_t i = 0; words[i]; i++)
                if (strcasecmp(text, words[i]) == 0)
                        return false;
        for (size_t i = 0; i < len; i++) {
                bool inner = i > 0 && i + 1 < len;

                if (!isalnum((unsigned char)text[i]) && !strchr("_./", text[i]) && !(inner && strchr("-+@", text[i])) &&
                    !(inner && text[i] == ' ' && text[i + 1] != ' ' && text[i + 1] != '#') &&
                    !(inner && text[i] == ':' && text[i + 1] != ' '))
                        return false;
        }
        return isalpha((unsigned char)*text) || *text == '/' || *text == '.' ? len > 1 || isalpha((unsigned char)*text)
                                                                             : false;
}

static void put_scalar(struct str *out, const json_t *value)
{
        _cleanup_free_ char *quoted = NULL;

        if (json_is_string(value) && is_plain(json_string_value(value))) {
                str_puts(out, json_string_value(value));
                return;
        }
        quoted = json_canonical(value);
        str_puts(out, quoted);
}

static void put_name(struct str *out, const char *name)
{
        _cleanup_json_ json_t *text = json_string(name);

        put_scalar(out, text);
}

/* Several lines, each with something at its first place, and one line end at the last. */
static bool is_block(const char *text)
{
        const char *end = strchr(text, '\n');
        size_t len = strlen(text);

        return end && *text != ' ' && *text != '\n' && text[len - 1] == '\n' && (len < 2 || text[len - 2] != '\n') &&
               !strchr(text, '\t');
}

static void put_block(struct str *out, const char *text, int indent)
{
        while (*text) {
                size_t len = strcspn(text, "\n");

                if (len)
                        str_printf(out, "%*s%.*s\n", indent, "", (int)len, text);
                else
                        str_putc(out, '\n');
                text += len + (text[len] != 0);
        }
}

/* As [a, b] where that fits on a line. */
static bool put_flow(struct str *out, const json_t *list, size_t room)
{
        _cleanup_str_ struct str line = {0};
        const json_t *value;
        size_t i;

        json_array_foreach((json_t *)list, i, value)
        {
                if (json_is_object(value))
                        return false;
                str_puts(&line, i ? ", " : "[");
                put_scalar(&line, value);
        }
        if (line.len + 1 > room)
                return false;
        str_printf(out, " %s]", str_text(&line));
        return true;
}

static const char *origin(const struct said *said, const char *const *path, size_t depth, const json_t *value)
{
        for (size_t i = 0; i < said->len; i++) {
                const json_t *at = said->json[i];

                for (size_t k = 0; k < depth; k++)
                        at = json_object_get(at, path[k]);
                if (at && json_equal(at, value))
                        return said->name[i];
        }
        return NULL;
}

struct writer {
        const struct said *said;
        struct str *out;
        const char *path[8];
};

static void put_remark(const struct writer *writer, size_t depth, const json_t *value)
{
        const char *whose = origin(writer->said, writer->path, depth, value);

        if (whose && whose != writer->said->most)
                str_printf(writer->out, " # %s", whose);
        str_putc(writer->out, '\n');
}

/* "{env: X}" of a list of maps, on one line. */
static void put_item(struct str *out, const json_t *value, int indent)
{
        const char *key, *separator = "{";
        const json_t *inner;

        str_printf(out, "%*s- ", indent, "");
        if (json_is_object(value)) {
                json_object_foreach((json_t *)value, key, inner)
                {
                        str_printf(out, "%s%s: ", separator, key);
                        put_scalar(out, inner);
                        separator = ", ";
                }
                str_putc(out, '}');
        } else {
                put_scalar(out, value);
        }
        str_putc(out, '\n');
}

static void put_map(struct writer *writer, const json_t *map, size_t depth);

static void put_value(struct writer *writer, const json_t *value, size_t depth, int indent)
{
        struct str *out = writer->out;
        const json_t *inner;
        size_t i;

        if (json_is_object(value)) {
                str_putc(out, '\n');
                put_map(writer, value, depth);
        } else if (json_is_string(value) && is_block(json_string_value(value))) {
                str_puts(out, " |");
                put_remark(writer, depth, value);
                put_block(out, json_string_value(value), indent + 2);
        } else if (!json_is_array(value)) {
                str_putc(out, ' ');
                put_scalar(out, value);
                put_remark(writer, depth, value);
        } else {
                if (put_flow(out, value, LINE_CELLS - (size_t)indent - 20)) {
                        put_remark(writer, depth, value);
                        return;
                }
                put_remark(writer, depth, value);
                json_array_foreach((json_t *)value, i, inner) put_item(out, inner, indent + 2);
        }
}

static void put_map(struct writer *writer, const json_t *map, size_t depth)
{
        const int indent = 4 + 2 * (int)depth;
        const char *key;
        const json_t *value;

        json_object_foreach((json_t *)map, key, value)
        {
                writer->path[depth] = key;
                str_printf(writer->out, "%*s", indent, "");
                put_name(writer->out, key);
                str_putc(writer->out, ':');
                put_value(writer, value, depth + 1, indent);
        }
}

void policy_show_agent(const struct policy_layers *from, const char *name, struct str *out)
{
        const struct agent *agent =
                schema_list_find(&agent_schema, (const struct list *)&from->effective->agents, name);
        _cleanup_free_ char *origins = policy_agent_origin(from, name);
        _cleanup_said_ struct said said;
        _cleanup_json_ json_t *json = schema_write(&agent_schema, agent);
        struct writer writer = {.said = &said, .out = out};

        said_init(&said, from, name);
        str_printf(out, "# %s", origins);
        if (said.len > 1)
                str_printf(out, "; what has no remark is the %s's", said.most);
        str_puts(out, "\nagents:\n  ");
        put_name(out, name);
        str_puts(out, ":\n");
        put_map(&writer, json, 0);
}
