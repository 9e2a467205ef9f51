/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct str *out)
{
        const unsigned char *in = data;

        for (size_t i = 0; i < len; i += 3) {
                const size_t left = len - i;
                const uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                                      (left > 2 ? (uint32_t)in[i + 2] : 0);
                const char group[] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                                      left > 1 ? alphabet[bits >> 6 & 63] : '=', left > 2 ? alphabet[bits & 63] : '='};

                str_append(out, group, sizeof(group));
        }
}

static int value_of(char c)
{
        const char *at = c ? strchr(alphabet, c) : NULL;

        return at ? (int)(at - alphabet) : -1;
}

/* Four letters to one, two or three bytes. */
static int decode_group(const char *group, bool last, struct str *out)
{
        const int padding = last && group[3] == '=' ? 1 + (group[2] == '=') : 0;
        uint32_t bits = 0;

        for (int i = 0; i < 4; i++) {
                const int value = i < 4 - padding ? value_of(group[i]) : 0;

                if (value < 0)
                        return -1;
                bits = bits << 6 | (uint32_t)value;
        }
        if ((padding == 1 && bits & 0xff) || (padding == 2 && bits & 0xffff))
                return -1;
        str_append(out, (const char[]){(char)(bits >> 16), (char)(bits >> 8), (char)bits}, (size_t)(3 - padding));
        return 0;
}

int base64_decode(const char *text, size_t len, struct str *out)
{
        const size_t start = out->len;

        for (size_t i = 0; i < len; i += 4) {
                if (len - i >= 4 && decode_group(text + i, len - i == 4, out) == 0)
                        continue;
                out->len = start;
                if (out->data)
                        out->data[start] = '\0';
                return -1;
        }
        return 0;
}
