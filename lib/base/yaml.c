/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML events from libyaml → a tree, in one loop without recursion: start opens a frame, end closes it, everything else
 * is added to the frame on top. All bounds are checked as events arrive, so hostile input costs no more than the bounds.
 * Fails with ERR_INPUT at the position of what it did not like; nothing of a refused document is kept.
 */
#include "lib/base/yaml.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#define BYTES_MAX ((size_t)1 << 20)
#define DEPTH_MAX 64
#define NODES_MAX 100000

struct yaml {
        char *file;
        const struct yaml_node *root;
        void **owned; /* everything that nodes point to */
        size_t owned_len, owned_cap;
        size_t nodes;
};

/* A list or map whose end has not come yet. */
struct frame {
        struct yaml_node *node;
        struct yaml_entry *entries;
        size_t cap;
        const char *key; /* of the value that comes next */
        unsigned key_line, key_column;
};

struct builder {
        struct yaml *doc;
        struct frame frames[DEPTH_MAX];
        size_t depth;
        bool document_seen, ended;
        struct err *err;
};

static const struct yaml_node nothing = {.type = YAML_NULL, .line = 1, .column = 1};

static void *own(struct yaml *doc, void *pointer)
{
        if (doc->owned_len == doc->owned_cap) {
                doc->owned_cap = doc->owned_cap ? 2 * doc->owned_cap : 64;
                doc->owned = xrealloc(doc->owned, doc->owned_cap * sizeof(*doc->owned));
        }
        doc->owned[doc->owned_len++] = pointer;
        return pointer;
}

void yaml_doc_free(struct yaml *doc)
{
        if (!doc)
                return;
        for (size_t i = 0; i < doc->owned_len; i++)
                free(doc->owned[i]);
        free(doc->owned);
        free(doc->file);
        free(doc);
}

void yaml_doc_cleanup(struct yaml **doc)
{
        yaml_doc_free(*doc);
}

/* Keys and values in messages come from the document: nothing of them may move a terminal's cursor. */
static void make_printable(char *text)
{
        unsigned char *at = (unsigned char *)text;

        for (; *at; at++) {
                bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;

                if (*at < 0x20 || *at == 0x7f)
                        *at = '?';
                else if (c1)
                        at[0] = at[1] = '?';
        }
}

static int __attribute__((format(printf, 5, 0)))
fail_at(const char *file, unsigned line, unsigned column, struct err *err, const char *format, va_list args)
{
        char what[400];

        vsnprintf(what, sizeof(what), format, args);
        make_printable(what);
        if (!line)
                return err_set(err, ERR_INPUT, "%s: %s", file, what);
        return err_set(err, ERR_INPUT, "%s:%u:%u: %s", file, line, column, what);
}

static int __attribute__((format(printf, 3, 4)))
fail_mark(struct builder *builder, const yaml_mark_t *mark, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail_at(builder->doc->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1, builder->err, format, args);
        va_end(args);
        return -1;
}

int yaml_err(const struct yaml *doc, const struct yaml_node *node, struct err *err, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail_at(doc->file, node->line, node->column, err, format, args);
        va_end(args);
        return -1;
}

