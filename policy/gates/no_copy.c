/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate no_copy: added text that repeats lines of files that the policy names (no_copy.from), wherever it puts them. Read are those
 * files of the base alone, only where the policy names some, and up to a bound; what lies beyond is said. A line that this change
 * removes is no source: what moved is no copy. Neither are the comments that a file begins with: a licence is in all of them.
 */
#include "policy/gates/fingerprint.h"
#include "policy/gates/head.h"
#include "policy/gates/judgement.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX ((size_t)20000)
#define BYTES_MAX ((size_t)64 << 20)

struct sources {
        const struct judgement *judgement;
        struct ignore globs;
        struct fingerprints *prints;
        struct line_row row;
        struct str text;
        size_t files, bytes;
        size_t unread; /* files that could not be looked at, or lie beyond the bounds */
};

/* The removed lines come in order: `at` goes along with the lines of the file. */
static bool is_removed(const struct change *change, size_t *at, uint32_t number)
{
        if (!change)
                return false;
        while (*at < change->lines_len && (change->lines[*at].sign != '-' || change->lines[*at].number < number))
                (*at)++;
        return *at < change->lines_len && change->lines[*at].number == number;
}

static void add_source(struct sources *sources, const char *path)
{
        const struct change *change = change_list_find(sources->judgement->changes, path);
        const char *at = str_text(&sources->text), *end = at + sources->text.len;
        struct head head = {0};
        uint32_t number = 1;
        size_t removed = 0;

        line_row_clear(&sources->row);
        for (; at < end; number++) {
                const char *eol = memchr(at, '\n', (size_t)(end - at));
                size_t len = eol ? (size_t)(eol - at) : (size_t)(end - at);

                if (is_removed(change, &removed, number))
                        line_row_break(&sources->row);
                else if (!head_line(&head, at, len))
                        line_row_add(&sources->row, at, len, number);
                at += len + 1;
        }
        fingerprints_add(sources->prints, path, &sources->row);
}

static void take(void *data, const char *path)
{
        struct sources *sources = data;
        const struct change_reader *read = sources->judgement->read;
        struct err ignored = ERR_INIT;

        if (!ignore_covers(&sources->globs, path, false))
                return;
        if (++sources->files > FILES_MAX || sources->bytes > BYTES_MAX ||
            read->read(read->data, path, false, &sources->text, &ignored) < 0) {
                sources->unread++;
                return;
        }
        sources->bytes += sources->text.len;
        if (!memchr(str_text(&sources->text), '\0', sources->text.len < 8000 ? sources->text.len : 8000))
                add_source(sources, path);
}

static bool enter(void *data, const char *folder)
{
        const struct sources *sources = data;

        return ignore_may_cover_below(&sources->globs, folder);
}

static void say(const struct judgement *judgement, const struct change *change, const struct line_match *match)
{
        _cleanup_str_ struct str text = {0};

        str_printf(&text, "repeats %zu lines from line %u on that are in ", match->lines, match->first);
        str_put_quoted(&text, match->path, strlen(match->path));
        str_printf(&text, ", line %u (no_copy): use or cite what is there", match->line);
        gate_find(judgement, &(struct gate_at){.path = change->path, .line = match->first, .rule = "no-copy"},
                  str_text(&text));
}

/* Added lines are in a row where no other line of the new file is between them. */
static void judge_change(const struct judgement *judgement, const struct change *change, struct sources *sources)
{
        struct line_match match;
        struct head head = {0};
        uint32_t next = 1;

        line_row_clear(&sources->row);
        for (size_t i = 0; i < change->lines_len; i++) {
                const struct change_line *line = &change->lines[i];

                if (line->sign != '+')
                        continue;
                if (line->number != next) {
                        line_row_break(&sources->row);
                        head.over = true;
                }
                if (!head_line(&head, line->text, line->len))
                        line_row_add(&sources->row, line->text, line->len, line->number);
                next = line->number + 1;
        }
        for (size_t from = 0; fingerprints_find(sources->prints, &sources->row, from, &match); from = match.end)
                say(judgement, change, &match);
}

static void judge_all(const struct judgement *judgement, struct sources *sources)
{
        const struct change_reader *read = judgement->read;
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        if (!read || !read->list || read->list(read->data, enter, take, sources, &err) < 0) {
                gate_find(judgement, NULL, "what no_copy.from names could not be read, so nothing was compared");
                return;
        }
        for (size_t i = 0; i < judgement->changes->len; i++)
                judge_change(judgement, &judgement->changes->items[i], sources);
        if (!sources->unread)
                return;
        str_printf(&text, "%zu files of no_copy.from were not compared: too large, or more than %zu files or %zu MiB",
                   sources->unread, FILES_MAX, BYTES_MAX >> 20);
        gate_find(judgement, &(struct gate_at){.rule = "no-copy-bounds"}, str_text(&text));
}

void judge_no_copy(const struct judgement *judgement)
{
        const struct plan *plan = judgement->plan;
        struct sources sources = {.judgement = judgement};

        if (!plan->no_copy.from.len || !judgement->changes->lines_added)
                return;
        sources.globs = judgement_rules(&plan->no_copy.from);
        sources.prints = fingerprints_new((size_t)plan->no_copy.lines);
        judge_all(judgement, &sources);
        fingerprints_free(sources.prints);
        ignore_release(&sources.globs);
        line_row_release(&sources.row);
        str_release(&sources.text);
}
