/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of edits from a number: the words they are made of, and how often each is taken. */
#include "tests/trees/edits.h"

#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

const char *const edit_kind_names[EDIT_KIND_COUNT] = {
#define X(kind, weight) #kind,
        EDIT_KINDS(X)
#undef X
};

static const uint32_t weights[EDIT_KIND_COUNT] = {
#define X(kind, weight) weight,
        EDIT_KINDS(X)
#undef X
};

/* The first are taken most: what sorts oddly beside each other, what rules and attributes name. */
static const char *const names[] = {"a",       "b",      "c.txt", "d.o",   "foo",   "foo.c",    "foo-bar", "foo0",
                                    "src",     "x.crlf", "y.id",  "z.bin", "build", "\303\251", "a b",     "\377\376",
                                    "n\nl",    "-dash",  "[x]",   "!bang", "#hash", "*star",    "tr ",     "b\\s",
                                    "q\"uote", "t\tab",  ".x",    "A",     "\303(", "foo\1",    "Makefile"};
#define OFTEN 13
/* where a .gitattributes of the base may be: names that stand for themselves in a pattern */
static const char *const plain_folders[] = {"a/", "b/", "foo/", "src/", "src/a/", "", "", ""};

static const char *const ignore_lines[] = {
        "*.o",       "!d.o",   "build/",  "/a",        "foo*",     "src/**/b", "!*",
        "**/x.crlf", "a/",     "[x]",     "\\#hash",   "\\!bang",  "foo.c ",   "foo\\ ",
        "*",         "!src/",  "/src/*",  "!/src/foo", "b/**",     "\303\251", "\377*",
        "?",         "[a-c]",  "[!a-c]*", "# no",      "",         "a b",      "n*",
        "tr\\ ",     "tr ",    "**",      "/**/a",     "a/**/b",   "foo/",     "[[:alpha:]]",
        "\\*star",   "[]x]",   "[z-a]",   "**foo",     "foo**bar", "/*",       "!/a",
        "src",       "!src",   "*.txt\t", "\\",        "[",        "a\\",      "!",
        "/",         "//",     "a//b",    "./a",       "../a",     "/foo/**",  "!foo/a",
        "*/b",       "src/*/", "**/",     "**/src/**", "[^a]",     "f?o",      "foo[.]c",
        "a[/]b",     "y.i*d",  "\\a",     "b\\\\s",    "*\\",      "!!a",      "\357\273\277a"};

static const char *const attribute_lines[] = {"* text=auto",
                                              "*.crlf text eol=crlf",
                                              "*.txt text",
                                              "*.bin -text",
                                              "*.id ident",
                                              "*.c text eol=lf",
                                              "foo* -text",
                                              "z.bin -diff -merge -text",
                                              "y.id -ident",
                                              "*.txt eol=crlf",
                                              "a text",
                                              "* -text",
                                              "* text",
                                              "*.crlf text=auto",
                                              "foo !text",
                                              "* ident",
                                              "*.o text=auto eol=crlf",
                                              "# no",
                                              "*.zip -diff",
                                              "*.c diff=cpp",
                                              "a export-ignore"};

static const char *const links[] = {"a", "src", "../a", "gone", "foo/a", ".", "/nonexistent", "b/../src"};

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
        uint64_t z = (rng->state += 0x9e3779b97f4a7c15ull); /* splitmix64 */

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return (uint32_t)((z ^ (z >> 31)) >> 33) % bound;
}

const char *edit_ignore_line(uint32_t value)
{
        return ignore_lines[value % COUNT(ignore_lines)];
}

const char *edit_attribute_line(uint32_t value)
{
        return attribute_lines[value % COUNT(attribute_lines)];
}

static const struct {
        const char *text;
        size_t len;
} contents[] = {
#define TEXT(text)                                                                                                     \
        {                                                                                                              \
                text, sizeof(text) - 1                                                                                 \
        }
        TEXT("line @\n"),
        TEXT("one @\r\ntwo\r\n"),
        TEXT("mixed @\r\nlf\n"),
        TEXT("\0bin @\r\n"),
        TEXT("$Id$ @\n"),
        TEXT("$Id: old @ $\r\n"),
        TEXT(""),
        TEXT("no end @"),
        TEXT("cr @\ronly\r"),
        TEXT("\357\273\277bom @\r\n"),
        TEXT("dos end @\r\n\032"),
        TEXT("@\r\r\n"),
        TEXT("$Id: no end @\n$Id: two $ $Id$\n"),
        TEXT("\1\2\3\4 @\r\n"),
        TEXT("\r\n"),
        TEXT("\r"),
        TEXT("\n"),
        TEXT("$Id"),
        TEXT("\303\251 @\r\n\377\r\n"),
        TEXT("x\032@\r\n"),
#undef TEXT
};

char *edit_content(uint32_t value, size_t *ret_len)
{
        const bool large = value % 199 == 198;
        struct str out = {0};

        do {
                const uint32_t which = large ? 0 : value % COUNT(contents);

                for (size_t i = 0; i < contents[which].len; i++)
                        if (contents[which].text[i] == '@')
                                str_printf(&out, "%u", (unsigned)(value / COUNT(contents) % 7));
                        else
                                str_putc(&out, contents[which].text[i]);
        } while (large && out.len < (1 << 20) + 4096);
        *ret_len = out.len;
        return str_steal(&out);
}

static char *new_path(struct rng *rng)
{
        static const unsigned depths[] = {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4};
        struct str out = {0};

        for (unsigned left = depths[rng_below(rng, COUNT(depths))]; left; left--)
                str_printf(&out, "%s%s", names[rng_below(rng, rng_below(rng, 4) ? OFTEN : COUNT(names))],
                           left > 1 ? "/" : "");
        return str_steal(&out);
}

