/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/last_words.h"

#include "runner/reason.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ESCAPE '\033'
#define DEPTH_MAX 6
#define SEQUENCE_MAX ((size_t)4096) /* a longer one was none */
#define OBJECTS_MAX 50              /* lines of JSON that are looked at, from the last one back */

/* ---- control sequences ---- */

/* After "ESC [": the final byte; after "ESC ]" and the other strings: BEL or "ESC \"; else one byte (ECMA-48 5.3 to 5.6). */
static size_t sequence_length(const char *at, size_t left)
{
        size_t i = 2;

        if (left < 2)
                return left;
        left = left < SEQUENCE_MAX ? left : SEQUENCE_MAX;
        if (at[1] == '[') {
                while (i < left && (unsigned char)at[i] >= 0x20 && (unsigned char)at[i] < 0x40)
                        i++;
                return i < left ? i + 1 : left;
        }
        if (!strchr("]PX^_", at[1]))
                return 2;
        for (; i < left; i++)
                if (at[i] == '\a' || (at[i] == ESCAPE && i + 1 < left && at[i + 1] == '\\'))
                        return i + (at[i] == '\a' ? 1 : 2);
        return 2; /* it never ends: then it was none */
}

static void put_without_sequences(struct str *out, const char *bytes, size_t len)
{
        for (size_t i = 0; i < len;) {
                if (bytes[i] == ESCAPE) {
                        i += sequence_length(bytes + i, len - i);
                        continue;
                }
                if (bytes[i] == '\r')
                        str_putc(out, '\n'); /* what a terminal would write over was a line of its own */
                else if (bytes[i])
                        str_putc(out, bytes[i]);
                i++;
        }
}

/* ---- JSON ---- */

static const char *find_text(const json_t *value, unsigned depth);

static const char *find_in_object(const json_t *object, unsigned depth)
{
        static const char *const keys[] = {"result", "response", "text", "message", "content", "error", "item", "part"};
        const char *found = NULL;

        for (size_t i = 0; !found && i < sizeof(keys) / sizeof(keys[0]); i++)
                found = find_text(json_object_get(object, keys[i]), depth + 1);
        return found;
}

/* The last text of a list; a bare word in it is no text. */
static const char *find_in_array(const json_t *array, unsigned depth)
{
        const char *found = NULL;

        for (size_t i = json_array_size(array); !found && i-- > 0;)
                if (!json_is_string(json_array_get(array, i)))
                        found = find_text(json_array_get(array, i), depth + 1);
        return found;
}

static const char *find_text(const json_t *value, unsigned depth)
{
        const char *text = json_string_value(value);

        if (text)
                return text[strspn(text, " \t\r\n")] ? text : NULL;
        if (depth > DEPTH_MAX)
                return NULL;
        return json_is_object(value)  ? find_in_object(value, depth)
               : json_is_array(value) ? find_in_array(value, depth)
                                      : NULL;
}

/* 1: JSON with a text, which is added; 0: JSON without; -1: no JSON. */
static int take_json(struct str *ret, const char *bytes, size_t len)
{
        _cleanup_json_ json_t *value = len ? json_loadb(bytes, len, 0, NULL) : NULL;
        const char *text = value ? find_text(value, 0) : NULL;

        if (text)
                put_without_sequences(ret, text, strlen(text));
        return text ? 1 : value ? 0 : -1;
}

static size_t trimmed(const char *text, size_t len)
{
        while (len && strchr(" \t\r\n", text[len - 1]))
                len--;
        return len;
}

/* One object or list over several lines: from the line that is only its opening bracket. */
static void take_pretty(struct str *ret, const char *text, size_t len)
{
        unsigned tried = 0;

        for (size_t i = len; i-- > 0 && tried < OBJECTS_MAX;)
                if ((i == 0 || text[i - 1] == '\n') && (text[i] == '{' || text[i] == '[') && text[i + 1] == '\n' &&
                    (tried++, take_json(ret, text + i, len - i) >= 0))
                        return;
}

