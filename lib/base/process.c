/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/process.h"

#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_NAME 2
#define FIELD_START 22

/* The name in field 2 may hold spaces and parentheses, so fields are counted from the last ')'. */
uint64_t process_start(pid_t pid)
{
        char path[64];
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        const char *at;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        if (fs_read_at(AT_FDCWD, path, 4096, &text, &err) < 0)
                return 0;
        at = strrchr(str_text(&text), ')');
        /* the state: one that nobody has reaped yet is dead all the same */
        if (!at || strspn(at, ") ") != 2 || strchr("ZXx", at[2]))
                return 0;
        for (int field = FIELD_NAME; at && field < FIELD_START; field++)
                at = strchr(at + 1, ' ');
        return at ? strtoull(at + 1, NULL, 10) : 0;
}

bool process_lives(pid_t pid, uint64_t start)
{
        return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) && process_start(pid) == start;
}
