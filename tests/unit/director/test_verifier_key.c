/* SPDX-License-Identifier: Apache-2.0 */
/* When a verdict is another run's, too: the key is about what a step sees, not about how it got there. */
#include "director/verifier_key.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];
static struct director d;
static struct plan_verifier verifier = {.run = (char *)"make test", .timeout_ms = 1000};

static void begin(void)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *command = NULL;

        snprintf(folder, sizeof(folder), "/tmp/cupel-key-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        command = xasprintf("git init -q --bare %s", folder);
        cr_assert_eq(system(command), 0);
        d = (struct director){.room = ROOM_INIT};
        plan_init(&d.plan);
        cr_assert_eq(git_start(&err), 0, "%s", err.message);
        cr_assert_eq(repo_open(folder, &d.repo, &err), 0, "%s", err.message);
}

static void end(void)
{
        _cleanup_free_ char *command = xasprintf("rm -rf %s", folder);

        repo_free(d.repo);
        plan_release(&d.plan);
        cr_assert_eq(system(command), 0);
}

TestSuite(verifier_key, .init = begin, .fini = end);

Test(verifier_key, of_the_same_is_the_same)
{
        char one[HASH_HEX], two[HASH_HEX];

        verifier_key(&d, &verifier, one);
        verifier_key(&d, &verifier, two);
        cr_assert_str_eq(one, two);
        verifier.run = (char *)"make check";
        verifier_key(&d, &verifier, two);
        cr_assert_str_neq(one, two);
}

Test(verifier_key, without_a_home_is_of_the_home_that_steps_have_then)
{
        char none[HASH_HEX], same[HASH_HEX], other[HASH_HEX];

        strv_add(&d.plan.sandbox.read, "~/tools");
        unsetenv("HOME");
        verifier_key(&d, &verifier, none);
        setenv("HOME", "/home/cupel", 1);
        verifier_key(&d, &verifier, same);
        setenv("HOME", "/home/other", 1);
        verifier_key(&d, &verifier, other);
        cr_assert_str_eq(none, same);
        cr_assert_str_neq(none, other);
}
