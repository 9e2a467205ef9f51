/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_BASE_JUDGE_FOLDER_H
#define CUPEL_TESTS_BASE_JUDGE_FOLDER_H

/* A folder in which another program judges: TestSuite(name, .init = judge_begin, .fini = judge_end). */

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JUDGE_TEMPLATE "/tmp/unit-judge-XXXXXX"

static char judge_folder[sizeof(JUDGE_TEMPLATE)];
static int judge_at = -1;

static void judge_begin(void)
{
        memcpy(judge_folder, JUDGE_TEMPLATE, sizeof(JUDGE_TEMPLATE));
        cr_assert(mkdtemp(judge_folder) != NULL);
        judge_at = open(judge_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void judge_end(void)
{
        struct err err = ERR_INIT;
        int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        close(judge_at);
        fs_remove_tree_at(tmp, judge_folder + strlen("/tmp/"), &err);
        close(tmp);
}

static bool succeeds(const char *command)
{
        _cleanup_free_ char *line = xasprintf("cd %s && { %s; } >>out 2>&1 </dev/null", judge_folder, command);

        return system(line) == 0;
}

static void get(const char *name, struct str *ret)
{
        struct err err = ERR_INIT;

        cr_assert(fs_read_at(judge_at, name, 1 << 20, ret, &err) == 0, "%s", err.message);
}

#endif
