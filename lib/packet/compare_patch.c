/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two patches, file by file. What counts of a file are the lines that say what changed: added and removed ones, modes, binary
 * content; neither object ids nor where a hunk stands, so that the same change on another base is the same change.
 */
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "lib/packet/compare_internal.h"
#include "lib/packet/folder.h"

#include <string.h>

#define PATCH_MAX ((size_t)64 << 20)
#define LINES_SHOWN 200
#define LINES_KEPT 500000 /* of a patch; what comes after them counts by its digest */
#define FILES_MOST 100000
#define HEADER "diff --git "

/* "diff --git a/x b/x": the second half, since git writes the same path twice but where it quotes. */
static char *path_of(const char *line, size_t len)
{
        const char *at = line + strlen(HEADER), *end = line + len;
        const size_t rest = (size_t)(end - at);

        if (rest > 5 && at[0] == 'a' && rest % 2 == 1 && at[rest / 2] == ' ' &&
            memcmp(at + 2, at + rest / 2 + 3, rest / 2 - 2) == 0)
                return xmemdup(at + 2, rest / 2 - 2);
        return xmemdup(at, rest);
}

static bool is_meta(const char *line, size_t len)
{
        static const char *const words[] = {"new file mode ", "deleted file mode ", "old mode ", "new mode ",
                                            "Binary files ",  "literal ",           "delta ",    NULL};

        for (const char *const *word = words; *word; word++)
                if (len >= strlen(*word) && strncmp(line, *word, strlen(*word)) == 0)
                        return true;
        return false;
}

struct reading {
        json_t *files; /* PATH: {"added","removed","lines":[…]} */
        json_t *file;
        bool in_hunk, binary;
        size_t kept, beyond;
        struct hash rest; /* of the lines beyond */
};

static void count(json_t *file, const char *key)
{
        json_object_set_new(file, key, json_integer(json_integer_value(json_object_get(file, key)) + 1));
}

static void keep(struct reading *reading, const char *line, size_t len)
{
        if (reading->kept < LINES_KEPT) {
                _cleanup_free_ char *text = xmemdup(line, len);

                reading->kept++;
                json_array_append_new(json_object_get(reading->file, "lines"), json_quoted(text));
                return;
        }
        if (!reading->beyond++)
                hash_init(&reading->rest);
        hash_update(&reading->rest, line, len);
        hash_update(&reading->rest, "\n", 1);
}

static void end_file(struct reading *reading)
{
        _cleanup_free_ char *text = NULL;
        char hex[HASH_HEX];

        if (!reading->beyond)
                return;
        hash_final(&reading->rest, hex);
        text = xasprintf("and %zu more lines, sha256:%s", reading->beyond, hex);
        json_array_append_new(json_object_get(reading->file, "lines"), json_string(text));
        reading->beyond = 0;
}

static void begin_file(struct reading *reading, const char *line, size_t len)
{
        _cleanup_free_ char *path = path_of(line, len);
        _cleanup_json_ json_t *name = json_quoted(path);

        end_file(reading);
        reading->file = json_pack("{s:i,s:i,s:[]}", "added", 0, "removed", 0, "lines");
        json_object_set_new(reading->files, json_string_value(name), reading->file);
        reading->in_hunk = reading->binary = false;
}

static void take_line(struct reading *reading, const char *line, size_t len)
{
        if (len >= strlen(HEADER) && strncmp(line, HEADER, strlen(HEADER)) == 0) {
                begin_file(reading, line, len);
                return;
        }
        if (!reading->file)
                return;
        if (len >= 2 && strncmp(line, "@@", 2) == 0) {
                reading->in_hunk = true;
        } else if (reading->binary || is_meta(line, len)) {
                reading->binary |= strncmp(line, "literal ", 8) == 0 || strncmp(line, "delta ", 6) == 0;
                keep(reading, line, len);
        } else if (reading->in_hunk && len && (line[0] == '+' || line[0] == '-')) {
                count(reading->file, line[0] == '+' ? "added" : "removed");
                keep(reading, line, len);
        }
}

static json_t *read_patch(int packet, struct err *err)
{
        struct reading reading = {.files = json_object()};
        _cleanup_str_ struct str bytes = {0};
        struct err gone = ERR_INIT;
        const char *at, *end;

        if (packet_read(packet, "evidence/patch.diff", PATCH_MAX, &bytes, &gone) < 0) {
                if (gone.code == ERR_NOT_FOUND)
                        return reading.files; /* nothing was changed */
                json_decref(reading.files);
                *err = gone;
                return NULL;
        }
        at = str_text(&bytes);
        for (end = at + bytes.len; at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const size_t len = (size_t)((newline ? newline : end) - at);

                take_line(&reading, at, len);
                if (json_object_size(reading.files) > FILES_MOST) {
                        json_decref(reading.files);
                        err_set(err, ERR_INPUT, "the patch changes more than %d files", FILES_MOST);
                        return NULL;
                }
                at += len + 1;
        }
        end_file(&reading);
        return reading.files;
}

/* ---- the two ---- */

static json_t *gist(const json_t *file)
{
        _cleanup_free_ char *text = NULL;

        if (!file)
                return json_null();
        text = xasprintf("+%lld -%lld", (long long)json_integer_value(json_object_get(file, "added")),
                         (long long)json_integer_value(json_object_get(file, "removed")));
        return json_string(text);
}

/* How often each line is there; the other side's are taken away from it. */
static json_t *tally(const json_t *lines)
{
        json_t *counts = json_object(), *line;
        size_t i;

        json_array_foreach(lines, i, line) count(counts, json_string_value(line));
        return counts;
}

static json_t *only_in(const json_t *lines, const json_t *other)
{
        _cleanup_json_ json_t *left = tally(other);
        json_t *only = json_array(), *line;
        size_t i;

        json_array_foreach(lines, i, line)
        {
                const char *text = json_string_value(line);
                const json_int_t there = json_integer_value(json_object_get(left, text));

                if (there > 0)
                        json_object_set_new(left, text, json_integer(there - 1));
                else if (json_array_size(only) < LINES_SHOWN)
                        json_array_append(only, line);
        }
        return only;
}

void compare_lines(json_t *row, const json_t *first, const json_t *second)
{
        json_object_set_new(row, "only_first", only_in(first, second));
        json_object_set_new(row, "only_second", only_in(second, first));
}

static void compare_files(struct section *section, const char *path, const json_t *first, const json_t *second)
{
        _cleanup_json_ json_t *said_first = NULL, *said_second = NULL;
        json_t *row;

        if (first && second && json_equal(json_object_get(first, "lines"), json_object_get(second, "lines"))) {
                section->equal++;
                return;
        }
        said_first = gist(first);
        said_second = gist(second);
        row = section_add(section, path, said_first, said_second);
        compare_lines(row, json_object_get(first, "lines"), json_object_get(second, "lines"));
}

int compare_patch(const struct pair *pair, struct section *section, struct err *err)
{
        _cleanup_json_ json_t *first = read_patch(pair->packet[0], err);
        _cleanup_json_ json_t *second = first ? read_patch(pair->packet[1], err) : NULL;
        const char *path;
        json_t *file;

        if (!second)
                return -1;
        json_object_foreach(first, path, file) compare_files(section, path, file, json_object_get(second, path));
        json_object_foreach(second, path, file) if (!json_object_get(first, path))
                compare_files(section, path, NULL, file);
        return 0;
}
