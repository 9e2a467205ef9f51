/* SPDX-License-Identifier: Apache-2.0 */
/* The one rule of what names an archive may hold, for who writes one and for who reads one. */
#include "lib/packet/archive.h"

#include "lib/base/cleanup.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"
#include "lib/packet/folder.h"

#include <string.h>

#define PATH_MOST 1024
#define NAME_MOST 255
#define DEPTH_MOST 40

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const struct {
        const char *name;
        enum archive_kind kind;
} parts[] = {
#define X(path, kind) {path, kind},
        ARCHIVE_PARTS(X)
#undef X
};

const char *archive_part_at(size_t index, enum archive_kind *ret_kind)
{
        if (index >= sizeof(parts) / sizeof(parts[0]))
                return NULL;
        *ret_kind = parts[index].kind;
        return parts[index].name;
}

static bool is_of(const char *text, size_t len, const char *characters)
{
        return strspn(text, characters) >= len;
}

bool archive_run_ok(const char *name)
{
        const size_t len = strlen(name);

        return len > 0 && len <= RUN_ID_MAX && name[0] != '.' && name[0] != '-' && is_of(name, len, LETTERS "._-");
}

static bool is_list(const char *name, size_t len)
{
        static const char suffix[] = ".jsonl";
        const size_t ending = sizeof(suffix) - 1;

        return len > ending && strncmp(name + len - ending, suffix, ending) == 0 &&
               is_of(name, len - ending, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

static int kind_of(const char *name, size_t len, enum archive_kind *ret)
{
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                if (strlen(parts[i].name) == len && strncmp(parts[i].name, name, len) == 0) {
                        *ret = parts[i].kind;
                        return 0;
                }
        *ret = ARCHIVE_FILE;
        return is_list(name, len) ? 0 : -1;
}

/* Printable UTF-8, without what would have to be quoted. */
static bool is_printable(const char *name, size_t len)
{
        _cleanup_str_ struct str quoted = {0};

        str_put_quoted(&quoted, name, len);
        return quoted.len == len && memcmp(quoted.data, name, len) == 0;
}

/* A bundle is what its owner has, names in old character sets and all: whoever prints one quotes it. */
static bool has_controls(const char *name, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
                        return true;
        return false;
}

static const char *name_refused(const char *name, size_t len, bool is_free)
{
        if (len == 0)
                return "an empty name";
        if (len > NAME_MOST)
                return "a name of more than 255 bytes";
        if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
                return "a name that leads elsewhere";
        if (is_free ? has_controls(name, len) : !is_printable(name, len))
                return "a name that cannot be shown as it is";
        if (!is_free && !packet_name_is_plain(name, len))
                return "a name that no file of a packet has";
        return NULL;
}

/* The part that the second name is; the names below it are judged by its kind. */
static const char *rest_refused(const char *rest)
{
        enum archive_kind kind = ARCHIVE_FILE;
        size_t depth = 0, len = strcspn(rest, "/");

        if (kind_of(rest, len, &kind) < 0)
                return "no part of a packet";
        if (kind == ARCHIVE_FILE && rest[len])
                return "a folder where a packet has a file";
        for (const char *name = rest; name; name = name[len] ? name + len + 1 : NULL) {
                const char *why;

                len = strcspn(name, "/");
                why = name_refused(name, len, kind == ARCHIVE_FREE);
                if (why)
                        return why;
                if (++depth > DEPTH_MOST)
                        return "more than 40 folders deep";
        }
        return NULL;
}

const char *archive_name_refused(const char *path)
{
        const size_t len = strcspn(path, "/");
        _cleanup_free_ char *run = xasprintf("%.*s", len > 256 ? 256 : (int)len, path);

        if (strlen(path) > PATH_MOST)
                return "a path of more than 1024 bytes";
        if (!archive_run_ok(run))
                return "not in the folder of a run";
        return path[len] ? rest_refused(path + len + 1) : NULL;
}
