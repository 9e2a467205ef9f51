/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate file_types: what a change brings that is no text, or not the text that it looks like. Programs, compiled objects and links that
 * lead out of the tree are told from their first bytes and their targets, not from names; text that becomes none, and characters that
 * make a line look like another one, are what other gates would be blind for.
 * How grave each is, its row says (policy/gates/rules_data.c).
 */
#include "policy/gates/judgement.h"
#include "policy/gates/language.h"
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"

#include <string.h>
#include <strings.h>

#define MODE_TYPE 0170000u
#define MODE_LINK 0120000u

#define MAGIC(offset_, bytes_, rule_, what_)                                                                           \
        {                                                                                                              \
                .offset = (offset_), .bytes = (bytes_), .len = sizeof(bytes_) - 1, .rule = (rule_), .what = (what_)    \
        }
static const struct magic {
        size_t offset;
        const char *bytes;
        size_t len;
        const char *rule, *what;
} magics[] = {
        MAGIC(0, "\177ELF", "executable", "an ELF program, library or object"),
        MAGIC(0, "MZ", "executable", "a Windows program"),
        MAGIC(0, "\xfe\xed\xfa\xce", "executable", "a Mach-O program"),
        MAGIC(0, "\xfe\xed\xfa\xcf", "executable", "a Mach-O program"),
        MAGIC(0, "\xce\xfa\xed\xfe", "executable", "a Mach-O program"),
        MAGIC(0, "\xcf\xfa\xed\xfe", "executable", "a Mach-O program"),
        MAGIC(0, "\0asm", "executable", "a WebAssembly module"),
        MAGIC(0, "dex\n", "executable", "an Android program"),
        MAGIC(0, "\xca\xfe\xba\xbe", "compiled", "a compiled Java class or a Mach-O program"),
        MAGIC(0, "BC\xc0\xde", "compiled", "LLVM bitcode"),
        MAGIC(2, "\r\n", "compiled", "compiled Python"),
        MAGIC(0, "\033Lua", "compiled", "compiled Lua"),
        MAGIC(0, "!<arch>\n", "compiled", "an archive of objects"),
        MAGIC(0, "PK\3\4", "archive", "a zip archive"),
        MAGIC(0, "\x1f\x8b\x08", "archive", "a gzip file"),
        MAGIC(0, "BZh", "archive", "a bzip2 file"),
        MAGIC(0,
              "\xfd"
              "7zXZ",
              "archive", "an xz file"),
        MAGIC(0, "\x28\xb5\x2f\xfd", "archive", "a zstd file"),
        MAGIC(0, "7z\xbc\xaf\x27\x1c", "archive", "a 7z archive"),
        MAGIC(0, "Rar!\x1a\x07", "archive", "a rar archive"),
        MAGIC(0, "\xed\xab\xee\xdb", "archive", "an rpm package"),
        MAGIC(257, "ustar", "archive", "a tar archive"),
        MAGIC(0, "SQLite format 3", "database", "an SQLite database"),
        MAGIC(0, "hsqs", "archive", "a squashfs image"),
        MAGIC(0, "#!", "executable", "a script with bytes that no text has"),
};

static void find(const struct judgement *judgement, const struct change *change, const char *rule, const char *text)
{
        gate_find(judgement, &(struct gate_at){.path = change->path, .rule = rule}, text);
}

static bool starts_so(const struct magic *magic, const struct str *bytes)
{
        return bytes->len >= magic->offset + magic->len &&
               memcmp(str_text(bytes) + magic->offset, magic->bytes, magic->len) == 0;
}

/* ---- Links ---- */

static bool is_repository(const char *name, size_t len)
{
        return len == 4 && strncasecmp(name, ".git", 4) == 0;
}

/*
 * The names to the link's own folder are folders of the tree. Behind a name of the target there may be a link again, and ".." after it
 * leads nobody knows where: such a target counts as leading out.
 */
static bool leads_out(const char *path, const char *target)
{
        size_t depth = 0, down = 0;

        if (*target == '/' || *target == '\0')
                return true;
        for (const char *at = path; (at = strchr(at, '/')); at++)
                depth++;
        for (const char *at = target; *at;) {
                size_t len = strcspn(at, "/");

                if (len == 2 && memcmp(at, "..", 2) == 0) {
                        if (down || depth-- == 0)
                                return true;
                } else if (is_repository(at, len)) {
                        return true;
                } else if (len && !(len == 1 && *at == '.')) {
                        down++;
                }
                at += len + (at[len] == '/');
        }
        return false;
}

static void judge_link(const struct judgement *judgement, const struct change *change)
{
        _cleanup_str_ struct str target = {0}, text = {0};
        struct err ignored = ERR_INIT;

        if (!judgement->read ||
            judgement->read->read(judgement->read->data, change->path, true, &target, &ignored) < 0) {
                find(judgement, change, "link-out", "is a symbolic link whose target could not be read");
                return;
        }
        if (strlen(str_text(&target)) == target.len && !leads_out(change->path, str_text(&target)))
                return;
        str_puts(&text, "is a symbolic link that leads out of the tree: ");
        str_put_quoted(&text, str_text(&target), target.len < 200 ? target.len : 200);
        find(judgement, change, "link-out", str_text(&text));
}

