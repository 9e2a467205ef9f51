/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines in, lines out, until the client closes one of the two. Of a line that is too long the beginning is answered once and
 * the rest skipped, so that no client makes us grow. A client's descriptors may be non-blocking: then we wait in poll(2).
 */
#include "cli/mcp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)

static int wait_for(int fd, short events)
{
        struct pollfd ready = {.fd = fd, .events = events};

        return poll(&ready, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

/* 0: all of it; 1: nobody reads any more; -1: errno. */
static int write_all(int fd, const char *bytes, size_t len)
{
        while (len) {
                ssize_t put = write(fd, bytes, len);

                if (put >= 0) {
                        bytes += put;
                        len -= (size_t)put;
                } else if (errno == EPIPE || errno == ECONNRESET) {
                        return 1;
                } else if (errno == EAGAIN ? wait_for(fd, POLLOUT) < 0 : errno != EINTR) {
                        return -1;
                }
        }
        return 0;
}

struct lines {
        struct str in, out;
        bool skipping; /* inside a line that is too long */
};

static void take_lines(struct mcp *mcp, struct lines *lines)
{
        char *at = lines->in.data, *end = at + lines->in.len, *newline;

        while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
                if (!lines->skipping)
                        mcp_line(mcp, at, (size_t)(newline - at), &lines->out);
                lines->skipping = false;
                at = newline + 1;
        }
        lines->in.len = (size_t)(end - at);
        memmove(lines->in.data, at, lines->in.len);
        if (lines->in.len <= MCP_LINE_MAX)
                return;
        if (!lines->skipping)
                mcp_line(mcp, lines->in.data, lines->in.len, &lines->out);
        lines->skipping = true;
        str_clear(&lines->in);
}

/* As write_all(), and 1 too at the end of what comes in. */
static int turn(struct mcp *mcp, struct lines *lines, int in, int out)
{
        char buffer[READ_BYTES];
        ssize_t got = read(in, buffer, sizeof(buffer));
        int written;

        if (got < 0)
                return errno == EINTR || (errno == EAGAIN && wait_for(in, POLLIN) == 0) ? 0
                       : errno == ECONNRESET                                            ? 1
                                                                                        : -1;
        if (got)
                str_append(&lines->in, buffer, (size_t)got);
        else if (!lines->skipping)
                str_putc(&lines->in, '\n'); /* the last line may lack its end */
        if (lines->in.len)
                take_lines(mcp, lines);
        written = write_all(out, str_text(&lines->out), lines->out.len);
        str_clear(&lines->out);
        return written ? written : got == 0;
}

int mcp_serve(struct mcp *mcp, int in, int out, struct err *err)
{
        struct lines lines = {0};
        int status;

        while ((status = turn(mcp, &lines, in, out)) == 0)
                ;
        if (status < 0)
                err_errno(err, "talk to the client");
        str_release(&lines.in);
        str_release(&lines.out);
        return status < 0 ? -1 : 0;
}
