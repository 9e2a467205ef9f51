/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* RFC 4231, test case 2. */
Test(hash, keyed_is_hmac)
{
        char hex[HASH_HEX];

        hash_keyed("Jefe", 4, "what do ya want for nothing?", 28, hex);
        cr_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* What somebody makes longer while it is read is not read for ever. */
Test(hash, a_file_of_more_than_there_may_be_is_refused)
{
        struct err err = ERR_INIT;
        char hex[HASH_HEX], whole[HASH_HEX];
        uint64_t left = 12;
        FILE *file = tmpfile();

        cr_assert(file && fputs("0123456789", file) >= 0 && fflush(file) == 0);
        hash_bytes("0123456789", 10, whole);
        rewind(file);
        cr_assert_eq(hash_fd_within(fileno(file), &left, hex, &err), 0);
        cr_assert_str_eq(hex, whole);
        cr_assert_eq(left, 2);
        rewind(file);
        cr_assert_eq(hash_fd_within(fileno(file), &left, hex, &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
        rewind(file);
        cr_assert_eq(hash_fd(fileno(file), hex, &err), 0);
        cr_assert_str_eq(hex, whole);
        fclose(file);
}
