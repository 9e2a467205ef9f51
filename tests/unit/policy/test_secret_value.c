/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_value.h"

#include <criterion/criterion.h>
#include <string.h>

static bool made_up(const char *text)
{
        return secret_is_made_up(text, strlen(text));
}

static bool is_random(const char *text)
{
        return secret_is_random(text, strlen(text));
}

static bool password(const char *text)
{
        return secret_is_password(text, strlen(text));
}

Test(secret_value, what_somebody_made_up)
{
        static const char *const yes[] = {"AKIAIOSFODNN7EXAMPLE", "changeme",         "your-key-here", "x1234567890",
                                          "aaaaaaaaaaaaaaaaaaaa", "abababababababab", "DEADBEEF01",    "k-abcdefghij"};

        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                cr_expect(made_up(yes[i]), "%s", yes[i]);
        cr_expect_not(made_up("q7Vt2mZr9LkP4xWc8Bn3"));
        cr_expect_not(made_up(""));
        cr_expect_not(secret_is_made_up("example", 6), "only so many bytes are read");
}

Test(secret_value, mixed_as_keys_are)
{
        static const char *const yes[] = {"LcttoYIlmmhBpZT9nRy1R1hkXi82ykey", "db7316d552390ace153ea0232a829106",
                                          "q7vt2mzr9lkp4xwc8bn3h5d6"};
        static const char *const no[] = {"q7Vt2mZr9LkP",
                                         "123e4567-e89b-12d3-a456-426614174000",
                                         "getConfigurationFromEnvironment2",
                                         "https://h.invalid/q7Vt2mZr9LkP4xWc",
                                         "$TOKEN_q7Vt2mZr9LkP4xWc8Bn3",
                                         "a_name_with_many_words_in_it_1",
                                         "00000000000000000000000000000000",
                                         "process.env.q7Vt2mZr9LkP4xWc8Bn3",
                                         ""};

        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                cr_expect(is_random(yes[i]), "%s", yes[i]);
        for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
                cr_expect_not(is_random(no[i]), "%s", no[i]);
}

Test(secret_value, passwords_have_three_kinds_of_letters)
{
        cr_expect(password("q7#Vt!2mZr$9"));
        cr_expect_not(password("q7#Vt!2"), "short");
        cr_expect_not(password("correcthorsebattery"));
        cr_expect_not(password("mypassword1A"));
        cr_expect_not(password("${q7#Vt!2mZr$9}"));
        cr_expect_not(password(""));
}

Test(secret_value, spelled_is_what_words_and_numbers_make)
{
        static const char *const yes[] = {"v1.2.3-RC1-build",     "1.2.3-rc.1",     "us-west-2a",
                                          "2024-01-15T10:00:00Z", "Mon Jan 1 2024", "us-docker.pkg.dev/Proj-1/Img"};
        static const char *const no[] = {"q7#Vt!2mZr$9", "AB12-CD34-EF56", "Tr0ub4dor&3x", "Kx7-9fQ-2mZ",
                                         "aB3d-E5fG-7hJ9"};

        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                cr_expect(secret_is_spelled(yes[i], strlen(yes[i])), "%s", yes[i]);
        for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
                cr_expect_not(secret_is_spelled(no[i], strlen(no[i])), "%s", no[i]);
}