/* ---- Files ---- */

static void say_kind(const struct judgement *judgement, const struct change *change, const struct magic *magic)
{
        _cleanup_str_ struct str text = {0};

        str_printf(&text, "is %s (%llu bytes)", magic->what, (unsigned long long)change->new_size);
        find(judgement, change, magic->rule, str_text(&text));
}

static const struct magic *kind_of(const struct str *bytes)
{
        for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
                if (starts_so(&magics[i], bytes))
                        return &magics[i];
        return NULL;
}

/* As git tells text, of the old side. What cannot be read is too large to be one. */
static bool was_text(const struct judgement *judgement, const struct change *change)
{
        _cleanup_str_ struct str bytes = {0};
        struct err ignored = ERR_INIT;

        return change->kind == CHANGE_MODIFIED && judgement->read &&
               judgement->read->read(judgement->read->data, change->path, false, &bytes, &ignored) == 0 && bytes.len &&
               !memchr(bytes.data, '\0', bytes.len < 8000 ? bytes.len : 8000);
}

static void judge_binary(const struct judgement *judgement, const struct change *change, const struct str *bytes)
{
        const struct magic *kind = kind_of(bytes);
        _cleanup_str_ struct str text = {0};

        if (kind)
                say_kind(judgement, change, kind);
        else if (was_text(judgement, change))
                find(judgement, change, "no-text-now", rule_find("no-text-now")->text);
        else if (change->kind == CHANGE_ADDED) {
                str_printf(&text, "is a new binary file (%llu bytes)", (unsigned long long)change->new_size);
                find(judgement, change, "new-binary", str_text(&text));
        }
}

/* ---- Lines ---- */

/*
 * Marks that change the direction of writing (U+202A to U+202E, U+2066 to U+2069: "Trojan Source", CVE-2021-42574), separators that
 * end a line for JavaScript alone (U+2028, U+2029), and a return within a line, which ends it for some compilers and for no gate.
 */
static bool hides(const struct change_line *line)
{
        const char *end = line->text + line->len;

        for (const char *at = line->text; (at = memchr(at, 0xe2, (size_t)(end - at))) && end - at >= 3; at++) {
                const unsigned char second = (unsigned char)at[1], third = (unsigned char)at[2];

                if ((second == 0x80 && third >= 0xa8 && third <= 0xae) ||
                    (second == 0x81 && third >= 0xa6 && third <= 0xa9))
                        return true;
        }
        return line->len && memchr(line->text, '\r', line->len - (end[-1] == '\r'));
}

static void judge_lines(const struct judgement *judgement, const struct change *change)
{
        const bool code = language_of(change->path, "", 0) != LANG_NONE;

        for (size_t i = 0; i < change->lines_len; i++) {
                const struct change_line *line = &change->lines[i];
                _cleanup_free_ char *excerpt = NULL;

                if (line->sign != '+' || !hides(line))
                        continue;
                excerpt = gate_excerpt(line->text, line->len);
                gate_find(judgement,
                          &(struct gate_at){.path = change->path,
                                            .line = line->number,
                                            .rule = code ? "hidden-text" : "hidden-text-other",
                                            .excerpt = excerpt},
                          rule_find("hidden-text")->text);
        }
}

static bool becomes_executable(const struct change *change)
{
        return change->new_mode == 0100755 && change->old_mode != 0100755;
}

static void judge_file(const struct judgement *judgement, const struct change *change)
{
        _cleanup_str_ struct str bytes = {0};
        struct err ignored = ERR_INIT;
        bool known;

        judge_lines(judgement, change);
        if (!change->binary && !becomes_executable(change))
                return;
        known = judgement->read &&
                judgement->read->read(judgement->read->data, change->path, true, &bytes, &ignored) == 0;
        if (change->binary && strcmp(change->old_id, change->new_id) != 0)
                judge_binary(judgement, change, &bytes);
        if (known && becomes_executable(change) && !kind_of(&bytes) &&
            (bytes.len < 2 || memcmp(bytes.data, "#!", 2) != 0))
                find(judgement, change, "executable-bit", "is made executable, and names no interpreter (#!)");
}

void judge_file_types(const struct judgement *judgement)
{
        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];
                uint32_t type = change->new_mode & MODE_TYPE;

                if (!change->new_mode)
                        continue;
                if (type == MODE_LINK)
                        judge_link(judgement, change);
                else if (change->new_mode == 0100644 || change->new_mode == 0100755)
                        judge_file(judgement, change);
                else
                        find(judgement, change, "file-mode", "is neither a file nor a symbolic link");
                if (change->kind == CHANGE_TYPE)
                        find(judgement, change, "type-change",
                             type == MODE_LINK ? "was no symbolic link, and is one now"
                                               : "was no file, and is one now");
        }
}
