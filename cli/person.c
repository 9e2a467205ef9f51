/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/person.h"

#include "lib/base/str.h"
#include "lib/base/user.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

char *person_name(uid_t uid)
{
        char *name = user_name(uid);

        return name ? name : xasprintf("%u", (unsigned)uid);
}

int person_agrees(const char *question, const char *option, struct err *err)
{
        char answer[16] = "";

        if (!isatty(STDIN_FILENO))
                return err_set(err, ERR_INPUT, "nobody to ask: standard input is no terminal; %s answers yes", option);
        fprintf(stderr, "%s [y/N] ", question);
        fflush(stderr);
        if (!fgets(answer, sizeof(answer), stdin))
                fputc('\n', stderr);
        return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}
