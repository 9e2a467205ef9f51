/* SPDX-License-Identifier: Apache-2.0 */
/* Edits as lines of a script for bash, which does as edit_do.c does. */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "tests/trees/edits.h"

#include <ctype.h>
#include <string.h>

static const char head[] =
        "# nothing is done through a symlink; what is in the way stays\n"
        "above() { local p=$1; while [ \"$p\" != \"${p%/*}\" ]; do p=${p%/*}; [ ! -L \"$p\" ] || return 1; done; }\n"
        "room() { above \"$1\" && case $1 in */*) mkdir -p -- \"${1%/*}\" 2>/dev/null ;; esac; }\n"
        "file() { [ ! -L \"$1\" ] && { [ -f \"$1\" ] || [ ! -e \"$1\" ]; }; }\n"
        "put() { room \"$1\" && file \"$1\" && printf \"$2\" >\"$1\"; }\n"
        "add() { room \"$1\" && file \"$1\" && printf \"$2\" >>\"$1\"; }\n"
        "more() { above \"$1\" && file \"$1\" && [ -e \"$1\" ] && printf \"$2\" >>\"$1\"; }\n"
        "cut_to() { above \"$1\" && file \"$1\" && [ -e \"$1\" ] && truncate -s \"$2\" -- \"$1\"; }\n"
        "mode() { above \"$1\" && [ ! -L \"$1\" ] && chmod \"$2\" -- \"$1\"; }\n"
        "new() { above \"$1\" && touch -ch -- \"$1\"; }\n"
        "gone() { above \"$1\" && rm -rf -- \"$1\"; }\n"
        "move() { above \"$1\" && room \"$2\" && mv -T -- \"$1\" \"$2\"; }\n"
        "swap() { move \"$1\" between; move \"$2\" \"$1\"; move between \"$2\"; }\n"
        "link() { room \"$1\" && { rm -f -- \"$1\"; ln -sT -- \"$2\" \"$1\"; }; }\n"
        "hard() { above \"$1\" && room \"$2\" && ln -PT -- \"$1\" \"$2\"; }\n"
        "folder() { room \"$1\" && mkdir -- \"$1\"; }\n"
        "exec 2>/dev/null\n";

/* For bash between $' and '; with `format` for printf between those. */
static void put_escaped(FILE *out, const char *text, size_t len, bool format)
{
        for (size_t i = 0; i < len; i++) {
                const unsigned char byte = (unsigned char)text[i];

                if (format && byte == '%')
                        fputs("%%", out);
                else if (byte == '\\')
                        fputs(format ? "\\\\\\\\" : "\\\\", out);
                else if (isalnum(byte) || strchr("-_./ $:,;*?![]{}()<>|&~#@^+=`\"", byte ? byte : 'x'))
                        fputc(byte, out);
                else
                        fprintf(out, format ? "\\\\%03o" : "\\%03o", byte);
        }
}

static void put_word(FILE *out, const char *text)
{
        fputs(" $'", out);
        put_escaped(out, text, strlen(text), false);
        fputc('\'', out);
}

static void put_text(FILE *out, const struct edit *edit)
{
        size_t len;
        _cleanup_free_ char *text = edit_content(edit->value, &len);

        if (len > 1000) {
                fprintf(out, " \"$(yes $'%.*s' | head -n %zu)\\n\"", (int)strcspn(text, "\n"), text,
                        len / (strcspn(text, "\n") + 1));
                return;
        }
        fputs(" $'", out);
        put_escaped(out, text, len, true);
        fputc('\'', out);
}

static void put_line(FILE *out, const char *line)
{
        fputs(" $'", out);
        put_escaped(out, line, strlen(line), true);
        fputs("\\\\n'", out);
}

static void edit_print(FILE *out, const struct edit *edit)
{
        static const char *const words[EDIT_KIND_COUNT] = {
                [EDIT_WRITE] = "put",  [EDIT_REPLACE] = "put",  [EDIT_APPEND] = "more",   [EDIT_TRUNCATE] = "cut_to",
                [EDIT_CHMOD] = "mode", [EDIT_TOUCH] = "new",    [EDIT_REMOVE] = "gone",   [EDIT_RENAME] = "move",
                [EDIT_SWAP] = "swap",  [EDIT_SYMLINK] = "link", [EDIT_HARDLINK] = "hard", [EDIT_MKDIR] = "folder",
                [EDIT_IGNORE] = "add", [EDIT_ATTRIBUTE] = "add"};

        if (edit->kind == EDIT_REPLACE) {
                fputs("gone", out);
                put_word(out, edit->path);
                fputs("; ", out);
        }
        fputs(words[edit->kind], out);
        put_word(out, edit->path);
        if (edit->other)
                put_word(out, edit->other);
        if (edit->kind == EDIT_WRITE || edit->kind == EDIT_REPLACE || edit->kind == EDIT_APPEND)
                put_text(out, edit);
        else if (edit->kind == EDIT_IGNORE)
                put_line(out, edit_ignore_line(edit->value));
        else if (edit->kind == EDIT_ATTRIBUTE)
                put_line(out, edit_attribute_line(edit->value));
        else if (edit->kind == EDIT_CHMOD)
                fprintf(out, " %o", (unsigned)edit->value);
        else if (edit->kind == EDIT_TRUNCATE)
                fprintf(out, " %u", (unsigned)edit->value % 9000);
        fputc('\n', out);
}

void edits_print_head(FILE *out)
{
        fputs(head, out);
}

void edits_print(FILE *out, const struct edits *edits)
{
        for (size_t i = 0; i < edits->len; i++)
                edit_print(out, &edits->items[i]);
}
