/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TEST_LAYER_FIXTURE_H
#define CUPEL_TEST_LAYER_FIXTURE_H

/* A scratch folder with a repository in it, and a shell that knows both ($T, $R), for tests that let git judge. */

#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch[64];

__attribute__((format(printf, 1, 2))) static inline int sh(const char *format, ...)
{
        _cleanup_str_ struct str command = {0};
        char *text = NULL;
        va_list args;

        va_start(args, format);
        cr_assert(vasprintf(&text, format, args) >= 0);
        va_end(args);
        str_printf(&command, "set -e; T=%s; R=$T/repo; cd $R 2>/dev/null || cd $T; %s", scratch, text);
        free(text);
        return system(str_text(&command));
}

static inline void scratch_make(void)
{
        strcpy(scratch, "/tmp/cupel-git-XXXXXX");
        cr_assert(mkdtemp(scratch));
        setenv("HOME", scratch, 1);
        setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
        setenv("GIT_OPTIONAL_LOCKS", "0", 1);
        unsetenv("XDG_CONFIG_HOME");
        cr_assert_eq(sh("git init -q -b main $R; cd $R; git config user.name T; git config user.email t@t"), 0);
}

static inline void scratch_remove(void)
{
        sh("cd /; chmod -R u+rwX $T; rm -rf $T");
}

#endif
