/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources' rows stand one after another in one long row with breaks between them; a kept fingerprint is the place of its first
 * line there, and the places are in an open hash table by the fingerprint's value. Hashes decide equality: whoever can make two
 * different lines collide could as well have changed a letter.
 */
#include "policy/gates/fingerprint.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TELLING 3   /* letters and digits that a line must have to say something */
#define SAME_MAX 32 /* places that are kept of one fingerprint: what is everywhere is nobody's */

struct source {
        char *path;
        size_t at; /* of its first line in `row` */
};

struct fingerprints {
        size_t k, w, lines;
        struct line_row row;
        struct source *sources;
        size_t sources_len;
        struct place {
                uint64_t hash; /* 0: free */
                size_t at;
        } * places;
        size_t used, cap; /* a power of two */
};

/* ---- Rows ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
        hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
        return hash ^ (hash >> 29);
}

static void put(struct line_row *row, uint64_t hash, uint32_t number)
{
        if (row->len == row->cap) {
                row->cap = row->cap ? row->cap * 2 : 64;
                row->hashes = xrealloc(row->hashes, row->cap * sizeof(*row->hashes));
                row->numbers = xrealloc(row->numbers, row->cap * sizeof(*row->numbers));
        }
        row->hashes[row->len] = hash;
        row->numbers[row->len++] = number;
}

void line_row_add(struct line_row *row, const char *text, size_t len, uint32_t number)
{
        uint64_t hash = UINT64_C(0x51ed270b0f8a7c3d);
        size_t telling = 0;

        for (size_t i = 0; i < len; i++) {
                unsigned char byte = (unsigned char)text[i];

                if (isspace(byte))
                        continue;
                telling += isalnum(byte) != 0;
                hash = mix(hash, byte);
        }
        if (telling >= TELLING && !(len >= 4 && telling == 4 && memmem(text, len, "else", 4)))
                put(row, hash ? hash : 1, number);
}

void line_row_break(struct line_row *row)
{
        if (row->len && row->hashes[row->len - 1])
                put(row, 0, 0);
}

void line_row_clear(struct line_row *row)
{
        row->len = 0;
}

void line_row_release(struct line_row *row)
{
        free(row->hashes);
        free(row->numbers);
        *row = (struct line_row){0};
}

/* ---- Winnowing ---- */

/* The hash of the k lines from `at`; 0 where a break or the end is among them. */
static uint64_t gram(const struct line_row *row, size_t at, size_t k)
{
        uint64_t hash = 1;

        if (at + k > row->len)
                return 0;
        for (size_t i = at; i < at + k; i++) {
                if (!row->hashes[i])
                        return 0;
                hash = mix(hash, row->hashes[i]);
        }
        return hash ? hash : 1;
}

/*
 * The place of the least fingerprint among the w from `at`, the last of equals. A window that a break cuts short is judged by what it
 * has: so that both sides of a match see the same full windows, and a row that is just long enough has one.
 */
static size_t least(const uint64_t *grams, size_t len, size_t at, size_t w)
{
        size_t best = at;

        for (size_t i = at; i < at + w && i < len; i++) {
                if (!grams[i])
                        break;
                if (grams[i] <= grams[best])
                        best = i;
        }
        return best;
}

static void insert(struct fingerprints *prints, uint64_t hash, size_t at);

static void grow(struct fingerprints *prints)
{
        struct place *old = prints->places;
        size_t old_cap = prints->cap;

        prints->cap = old_cap ? old_cap * 2 : 1024;
        prints->places = xcalloc(prints->cap, sizeof(*prints->places));
        prints->used = 0;
        for (size_t i = 0; i < old_cap; i++)
                if (old[i].hash)
                        insert(prints, old[i].hash, old[i].at);
        free(old);
}

