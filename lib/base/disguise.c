/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/disguise.h"

#include "lib/base/str.h"

#include <string.h>

size_t disguise_ignored(const char *text, size_t left)
{
        const unsigned char *at = (const unsigned char *)text;

        if (left < 3)
                return 0;
        if (at[0] == 0xe2 && at[1] == 0x80 && ((at[2] >= 0x8c && at[2] <= 0x8f) || (at[2] >= 0xaa && at[2] <= 0xae)))
                return 3; /* U+200C…200F, U+202A…202E */
        if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xaa && at[2] <= 0xaf)
                return 3; /* U+206A…206F */
        if (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf)
                return 3; /* U+FEFF */
        return 0;
}

static void put_name(struct str *out, const char *name, size_t len)
{
        const size_t from = out->len;

        for (size_t at = 0; at < len && name[at] != ':';) {
                const size_t skip = disguise_ignored(name + at, len - at);

                if (!skip)
                        str_putc(out, name[at] >= 'A' && name[at] <= 'Z' ? (char)(name[at] - 'A' + 'a') : name[at]);
                at += skip ? skip : 1;
        }
        while (out->len > from && (out->data[out->len - 1] == '.' || out->data[out->len - 1] == ' '))
                out->data[--out->len] = '\0';
}

char *disguise_lift(const char *path)
{
        struct str out = {0};

        for (const char *at = path;;) {
                const size_t len = strcspn(at, "/\\");

                put_name(&out, at, len);
                at += len;
                if (!*at)
                        return str_steal(&out);
                str_putc(&out, '/');
                at++;
        }
}
