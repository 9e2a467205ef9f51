/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/attributes.h"

#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "policy/gate.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1000 /* folders with changes; what is beyond has the attributes of none */
#define BLANKS " \t\r"

struct attribute_file {
        char *folder; /* "" or "src/" */
        struct str text;
};

static const struct attribute_file *file_of(struct attributes *attributes, const char *path, size_t folder_len)
{
        struct err ignored = ERR_INIT;
        struct attribute_file *file;
        _cleanup_free_ char *name = NULL;

        for (size_t i = 0; i < attributes->len; i++)
                if (strncmp(attributes->files[i].folder, path, folder_len) == 0 &&
                    attributes->files[i].folder[folder_len] == '\0')
                        return &attributes->files[i];
        if (attributes->len == FILES_MAX)
                return NULL;
        attributes->files = xrealloc(attributes->files, (attributes->len + 1) * sizeof(*attributes->files));
        file = &attributes->files[attributes->len++];
        *file = (struct attribute_file){.folder = xasprintf("%.*s", (int)folder_len, path)};
        name = xasprintf("%s.gitattributes", file->folder);
        if (attributes->read->read(attributes->read->data, name, false, &file->text, &ignored) < 0)
                str_clear(&file->text);
        return file;
}

/* One word of a line: name, -name, !name or name=value. */
static void take_word(const char *word, size_t len, const char *name, struct str *value, bool *named)
{
        size_t name_len = strlen(name);
        char sign = len && (*word == '-' || *word == '!') ? *word : '\0';
        const char *at = word + (sign != 0);
        size_t rest = len - (sign != 0);

        if (rest < name_len || memcmp(at, name, name_len) != 0 || (rest > name_len && at[name_len] != '='))
                return;
        str_clear(value);
        *named = sign != '!';
        if (sign == '-')
                str_putc(value, '-');
        else if (rest > name_len)
                str_append(value, at + name_len + 1, rest - name_len - 1);
}

static void take_line(const char *line, const char *folder, const char *path, const char *name, struct str *value,
                      bool *named)
{
        size_t pattern = strcspn(line, BLANKS);
        _cleanup_free_ char *glob = xasprintf("%.*s", (int)pattern, line);
        _cleanup_ignore_ struct ignore rule = {0};

        if (!pattern || *line == '#' || *line == '[' || *line == '!')
                return;
        ignore_add(&rule, folder, glob);
        if (ignore_match(&rule, path, false) != IGNORE_YES)
                return;
        for (const char *at = line + pattern; *(at += strspn(at, BLANKS));) {
                size_t len = strcspn(at, BLANKS);

                take_word(at, len, name, value, named);
                at += len;
        }
}

static void take_file(const struct attribute_file *file, const char *path, const char *name, struct str *value,
                      bool *named)
{
        for (const char *at = str_text(&file->text); *at;) {
                size_t len = strcspn(at, "\n");
                _cleanup_free_ char *line = xasprintf("%.*s", (int)len, at);

                if (strstr(line, name))
                        take_line(line + strspn(line, BLANKS), file->folder, path, name, value, named);
                at += len + (at[len] == '\n');
        }
}

const char *attributes_of(struct attributes *attributes, const char *path, const char *name)
{
        bool named = false;

        if (!attributes->read)
                return NULL;
        str_clear(&attributes->value);
        for (size_t len = 0; path[len]; len++) {
                const struct attribute_file *file = len && path[len - 1] != '/' ? NULL : file_of(attributes, path, len);

                if (file)
                        take_file(file, path, name, &attributes->value, &named);
        }
        return named ? str_text(&attributes->value) : NULL;
}

void attributes_release(struct attributes *attributes)
{
        for (size_t i = 0; i < attributes->len; i++) {
                free(attributes->files[i].folder);
                str_release(&attributes->files[i].text);
        }
        free(attributes->files);
        str_release(&attributes->value);
        *attributes = (struct attributes){0};
}
