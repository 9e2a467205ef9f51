/* SPDX-License-Identifier: Apache-2.0 */
#include "director/step_log.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int step_log_create(const struct director *d, const char *name, struct err *err)
{
        _cleanup_fd_ int logs_fd = fs_mkdir_open_at(d->run_fd, "logs", 0700, err);
        int fd;

        if (logs_fd < 0 || fs_remove_tree_at(logs_fd, name, err) < 0)
                return -1;
        fd = openat(logs_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? err_errno(err, "create logs/%s", name) : fd;
}

#define LAST_LINE_MAX 200

/* The last line that says something, made fit for a reason; the log ends in what went wrong more often than not. */
void step_log_put_last_line(int log_fd, struct str *out)
{
        char tail[2048];
        off_t size = lseek(log_fd, 0, SEEK_END);
        off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
        ssize_t got = size > 0 ? pread(log_fd, tail, sizeof(tail), from) : 0;
        size_t end = got > 0 ? (size_t)got : 0, start;

        while (end > 0 && strchr(" \t\r\n", tail[end - 1]))
                end--;
        for (start = end; start > 0 && tail[start - 1] != '\n'; start--)
                continue;
        if (end == start)
                return;
        str_puts(out, "; its last line: ");
        str_put_quoted(out, tail + start, end - start > LAST_LINE_MAX ? LAST_LINE_MAX : end - start);
}
