/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_REPORT_FILES_H
#define CUPEL_SANDBOX_REPORT_FILES_H

/*
 * The files of a VERIFY step that its client wants to read (step.reports), before what it wrote is thrown away.
 *
 *         report_files_begin(&files, &site, &step);     once its worktree stands
 *         report_files_take(&files, &site, &step);      all of it is dead: files.fds, files.odd
 *         report_files_release(&files);                 closes what was not handed on
 *
 * Only what this step wrote counts: a report that was committed, and that nobody touched, is not there. Paths are resolved
 * beneath the worktree, through no link and no mount; what is no regular file is `odd` and is not opened.
 */

#include "sandbox/client.h"
#include "sandbox/site.h"

#include <stdbool.h>
#include <sys/stat.h>

struct report_files {
        struct stat before[SANDBOX_REPORTS_MAX]; /* tier B: as the copy had it; st_ino 0: it had none */
        int fds[SANDBOX_REPORTS_MAX];            /* -1: none */
        bool odd[SANDBOX_REPORTS_MAX];
};

#define REPORT_FILES_NONE ((struct report_files){.fds = {-1, -1, -1, -1}})

void report_files_begin(struct report_files *files, const struct site *site, const struct sandbox_step *step);
void report_files_take(struct report_files *files, const struct site *site, const struct sandbox_step *step);
void report_files_release(struct report_files *files);

#endif
