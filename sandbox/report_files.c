/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An overlay's upper holds what the step wrote and nothing else. A copy (tier B and below) holds everything, so that a file which
 * is still the one that was copied, by number and time of change, counts as absent.
 */
#include "sandbox/report_files.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int open_folder(const struct site *site)
{
        _cleanup_free_ char *path =
                site->copied ? xasprintf("%s/verify", site->plan->scratch) : site_verify_upper(site);

        return open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

void report_files_begin(struct report_files *files, const struct site *site, const struct sandbox_step *step)
{
        _cleanup_fd_ int folder = -1;

        *files = REPORT_FILES_NONE;
        if (!step->reports.len || !site->copied)
                return;
        folder = open_folder(site);
        for (size_t i = 0; folder >= 0 && i < step->reports.len; i++) {
                _cleanup_fd_ int fd = fs_open_beneath(folder, step->reports.items[i], O_PATH | O_NOFOLLOW, 0);

                if (fd < 0 || fstat(fd, &files->before[i]) < 0)
                        files->before[i].st_ino = 0;
        }
}

static bool is_untouched(const struct stat *before, const struct stat *now)
{
        return before->st_ino && before->st_ino == now->st_ino && before->st_size == now->st_size &&
               before->st_ctim.tv_sec == now->st_ctim.tv_sec && before->st_ctim.tv_nsec == now->st_ctim.tv_nsec;
}

/* First as a path alone: opening a FIFO or a device is an act. */
static void take(struct report_files *files, size_t index, int folder, const char *path)
{
        _cleanup_fd_ int at = fs_open_beneath(folder, path, O_PATH | O_NOFOLLOW, 0);
        struct stat status;

        if (at < 0) {
                files->odd[index] = errno == ELOOP || errno == ENOTDIR || errno == EXDEV;
                return;
        }
        if (fstat(at, &status) < 0 || is_untouched(&files->before[index], &status))
                return;
        /* an overlay marks what was deleted with a device of number 0 */
        files->odd[index] = !S_ISREG(status.st_mode) && !(S_ISCHR(status.st_mode) && status.st_rdev == 0);
        if (!S_ISREG(status.st_mode))
                return;
        files->fds[index] = fs_open_beneath(folder, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
        files->odd[index] = files->fds[index] < 0;
}

void report_files_take(struct report_files *files, const struct site *site, const struct sandbox_step *step)
{
        _cleanup_fd_ int folder = step->reports.len ? open_folder(site) : -1;

        for (size_t i = 0; folder >= 0 && i < step->reports.len; i++)
                take(files, i, folder, step->reports.items[i]);
}

void report_files_release(struct report_files *files)
{
        for (size_t i = 0; i < SANDBOX_REPORTS_MAX; i++)
                if (files->fds[i] >= 0)
                        close(files->fds[i]);
        *files = REPORT_FILES_NONE;
}
