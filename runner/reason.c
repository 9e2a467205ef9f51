/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/reason.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TAIL_BYTES 8192

static void put_exit(struct str *out, const struct sandbox_result *result)
{
        if (result->signal) {
                const char *name = sigabbrev_np(result->signal);

                str_printf(out, " was killed by signal %d%s%s", result->signal, name ? ", SIG" : "", name ? name : "");
        } else if (result->exit_code == 127) {
                str_puts(out, " exited with status 127 (a command was not found)");
        } else {
                str_printf(out, " exited with status %d", result->exit_code);
        }
}

void reason_of_end(const char *who, const struct sandbox_result *result, struct str *ret)
{
        enum sandbox_limit limit = sandbox_result_limit(result);

        str_puts(ret, who);
        if (limit != SANDBOX_LIMIT_COUNT) {
                limit_put_excess(ret, limit, &result->uses[limit]);
        } else if (result->reason == SANDBOX_REASON_KILLED) {
                str_puts(ret, " was ended by cupel");
        } else if (result->reason == SANDBOX_REASON_SETUP) {
                str_puts(ret, " could not be started: ");
                str_put_quoted(ret, result->message, strlen(result->message));
        } else {
                put_exit(ret, result);
        }
}

/* Where the last `count` lines of the text begin; a line end at the very end does not count. */
static const char *last_lines(const char *text, size_t len, unsigned count)
{
        const char *at = text + len;

        while (at > text && (at[-1] != '\n' || at == text + len || --count > 0))
                at--;
        return at;
}

static int read_end(int dirfd, const char *name, struct str *ret)
{
        _cleanup_fd_ int fd = fs_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
        char buffer[TAIL_BYTES];
        struct stat st;
        ssize_t got;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return -1;
        got = pread(fd, buffer, sizeof(buffer), st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
        if (got <= 0)
                return -1;
        str_append(ret, buffer, (size_t)got);
        return 0;
}

void reason_log_tail(int logs_dirfd, const char *name, struct strv *ret)
{
        _cleanup_str_ struct str text = {0};
        const char *at, *end;

        if (read_end(logs_dirfd, name, &text) < 0)
                return;
        end = text.data + text.len;
        for (at = last_lines(text.data, text.len, REASON_LINES); at < end;) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t line_len = (size_t)((newline ? newline : end) - at);
                size_t len = line_len && at[line_len - 1] == '\r' ? line_len - 1 : line_len; /* of a terminal */
                _cleanup_str_ struct str line = {0};

                str_printf(&line, "%s: ", name);
                str_put_quoted(&line, at, len > REASON_LINE_MAX ? REASON_LINE_MAX : len);
                if (len > REASON_LINE_MAX)
                        str_puts(&line, " …");
                if (len)
                        strv_take(ret, str_steal(&line));
                at += line_len + 1;
        }
}

/* It begins with a path, perhaps, and ends with what is wrong with that: neither is the one to go. */
static void bound(char **reason)
{
        struct str ends = {0};

        str_put_ends(&ends, *reason, REASON_MAX);
        free(*reason);
        *reason = str_steal(&ends);
}

void reasons_bound(struct strv *reasons)
{
        size_t more = reasons->len > REASONS_MAX ? reasons->len - (REASONS_MAX - 1) : 0;

        for (size_t i = 0; i < reasons->len; i++)
                bound(&reasons->items[i]);
        if (!more)
                return;
        for (size_t i = reasons->len - more; i < reasons->len; i++) {
                free(reasons->items[i]);
                reasons->items[i] = NULL;
        }
        reasons->len -= more;
        strv_take(reasons, xasprintf("and %zu more", more));
}
