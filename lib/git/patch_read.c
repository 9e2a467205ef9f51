/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: from "diff --git" to what begins the content. Each file of a patch stands by itself. */
#include "lib/git/patch_read.h"

#include "lib/base/cleanup.h"
#include "lib/git/patch_internal.h"

#include <stdlib.h>
#include <string.h>

#define UNPACKED_FREE ((uint64_t)256 << 20)
#define UNPACKED_RATIO 200

int patch_refuse(const struct patch_reader *reader, const char *why, struct err *err)
{
        return err_set(err, ERR_INPUT, "it is no patch of a packet: line %zu: %s", reader->line, why);
}

bool patch_line(struct patch_reader *reader, struct patch_line *ret)
{
        const char *newline;

        if (reader->at == reader->end)
                return false;
        newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
        ret->text = reader->at;
        ret->len = (size_t)((newline ? newline : reader->end) - reader->at);
        ret->whole = newline != NULL;
        reader->at = newline ? newline + 1 : reader->end;
        reader->line++;
        return true;
}

bool patch_peek(const struct patch_reader *reader, const char *prefix)
{
        const size_t len = strlen(prefix);

        return (size_t)(reader->end - reader->at) >= len && memcmp(reader->at, prefix, len) == 0;
}

void patch_file_release(struct patch_file *file)
{
        free(file->path);
        *file = (struct patch_file){0};
}

/* ---- Names ---- */

static int unescape(const char **at, const char *end, struct str *out)
{
        static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
        const char *found;
        unsigned value = 0;

        if (*at == end)
                return -1;
        found = **at ? strchr(letters, **at) : NULL;
        if (found) {
                str_putc(out, bytes[found - letters]);
                (*at)++;
                return 0;
        }
        for (int digit = 0; digit < 3; digit++, (*at)++) {
                if (*at == end || **at < '0' || **at > '7')
                        return -1;
                value = value * 8 + (unsigned)(**at - '0');
        }
        if (value == 0 || value > 255)
                return -1;
        str_putc(out, (char)value);
        return 0;
}

/* "a/…" in quotes, as git quotes it. */
static int quoted_name(const char *at, const char *end, struct str *out)
{
        for (at++; at < end && *at != '"';) {
                if (*at++ != '\\')
                        str_putc(out, at[-1]);
                else if (unescape(&at, end, out) < 0)
                        return -1;
        }
        return at < end ? 0 : -1;
}

/* Both names are the same: of plain ones the length says where the second begins. */
static int take_name(const struct patch_line *line, struct str *out)
{
        static const char head[] = "diff --git ";
        const char *at = line->text + strlen(head), *end = line->text + line->len;
        const size_t len = (size_t)(end - at);
        size_t half;

        if (memchr(at, '\0', len))
                return -1;
        if (len && *at == '"')
                return quoted_name(at, end, out) < 0 || strncmp(str_text(out), "a/", 2) != 0 ? -1 : 0;
        if (len < 7 || len % 2 == 0)
                return -1;
        half = len / 2;
        if (at[half] != ' ' || strncmp(at, "a/", 2) != 0 || strncmp(at + half + 1, "b/", 2) != 0 ||
            memcmp(at + 2, at + half + 3, half - 2) != 0)
                return -1;
        str_append(out, at, half);
        return 0;
}

/* ---- Headers ---- */

static int take_mode(const char *text, uint32_t *ret)
{
        static const uint32_t modes[] = {0100644, 0100755, 0120000, 0160000};
        const uint32_t mode = (uint32_t)strtoul(text, NULL, 8);

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
                if (modes[i] == mode) {
                        *ret = mode;
                        return 0;
                }
        return -1;
}

static int take_old(const char *text, struct patch_file *file)
{
        return take_mode(text, &file->old_mode);
}

static int take_new(const char *text, struct patch_file *file)
{
        return take_mode(text, &file->new_mode);
}

static int take_index(const char *text, struct patch_file *file)
{
        const size_t digits = GIT_HEX - 1;
        static const char hex[] = "0123456789abcdef";

        if (strspn(text, hex) != digits || strncmp(text + digits, "..", 2) != 0 ||
            strspn(text + digits + 2, hex) != digits)
                return -1;
        memcpy(file->old_id, text, digits);
        memcpy(file->new_id, text + digits + 2, digits);
        text += 2 * digits + 2;
        if (*text == ' ' && (take_mode(text + 1, &file->old_mode) < 0 || take_mode(text + 1, &file->new_mode) < 0))
                return -1;
        return *text == ' ' || !*text ? 0 : -1;
}

static const struct {
        const char *prefix;
        int (*take)(const char *text, struct patch_file *file);
} headers[] = {
        {"old mode ", take_old},      {"new mode ", take_new}, {"deleted file mode ", take_old},
        {"new file mode ", take_new}, {"index ", take_index},
};

/* 1: it was a header; 0: what stands here is something else. */
static int next_header(struct patch_reader *reader, struct patch_file *file)
{
        for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
                struct patch_line line;

                if (!patch_peek(reader, headers[i].prefix))
                        continue;
                if (!patch_line(reader, &line))
                        return 0;
                _cleanup_free_ char *text = xmemdup(line.text, line.len);

                return headers[i].take(text + strlen(headers[i].prefix), file) < 0 ? -1 : 1;
        }
        return 0;
}

int patch_next(struct patch_reader *reader, struct patch_file *ret, struct err *err)
{
        struct patch_file file = {0};
        _cleanup_str_ struct str name = {0};
        struct patch_line line;
        int got;

        if (reader->at == reader->end)
                return 0;
        if (!reader->line)
                reader->room = UNPACKED_FREE + UNPACKED_RATIO * (uint64_t)(reader->end - reader->at);
        if (!patch_peek(reader, "diff --git ") || !patch_line(reader, &line) || take_name(&line, &name) < 0 ||
            name.len < 3)
                return patch_refuse(reader, "no file begins here", err);
        while ((got = next_header(reader, &file)) > 0)
                continue;
        if (got < 0 || (!file.old_mode && !file.new_mode))
                return patch_refuse(reader, "a header that no packet's patch has", err);
        file.path = xstrdup(str_text(&name) + 2);
        *ret = file;
        return 1;
}