/* Line by line from the end, over objects that have no text (usage, statistics), until one has. */
static void take_lines(struct str *ret, const char *text, size_t len)
{
        int got = 0;

        for (unsigned seen = 0; got == 0 && len && seen < OBJECTS_MAX; seen++) {
                const char *newline = memrchr(text, '\n', len);
                const char *line = newline ? newline + 1 : text;

                got = take_json(ret, line, len - (size_t)(line - text));
                len = trimmed(text, (size_t)(line - text));
        }
}

/* ---- what it was told ---- */

static char *trimmed_line(const char *line, size_t len)
{
        const size_t blank = strspn(line, " \t\r") < len ? strspn(line, " \t\r") : len;

        return xmemdup(line + blank, trimmed(line + blank, len - blank));
}

static void split(const char *text, struct strv *ret)
{
        while (*text) {
                const size_t len = strcspn(text, "\n");

                strv_take(ret, trimmed_line(text, len));
                text += len + (text[len] == '\n');
        }
        strv_sort_unique(ret);
}

static int compare_line(const void *key, const void *item)
{
        return strcmp(key, *(char *const *)item);
}

static void put_own_lines(struct str *out, const char *text, const char *prompt)
{
        _cleanup_strv_ struct strv told = {0};

        split(prompt, &told);
        while (*text) {
                const size_t len = strcspn(text, "\n"), whole = len + (text[len] == '\n');
                _cleanup_free_ char *line = trimmed_line(text, len);

                if (!line[0] || !told.len || !bsearch(line, told.items, told.len, sizeof(*told.items), compare_line))
                        str_append(out, text, whole);
                text += whole;
        }
}

void last_words_take(struct last_words *words, const char *bytes, size_t len, const char *prompt)
{
        _cleanup_str_ struct str plain = {0};
        size_t end;

        put_without_sequences(&plain, bytes, len);
        put_own_lines(&words->log, str_text(&plain), prompt ? prompt : "");
        end = trimmed(str_text(&words->log), words->log.len);
        if (!end || !strchr("}]", words->log.data[end - 1]))
                return;
        take_lines(&words->text, words->log.data, end);
        if (!words->text.len)
                take_pretty(&words->text, words->log.data, end);
}

void last_words_read(struct last_words *words, int logs_dirfd, const char *name, const char *prompt)
{
        _cleanup_fd_ int fd = fs_open_beneath(logs_dirfd, name, O_RDONLY | O_NONBLOCK, 0);
        _cleanup_free_ char *buffer = NULL;
        struct stat st;
        ssize_t got;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        buffer = xcalloc(1, LAST_WORDS_BYTES);
        got = pread(fd, buffer, LAST_WORDS_BYTES,
                    st.st_size > (off_t)LAST_WORDS_BYTES ? st.st_size - (off_t)LAST_WORDS_BYTES : 0);
        if (got > 0)
                last_words_take(words, buffer, (size_t)got, prompt);
}

/* ---- for people ---- */

static void add_line(const char *name, const char *line, size_t len, struct strv *ret)
{
        _cleanup_str_ struct str text = {0};

        str_printf(&text, "%s: ", name);
        str_put_quoted(&text, line, len > REASON_LINE_MAX ? REASON_LINE_MAX : len);
        if (len > REASON_LINE_MAX)
                str_puts(&text, " …");
        strv_take(ret, str_steal(&text));
}

void last_words_reasons(const struct last_words *words, const char *name, struct strv *ret)
{
        const struct str *said = words->text.len ? &words->text : &words->log;
        const char *text = str_text(said), *lines[REASON_LINES];
        size_t lengths[REASON_LINES], count = 0, end = said->len;

        while ((end = trimmed(text, end)) && count < REASON_LINES) {
                const char *newline = memrchr(text, '\n', end);

                lines[count] = newline ? newline + 1 : text;
                lengths[count] = end - (size_t)(lines[count] - text);
                end = (size_t)(lines[count] - text);
                count++;
        }
        while (count-- > 0)
                add_line(name, lines[count], lengths[count], ret);
}

void last_words_release(struct last_words *words)
{
        str_release(&words->log);
        str_release(&words->text);
}
