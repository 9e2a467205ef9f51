/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that no tree of ours may hold. Each rule is what some file system or some git does with the name: HFS+ drops
 * code points that it ignores, NTFS cuts trailing dots and spaces and streams, knows 8.3 names and takes '\' as '/'.
 */
#include "lib/git/names.h"

#include "lib/base/disguise.h"

#include <string.h>
#include <strings.h>

static bool hfs_is(const char *name, size_t len, const char *wanted)
{
        size_t at = 0, matched = 0, wanted_len = strlen(wanted);

        while (at < len) {
                size_t skip = disguise_ignored(name + at, len - at);

                if (skip) {
                        at += skip;
                        continue;
                }
                if (matched == wanted_len || strncasecmp(name + at, wanted + matched, 1) != 0)
                        return false;
                at++;
                matched++;
        }
        return matched == wanted_len;
}

/* `wanted`, then only what NTFS drops, up to a stream, a backslash or the end. */
static bool ntfs_is(const char *name, size_t len, const char *wanted)
{
        size_t wanted_len = strlen(wanted);

        if (len < wanted_len || strncasecmp(name, wanted, wanted_len) != 0)
                return false;
        for (size_t i = wanted_len; i < len && name[i] != ':' && name[i] != '\\'; i++) {
                if (name[i] != ' ' && name[i] != '.')
                        return false;
        }
        return true;
}

static bool is_dotgit(const char *name, size_t len)
{
        if (hfs_is(name, len, ".git"))
                return true;
        for (;;) {
                const char *backslash = memchr(name, '\\', len);

                if (ntfs_is(name, len, ".git") || ntfs_is(name, len, "git~1"))
                        return true;
                if (!backslash)
                        return false;
                len -= (size_t)(backslash + 1 - name);
                name = backslash + 1;
        }
}

const char *name_refusal(const char *name, size_t len, uint32_t mode)
{
        if (len == 0)
                return "a name is empty";
        if (len > NAME_BYTES_MAX)
                return "a name is longer than 255 bytes";
        if (memchr(name, '/', len) || memchr(name, '\0', len))
                return "a name holds a slash or a zero byte";
        if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
                return "a name is \".\" or \"..\"";
        if (is_dotgit(name, len))
                return "a name is \".git\" or a disguise of it";
        if (mode == 0120000 && (hfs_is(name, len, ".gitmodules") || ntfs_is(name, len, ".gitmodules")))
                return "\".gitmodules\" is a symbolic link";
        return NULL;
}