static bool is_null_text(const char *text)
{
        static const char *const words[] = {"", "~", "null", "Null", "NULL"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (!strcmp(text, words[i]))
                        return true;
        return false;
}

static struct yaml_node *new_node(struct builder *builder, const yaml_event_t *event, enum yaml_type type)
{
        struct yaml_node *node;

        if (++builder->doc->nodes > NODES_MAX) {
                fail_mark(builder, &event->start_mark, "too many values; expected at most %d", NODES_MAX);
                return NULL;
        }
        node = own(builder->doc, xcalloc(1, sizeof(*node)));
        node->type = type;
        node->line = (unsigned)event->start_mark.line + 1;
        node->column = (unsigned)event->start_mark.column + 1;
        return node;
}

/* Takes the scalar as key where the map on top waits for one. 1: taken. */
static int take_key(struct builder *builder, struct frame *frame, const yaml_event_t *event)
{
        const char *text = (const char *)event->data.scalar.value;

        if (frame->node->type != YAML_MAP || frame->key)
                return 0;
        if (!*text)
                return fail_mark(builder, &event->start_mark, "an empty key; expected a name");
        frame->key = own(builder->doc, xstrdup(text));
        frame->key_line = (unsigned)event->start_mark.line + 1;
        frame->key_column = (unsigned)event->start_mark.column + 1;
        return 1;
}

static void add_value(struct builder *builder, const struct yaml_node *node)
{
        struct frame *frame;

        if (!builder->depth) {
                builder->doc->root = node;
                return;
        }
        frame = &builder->frames[builder->depth - 1];
        if (frame->node->len == frame->cap) {
                frame->cap = frame->cap ? 2 * frame->cap : 8;
                frame->entries = xrealloc(frame->entries, frame->cap * sizeof(*frame->entries));
        }
        frame->entries[frame->node->len++] = (struct yaml_entry){
                .key = frame->key, .key_line = frame->key_line, .key_column = frame->key_column, .value = node};
        frame->key = NULL;
}

static int on_scalar(struct builder *builder, const yaml_event_t *event)
{
        const char *text = (const char *)event->data.scalar.value;
        struct yaml_node *node;

        if (memchr(text, 0, event->data.scalar.length))
                return fail_mark(builder, &event->start_mark, "a NUL byte in a text; expected text");
        if (builder->depth) {
                int taken = take_key(builder, &builder->frames[builder->depth - 1], event);

                if (taken)
                        return taken < 0 ? -1 : 0;
        }
        node = new_node(builder, event, YAML_SCALAR);
        if (!node)
                return -1;
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (!node->quoted && is_null_text(text))
                node->type = YAML_NULL;
        else
                node->text = own(builder->doc, xstrdup(text));
        add_value(builder, node);
        return 0;
}

static int on_start(struct builder *builder, const yaml_event_t *event, enum yaml_type type)
{
        struct frame *top = builder->depth ? &builder->frames[builder->depth - 1] : NULL;
        struct yaml_node *node;

        if (top && top->node->type == YAML_MAP && !top->key)
                return fail_mark(builder, &event->start_mark, "a list or map as key; expected a name");
        if (builder->depth == DEPTH_MAX)
                return fail_mark(builder, &event->start_mark, "nested too deeply; expected at most %d levels",
                                 DEPTH_MAX);
        node = new_node(builder, event, type);
        if (!node)
                return -1;
        add_value(builder, node);
        builder->frames[builder->depth++] = (struct frame){.node = node};
        return 0;
}

static int compare_keys(const void *a, const void *b)
{
        const struct yaml_entry *const *x = a, *const *y = b;
        int order = strcmp((*x)->key, (*y)->key);

        return order ? order : (*x < *y ? -1 : *x > *y);
}

/* Sorted, not pairwise: a map may have as many keys as the document has bytes. */
static int refuse_duplicates(struct builder *builder, const struct frame *frame)
{
        _cleanup_free_ const struct yaml_entry **sorted = xcalloc(frame->node->len + 1, sizeof(*sorted));

        for (size_t i = 0; i < frame->node->len; i++)
                sorted[i] = &frame->entries[i];
        qsort(sorted, frame->node->len, sizeof(*sorted), compare_keys);
        for (size_t i = 1; i < frame->node->len; i++) {
                const struct yaml_entry *first = sorted[i - 1], *again = sorted[i];
                yaml_mark_t mark = {.line = again->key_line - 1, .column = again->key_column - 1};

                if (!strcmp(first->key, again->key))
                        return fail_mark(builder, &mark,
                                         "duplicate key \"%.100s\"; expected it once (first in line %u)", again->key,
                                         first->key_line);
        }
        return 0;
}

static int on_end(struct builder *builder)
{
        struct frame *frame = builder->depth ? &builder->frames[--builder->depth] : NULL;

        if (!frame)
                return err_set(builder->err, ERR_INTERNAL, "%s: an end without a beginning", builder->doc->file);
        if (frame->node->type == YAML_MAP && refuse_duplicates(builder, frame) < 0) {
                free(frame->entries);
                return -1;
        }
        if (frame->entries)
                frame->node->entries = own(builder->doc, frame->entries);
        return 0;
}

static int on_document(struct builder *builder, const yaml_event_t *event)
{
        if (builder->document_seen)
                return fail_mark(builder, &event->start_mark, "a second document; expected one");
        builder->document_seen = true;
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
                return fail_mark(builder, &event->start_mark, "a %% directive; expected plain YAML");
        return 0;
}

/* Anchors and tags are refused on every node, whether used or not. */
static int refuse_marks(struct builder *builder, const yaml_event_t *event)
{
        const yaml_char_t *anchor = NULL, *tag = NULL;

        if (event->type == YAML_SCALAR_EVENT) {
                anchor = event->data.scalar.anchor;
                tag = event->data.scalar.tag;
        } else if (event->type == YAML_SEQUENCE_START_EVENT) {
                anchor = event->data.sequence_start.anchor;
                tag = event->data.sequence_start.tag;
        } else if (event->type == YAML_MAPPING_START_EVENT) {
                anchor = event->data.mapping_start.anchor;
                tag = event->data.mapping_start.tag;
        }
        if (anchor)
                return fail_mark(builder, &event->start_mark, "an anchor (&%.40s); expected the value itself", anchor);
        if (tag)
                return fail_mark(builder, &event->start_mark, "a tag (%.40s); expected a plain value", tag);
        return 0;
}

static int on_event(struct builder *builder, const yaml_event_t *event)
{
        if (refuse_marks(builder, event) < 0)
                return -1;
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return on_scalar(builder, event);
        case YAML_SEQUENCE_START_EVENT:
                return on_start(builder, event, YAML_LIST);
        case YAML_MAPPING_START_EVENT:
                return on_start(builder, event, YAML_MAP);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return on_end(builder);
        case YAML_DOCUMENT_START_EVENT:
                return on_document(builder, event);
        case YAML_ALIAS_EVENT:
                return fail_mark(builder, &event->start_mark, "an alias (*%.40s); expected the value itself",
                                 event->data.alias.anchor);
        case YAML_STREAM_END_EVENT:
                builder->ended = true;
                return 0;
        default:
                return 0;
        }
}