static void insert(struct fingerprints *prints, uint64_t hash, size_t at)
{
        size_t slot, same = 0;

        if (prints->used * 2 >= prints->cap)
                grow(prints);
        for (slot = hash & (prints->cap - 1); prints->places[slot].hash; slot = (slot + 1) & (prints->cap - 1))
                if (prints->places[slot].hash == hash && ++same == SAME_MAX)
                        return;
        prints->places[slot] = (struct place){.hash = hash, .at = at};
        prints->used++;
}

struct fingerprints *fingerprints_new(size_t lines)
{
        struct fingerprints *prints = xcalloc(1, sizeof(*prints));

        prints->lines = lines;
        prints->k = (lines + 1) / 2;
        prints->w = lines - prints->k + 1;
        return prints;
}

void fingerprints_free(struct fingerprints *prints)
{
        if (!prints)
                return;
        for (size_t i = 0; i < prints->sources_len; i++)
                free(prints->sources[i].path);
        free(prints->sources);
        free(prints->places);
        line_row_release(&prints->row);
        free(prints);
}

void fingerprints_add(struct fingerprints *prints, const char *path, const struct line_row *row)
{
        size_t start = prints->row.len, kept = SIZE_MAX;
        _cleanup_free_ uint64_t *grams = xcalloc(row->len + 1, sizeof(*grams));

        if (row->len < prints->lines)
                return;
        prints->sources = xrealloc(prints->sources, (prints->sources_len + 1) * sizeof(*prints->sources));
        prints->sources[prints->sources_len++] = (struct source){.path = xstrdup(path), .at = start};
        for (size_t i = 0; i < row->len; i++)
                put(&prints->row, row->hashes[i], row->numbers[i]);
        line_row_break(&prints->row);
        for (size_t i = 0; i < row->len; i++)
                grams[i] = gram(row, i, prints->k);
        for (size_t i = 0; i < row->len; i++) {
                size_t best = least(grams, row->len, i, prints->w);

                if (!grams[i] || best == kept)
                        continue;
                kept = best;
                insert(prints, grams[best], start + best);
        }
}

/* ---- Asking ---- */

static const char *path_at(const struct fingerprints *prints, size_t at)
{
        size_t low = 0, high = prints->sources_len;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (prints->sources[middle].at <= at)
                        low = middle;
                else
                        high = middle;
        }
        return prints->sources[low].path;
}

/* Both ways from a common fingerprint, as far as the lines are the same; not before `from`. */
static size_t extend(const struct fingerprints *prints, const struct line_row *row, size_t from, size_t at,
                     size_t source, struct line_match *ret)
{
        const struct line_row *all = &prints->row;
        size_t back = 0, on = 0;

        while (at - back > from && source > back && row->hashes[at - back - 1] &&
               row->hashes[at - back - 1] == all->hashes[source - back - 1])
                back++;
        while (at + on < row->len && source + on < all->len && row->hashes[at + on] &&
               row->hashes[at + on] == all->hashes[source + on])
                on++;
        if (back + on < prints->lines)
                return 0;
        *ret = (struct line_match){.path = path_at(prints, source),
                                   .line = all->numbers[source - back],
                                   .first = row->numbers[at - back],
                                   .lines = back + on,
                                   .end = at + on};
        return back + on;
}

/* The longest of what begins with this fingerprint. */
static bool look(const struct fingerprints *prints, const struct line_row *row, size_t from, size_t at,
                 struct line_match *ret)
{
        uint64_t hash = gram(row, at, prints->k);
        size_t best = 0;

        if (!hash || !prints->cap)
                return false;
        for (size_t slot = hash & (prints->cap - 1); prints->places[slot].hash; slot = (slot + 1) & (prints->cap - 1)) {
                struct line_match match;

                if (prints->places[slot].hash == hash &&
                    extend(prints, row, from, at, prints->places[slot].at, &match) > best) {
                        best = match.lines;
                        *ret = match;
                }
        }
        return best > 0;
}

bool fingerprints_find(struct fingerprints *prints, const struct line_row *row, size_t from, struct line_match *ret)
{
        for (size_t at = from; at < row->len; at++)
                if (look(prints, row, from, at, ret))
                        return true;
        return false;
}
