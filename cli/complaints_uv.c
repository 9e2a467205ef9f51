/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complaints_uv.h"

#include "lib/base/cleanup.h"
#include "lib/base/terminal_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct complaints {
        uv_loop_t *uv;
        uv_poll_t poll;
        int fd, write_end;
        bool watched;
        size_t left;
        struct terminal *terminal;
        struct terminal_filter filter;
        struct str line; /* and what is not a whole line yet */
};

struct complaints *complaints_new(struct uv_loop_s *uv, struct terminal *terminal)
{
        struct complaints *complaints = xcalloc(1, sizeof(*complaints));

        *complaints =
                (struct complaints){.uv = uv, .fd = -1, .write_end = -1, .left = COMPLAINTS_MAX, .terminal = terminal};
        terminal_filter_init(&complaints->filter, TERMINAL_PLAIN);
        return complaints;
}

static void say_lines(struct complaints *complaints, bool end)
{
        struct str *line = &complaints->line;
        char *newline;

        if (end && line->len && line->data[line->len - 1] != '\n')
                str_putc(line, '\n');
        while (line->len && (newline = memchr(line->data, '\n', line->len))) {
                size_t len = (size_t)(newline - line->data) + 1;

                *newline = '\0';
                terminal_complain(complaints->terminal, line->data);
                line->len -= len;
                memmove(line->data, line->data + len, line->len);
        }
}

static void close_pipe(struct complaints *complaints)
{
        if (complaints->watched)
                uv_poll_stop(&complaints->poll);
        complaints->watched = false;
        cleanup_fd(&complaints->fd);
        cleanup_fd(&complaints->write_end);
        terminal_filter_end(&complaints->filter, &complaints->line);
        say_lines(complaints, true);
}

/* Everything that is there now. */
static void drain(struct complaints *complaints)
{
        char buffer[4096];
        ssize_t got;

        while (complaints->fd >= 0) {
                size_t want = complaints->left < sizeof(buffer) ? complaints->left : sizeof(buffer);

                got = want ? read(complaints->fd, buffer, want) : 0;
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 && errno == EAGAIN)
                        return;
                if (got <= 0) {
                        close_pipe(complaints);
                        return;
                }
                complaints->left -= (size_t)got;
                terminal_filter_feed(&complaints->filter, buffer, (size_t)got, &complaints->line);
                say_lines(complaints, false);
        }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
        (void)status;
        (void)events;
        drain(poll->data);
}

int complaints_pipe(struct complaints *complaints, struct err *err)
{
        int ends[2];

        if (complaints->write_end >= 0)
                return complaints->write_end;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return err_errno(err, "pipe");
        complaints->fd = ends[0];
        complaints->write_end = ends[1];
        complaints->poll.data = complaints;
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || uv_poll_init(complaints->uv, &complaints->poll, ends[0]) < 0 ||
            uv_poll_start(&complaints->poll, UV_READABLE, on_readable) < 0)
                return err_set(err, ERR_SYSTEM, "watch a pipe");
        complaints->watched = true;
        return complaints->write_end;
}

void complaints_read(struct complaints *complaints)
{
        drain(complaints);
        if (complaints->fd >= 0)
                close_pipe(complaints);
}

void complaints_free(struct complaints *complaints)
{
        str_release(&complaints->line);
        free(complaints);
}
