/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/source.h"

#include "lib/base/cleanup.h"

#include <string.h>

static void add_line(struct source *source, size_t start, uint32_t number, uint32_t hunk)
{
        source->lines = xgrow(source->lines, source->len, sizeof(*source->lines));
        source->lines[source->len++] =
                (struct source_line){.start = start, .number = number, .hunk = hunk, .gap = NO_HUNK};
}

/* Every line of the text, and an empty one behind its last line's end, so that each line has a next. */
static void split(struct source *source)
{
        const char *text = str_text(&source->text), *end = text + source->text.len, *at = text;
        uint32_t number = 0;

        while (at < end) {
                const char *stop = memchr(at, '\n', (size_t)(end - at));

                add_line(source, (size_t)(at - text), ++number, NO_HUNK);
                at = stop ? stop + 1 : end;
        }
}

static void mark(struct source *source, const struct change *change, char sign)
{
        for (size_t i = 0; i < change->lines_len; i++) {
                const struct change_line *line = &change->lines[i];

                if (line->sign == sign && line->number <= source->len)
                        source->lines[line->number - 1].hunk = line->hunk;
                else if (line->sign != sign && line->place && line->place <= source->len)
                        source->lines[line->place - 1].gap = line->hunk;
        }
}

/* "$" of a pattern is before "\n" alone: a return before it becomes white space, so that each byte stays where it is. */
static void blank_returns(struct str *text)
{
        for (char *at = text->data, *end = at + text->len; at < end; at++) {
                at = memchr(at, '\r', (size_t)(end - at));
                if (!at)
                        return;
                if (at + 1 == end || at[1] == '\n')
                        *at = ' ';
        }
}

int source_open(struct source *source, const struct judgement *judgement, const struct change *change, bool new_side,
                struct err *err)
{
        const struct change_reader *reader = judgement->read;

        if (!reader)
                return err_set(err, ERR_NOT_FOUND, "its whole text is not at hand");
        if (change->text_left_out)
                return err_set(err, ERR_INPUT, "the change has more text than is kept");
        if (reader->read(reader->data, change->path, new_side, &source->text, err) < 0)
                return -1;
        if (source->text.len)
                blank_returns(&source->text);
        source->language = language_of(change->path, str_text(&source->text), source->text.len);
        source->classes = xcalloc(source->text.len + 1, 1);
        language_classify(source->language, str_text(&source->text), source->text.len, source->classes);
        split(source);
        mark(source, change, new_side ? '+' : '-');
        return 0;
}

void source_lines(struct source *source, const struct change *change, bool new_side)
{
        const char sign = new_side ? '+' : '-';
        uint32_t hunk = NO_HUNK;

        for (size_t i = 0; i < change->lines_len; i++) {
                const struct change_line *line = &change->lines[i];

                if (line->sign != sign)
                        continue;
                if (hunk != NO_HUNK && hunk != line->hunk) { /* no pattern reaches from one hunk into the next */
                        add_line(source, source->text.len, 0, NO_HUNK);
                        str_append(&source->text, "\n", 1);
                }
                hunk = line->hunk;
                add_line(source, source->text.len, line->number, hunk);
                str_append(&source->text, line->text, line->len);
                str_append(&source->text, "\n", 1);
        }
}

void source_release(struct source *source)
{
        str_release(&source->text);
        free(source->classes);
        free(source->lines);
        for (size_t i = 0; i < VIEW_COUNT; i++)
                free(source->views[i]);
        *source = (struct source){0};
}

static bool is_meant(enum view view, unsigned char class)
{
        switch (class) {
        case BYTE_COMMENT:
                return view == VIEW_COMMENT;
        case BYTE_TEXT:
                return view == VIEW_SOURCE;
        default:
                return view != VIEW_COMMENT;
        }
}

const char *source_view(struct source *source, enum view view)
{
        const char *text = str_text(&source->text);

        if (view == VIEW_RAW || !source->classes)
                return text;
        if (source->views[view])
                return source->views[view];
        source->views[view] = xmemdup(text, source->text.len);
        for (size_t i = 0; i < source->text.len; i++)
                if (text[i] != '\n' && !is_meant(view, source->classes[i]))
                        source->views[view][i] = ' ';
        return source->views[view];
}

size_t source_line_at(const struct source *source, size_t offset)
{
        size_t low = 0, high = source->len;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (source->lines[middle].start <= offset)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

const char *source_line_text(const struct source *source, size_t line, size_t *ret_len)
{
        const char *text = str_text(&source->text);
        size_t start = source->lines[line].start;
        size_t end = line + 1 < source->len ? source->lines[line + 1].start : source->text.len;

        while (end > start && (text[end - 1] == '\n' || text[end - 1] == '\r'))
                end--;
        *ret_len = end - start;
        return text + start;
}

uint32_t source_touched(const struct source *source, size_t from, size_t to)
{
        for (size_t i = from; i <= to && i < source->len; i++) {
                if (source->lines[i].hunk != NO_HUNK)
                        return source->lines[i].hunk;
                if (i < to && source->lines[i].gap != NO_HUNK)
                        return source->lines[i].gap;
        }
        return NO_HUNK;
}