/* A path that some edit made, or a folder above it; now and then any. */
static char *known_path(struct rng *rng, const struct edits *base, const struct edits *edits)
{
        const size_t all = base->len + edits->len, at = all ? rng_below(rng, (uint32_t)all) : 0;
        const struct edit *edit;
        char *path, *slash;

        if (!all || rng_below(rng, 5) == 0)
                return new_path(rng);
        edit = at < base->len ? &base->items[at] : &edits->items[at - base->len];
        path = xstrdup(edit->kind == EDIT_RENAME && rng_below(rng, 2) ? edit->other : edit->path);
        while (rng_below(rng, 4) == 0 && (slash = strrchr(path, '/')))
                *slash = '\0';
        return path;
}

static struct edit *add(struct edits *edits, enum edit_kind kind, char *path)
{
        edits->items = xgrow(edits->items, edits->len, sizeof(*edits->items));
        edits->items[edits->len] = (struct edit){.kind = kind, .path = path};
        return &edits->items[edits->len++];
}

static char *file_in(struct rng *rng, const struct edits *base, const struct edits *edits, const char *name)
{
        char *path = rng_below(rng, 3) ? known_path(rng, base, edits) : xstrdup("");
        char *slash = strrchr(path, '/'), *file;

        if (slash)
                *slash = '\0';
        file = slash && *path ? xasprintf("%s/%s", path, name) : xstrdup(name);
        free(path);
        return file;
}

static void add_base_file(struct rng *rng, struct edits *ret)
{
        static const struct edits none = {0};
        const uint32_t what = rng_below(rng, 20);
        const uint32_t folder = rng_below(rng, COUNT(plain_folders));
        struct edit *edit;

        if (what == 0)
                edit = add(ret, EDIT_SYMLINK, new_path(rng));
        else if (what <= 2)
                edit = add(ret, EDIT_IGNORE, file_in(rng, &none, ret, ".gitignore"));
        else if (what <= 4)
                edit = add(ret, EDIT_ATTRIBUTE, xasprintf("%s.gitattributes", plain_folders[folder]));
        else if (what == 5)
                edit = add(ret, EDIT_CHMOD, known_path(rng, &none, ret));
        else
                edit = add(ret, EDIT_WRITE, new_path(rng));
        edit->value = what == 5 ? 0755 : rng_below(rng, 100000);
        if (what == 0)
                edit->other = xstrdup(links[rng_below(rng, COUNT(links))]);
}

void edits_base(struct rng *rng, struct edits *ret)
{
        for (uint32_t left = 2 + rng_below(rng, 22); left; left--)
                add_base_file(rng, ret);
}

static enum edit_kind any_kind(struct rng *rng)
{
        uint32_t sum = 0, at;
        enum edit_kind kind = 0;

        for (size_t i = 0; i < EDIT_KIND_COUNT; i++)
                sum += weights[i];
        for (at = rng_below(rng, sum); at >= weights[kind]; kind++)
                at -= weights[kind];
        return kind;
}

static void add_edit(struct rng *rng, const struct edits *base, struct edits *ret)
{
        static const uint32_t modes[] = {0644, 0755, 0600, 0700, 0444, 0555, 0711, 0640, 04755, 0654, 0645};
        const enum edit_kind kind = any_kind(rng);
        const bool rules = kind == EDIT_IGNORE || kind == EDIT_ATTRIBUTE;
        char *other = NULL, *path;
        struct edit *edit;

        if (rules)
                path = file_in(rng, base, ret, kind == EDIT_IGNORE ? ".gitignore" : ".gitattributes");
        else
                path = known_path(rng, base, ret);
        if (kind == EDIT_SYMLINK)
                other = xstrdup(links[rng_below(rng, COUNT(links))]);
        if (kind == EDIT_RENAME || kind == EDIT_SWAP || kind == EDIT_HARDLINK)
                other = rng_below(rng, 2) ? new_path(rng) : known_path(rng, base, ret);
        edit = add(ret, kind, path);
        edit->other = other;
        edit->value = kind == EDIT_CHMOD ? modes[rng_below(rng, COUNT(modes))] : rng_below(rng, 100000);
}

void edits_make(struct rng *rng, const struct edits *base, struct edits *ret)
{
        for (uint32_t left = 1 + rng_below(rng, rng_below(rng, 3) ? 8 : 24); left; left--)
                add_edit(rng, base, ret);
}

void edits_release(struct edits *edits)
{
        for (size_t i = 0; i < edits->len; i++) {
                free(edits->items[i].path);
                free(edits->items[i].other);
        }
        free(edits->items);
        *edits = (struct edits){0};
}

static bool is_attributes(const char *path)
{
        const size_t len = strlen(path), name = strlen(".gitattributes");

        return len >= name && strcmp(path + len - name, ".gitattributes") == 0;
}

static bool is_above(const char *folder, const char *path)
{
        const size_t len = strlen(folder);

        return strncmp(path, folder, len) == 0 && path[len] == '/';
}

bool edits_touch_attributes(const struct edits *base, const struct edits *edits)
{
        for (size_t i = 0; i < edits->len; i++) {
                const char *path = edits->items[i].path, *other = edits->items[i].other;

                if (is_attributes(path) || (other && is_attributes(other)))
                        return true;
                for (size_t b = 0; b < base->len; b++)
                        if (is_attributes(base->items[b].path) &&
                            (is_above(path, base->items[b].path) || (other && is_above(other, base->items[b].path))))
                                return true;
        }
        return false;
}
