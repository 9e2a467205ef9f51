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

int process_fields(const char *stat, uint64_t ret[PROCESS_FIELDS])
{
        const char *at = strrchr(stat, ')');

        if (!at || at[1] != ' ' || !at[2])
                return -1;
        ret[PROCESS_STATE] = (unsigned char)at[2];
        at += 3;
        for (size_t field = PROCESS_STATE + 1; field < PROCESS_FIELDS; field++) {
                at += strspn(at, " ");
                if (!*at || *at == '\n')
                        return -1;
                ret[field] = strtoull(at, NULL, 10);
                at += strcspn(at, " \n");
        }
        return 0;
}

uint64_t process_start(pid_t pid)
{
        char path[64];
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        uint64_t fields[PROCESS_FIELDS];

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        if (fs_read_at(AT_FDCWD, path, 4096, &text, &err) < 0)
                return 0;
        if (process_fields(str_text(&text), fields) < 0)
                return 0;
        /* one that nobody has reaped yet is dead all the same, unless only its first thread has ended */
        if (strchr("ZXx", (int)fields[PROCESS_STATE]) && fields[PROCESS_THREADS] <= 1)
                return 0;
        return fields[PROCESS_START];
}

bool process_lives(pid_t pid, uint64_t start)
{
        return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) && process_start(pid) == start;
}