static int syntax_error(struct builder *builder, const yaml_parser_t *parser)
{
        const char *problem = parser->problem ? parser->problem : "it cannot be read";

        if (parser->error == YAML_READER_ERROR)
                return err_set(builder->err, ERR_INPUT, "%s:%u:1: byte %zu: %s; expected UTF-8 text",
                               builder->doc->file, (unsigned)parser->mark.line + 1, parser->problem_offset, problem);
        return fail_mark(builder, &parser->problem_mark, "%s%s%s; expected YAML", problem, parser->context ? " " : "",
                         parser->context ? parser->context : "");
}

static int build(struct builder *builder, yaml_parser_t *parser)
{
        while (!builder->ended) {
                yaml_event_t event;
                int rc;

                if (!yaml_parser_parse(parser, &event))
                        return syntax_error(builder, parser);
                rc = on_event(builder, &event);
                yaml_event_delete(&event);
                if (rc < 0)
                        return -1;
        }
        return 0;
}

struct yaml *yaml_parse(const char *bytes, size_t len, const char *file, struct err *err)
{
        _cleanup_yaml_ struct yaml *doc = xcalloc(1, sizeof(*doc));
        struct builder builder = {.doc = doc, .err = err};
        yaml_parser_t parser;
        int rc;

        doc->file = xstrdup(file);
        doc->root = &nothing;
        if (len > BYTES_MAX) {
                err_set(err, ERR_INPUT, "%s:1:1: it has %zu bytes; expected at most 1 MiB", file, len);
                return NULL;
        }
        if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
                bytes += 3;
                len -= 3;
        }
        if (!yaml_parser_initialize(&parser)) {
                err_set(err, ERR_SYSTEM, "%s: no memory for the YAML parser", file);
                return NULL;
        }
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
        rc = build(&builder, &parser);
        yaml_parser_delete(&parser);
        while (builder.depth)
                free(builder.frames[--builder.depth].entries);
        return rc < 0 ? NULL : steal_ptr(&doc);
}

const struct yaml_node *yaml_root(const struct yaml *doc)
{
        return doc->root;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
        if (!map || map->type != YAML_MAP)
                return NULL;
        for (size_t i = 0; i < map->len; i++)
                if (!strcmp(map->entries[i].key, key))
                        return map->entries[i].value;
        return NULL;
}
