/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings of .git/config are not what they were. Only the lines' shape is understood (git-config(1), "Syntax"): sections,
 * keys, no includes. Names are told, values never: a remote's address may carry a password.
 */
#include "lib/git/inside_internal.h"

#include "lib/base/cleanup.h"

#include <ctype.h>
#include <string.h>

/* Each setting is kept with its section's name, so that both bound what one file can make of itself. */
#define SECTION_MAX 256
#define SETTINGS_MAX 2000

/* [section "sub"] → "section.sub" */
static void take_section(const char *line, size_t len, struct str *section)
{
        const char *end = memrchr(line, ']', len), *quote;
        size_t inner = end ? (size_t)(end - line) - 1 : len - 1;

        str_clear(section);
        line++;
        quote = memchr(line, '"', inner);
        if (!quote) {
                str_append(section, line, inner);
                return;
        }
        for (const char *at = line; at < quote && !isspace((unsigned char)*at); at++)
                str_putc(section, *at);
        str_putc(section, '.');
        for (const char *at = quote + 1; at < line + inner && *at != '"'; at++)
                str_putc(section, *at);
}

static void cut_section(struct str *section)
{
        if (section->len > SECTION_MAX)
                section->data[section->len = SECTION_MAX] = '\0';
}

static size_t key_length(const char *line, size_t len)
{
        size_t at = 0;

        while (at < len && (isalnum((unsigned char)line[at]) || line[at] == '-'))
                at++;
        return at;
}

/* One text per setting: "section.key", a line break, the rest of the line. */
static void take_settings(const struct str *text, struct strv *ret)
{
        _cleanup_str_ struct str section = {0};
        const char *at = str_text(text), *end = at + text->len;

        while (at < end && ret->len < SETTINGS_MAX) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                const char *next = newline ? newline + 1 : end;
                size_t len = (size_t)((newline ? newline : end) - at), key;

                while (len && isspace((unsigned char)*at))
                        at++, len--;
                key = key_length(at, len);
                if (len && *at == '[')
                        take_section(at, len, &section), cut_section(&section);
                else if (key)
                        strv_add_printf(ret, "%s.%.*s\n%.*s", str_text(&section), (int)key, at, (int)len, at);
                at = next;
        }
}

void inside_config(struct inside_walk *walk)
{
        _cleanup_str_ struct str now = {0}, before = {0};
        _cleanup_strv_ struct strv settings = {0}, old = {0}, told = {0};
        enum inside_state state = inside_read(walk, "config", &now);

        if (state == INSIDE_ABSENT)
                return;
        if (state != INSIDE_READ) {
                inside_add(walk, state == INSIDE_REMOVED ? "remove" : "replace", ".git/config");
                return;
        }
        if (walk->replaced)
                return; /* git init's own; that .git is another one is told */
        inside_read_lower(walk, "config", &before);
        take_settings(&now, &settings);
        take_settings(&before, &old);
        for (size_t i = 0; i < settings.len; i++) {
                char *setting = settings.items[i];
                bool known = strv_has(&old, setting);

                *strchr(setting, '\n') = '\0';
                if (known || strv_has(&told, setting))
                        continue;
                if (told.len < INSIDE_ACTIONS_MAX)
                        strv_add(&told, setting);
                inside_add(walk, "set in .git/config:", setting);
        }
}
