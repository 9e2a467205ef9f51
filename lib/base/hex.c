/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apart from hash.c: a program that needs only this links nothing of libcrypto, which asks the processor what it is before
 * main(): 0.05 ms in a virtual machine, where CPUID traps.
 */
#include "lib/base/hash.h"

#include <string.h>
#include <sys/random.h>

void hex_encode(const void *data, size_t len, char *ret_hex)
{
        static const char digits[] = "0123456789abcdef";
        const unsigned char *bytes = data;

        for (size_t i = 0; i < len; i++) {
                ret_hex[2 * i] = digits[bytes[i] >> 4];
                ret_hex[2 * i + 1] = digits[bytes[i] & 15];
        }
        ret_hex[2 * len] = '\0';
}

bool hex_is(const char *text, size_t size)
{
        return strlen(text) == size - 1 && strspn(text, "0123456789abcdef") == size - 1;
}

int random_hex(char *ret_hex, size_t digits)
{
        unsigned char bytes[32];

        if (digits / 2 > sizeof(bytes) || getrandom(bytes, digits / 2, 0) != (ssize_t)(digits / 2))
                return -1;
        hex_encode(bytes, digits / 2, ret_hex);
        return 0;
}
