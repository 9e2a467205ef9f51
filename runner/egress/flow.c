/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/flow.h"

#include "runner/egress/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of all flows. The kernel counts the pages of a user's pipes, and gives his other programs less when they are many. */
static unsigned big_pipes;

static void close_pipe(struct flow *flow)
{
        for (int i = 0; i < 2; i++) {
                if (flow->pipe[i] >= 0)
                        close(flow->pipe[i]);
                flow->pipe[i] = -1;
        }
        flow->piped = 0;
        big_pipes -= flow->big;
        flow->big = false;
}

void flow_release(struct flow *flow)
{
        close_pipe(flow);
        http_chunked_free(flow->chunked);
        str_release(&flow->in);
        str_release(&flow->out);
        *flow = FLOW_INIT;
}

void flow_body(struct flow *flow, enum http_body body, uint64_t length, bool bare)
{
        http_chunked_free(flow->chunked);
        flow->chunked = body == HTTP_BODY_CHUNKED ? http_chunked_new(bare) : NULL;
        flow->body = body;
        flow->left = length;
        flow->done = false;
}

void flow_begin(struct flow *flow, int from, int to, enum http_body body, uint64_t length, bool bare)
{
        flow_body(flow, body, length, bare);
        flow->from = from;
        flow->to = to;
        flow->got = flow->put = 0;
        flow->eof = flow->wants_read = flow->wants_write = false;
        flow->fault = FLOW_FINE;
        flow->why = NULL;
}

void flow_forget_input(struct flow *flow)
{
        str_release(&flow->in);
        flow->in_used = 0;
}

/* A sender who is always a piece of the next request ahead shall not make the buffer grow. */
static void drop_used(struct flow *flow)
{
        flow->in.len -= flow->in_used;
        memmove(flow->in.data, flow->in.data + flow->in_used, flow->in.len + 1);
        flow->in_used = 0;
}

void flow_use(struct flow *flow, size_t len)
{
        flow->in_used += len;
        if (flow->in_used == flow->in.len)
                flow_forget_input(flow); /* an idle connection holds no buffers */
        else if (flow->in_used >= PIECE_MAX)
                drop_used(flow);
}

static int fail(struct flow *flow, enum flow_fault fault, const char *why)
{
        flow->fault = fault;
        flow->why = why;
        return -1;
}

static int fail_socket(struct flow *flow, enum flow_fault side)
{
        return fail(flow, side,
                    errno == ECONNRESET || errno == EPIPE ? "the connection was reset" : strerrordesc_np(errno));
}

static int fail_budget(struct flow *flow)
{
        return fail(flow, FLOW_BUDGET, "the run's byte budget is used up");
}

int flow_flush(struct flow *flow)
{
        while (flow->out_sent < flow->out.len) {
                ssize_t put = send(flow->to, flow->out.data + flow->out_sent, flow->out.len - flow->out_sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);

                if (put < 0 && errno == EAGAIN)
                        return 0;
                if (put < 0 && errno != EINTR)
                        return fail_socket(flow, FLOW_TO);
                if (put > 0) {
                        flow->out_sent += (size_t)put;
                        flow->put += (uint64_t)put;
                }
        }
        str_release(&flow->out);
        flow->out_sent = 0;
        return 1;
}

static size_t within_budget(struct sink *sink, uint64_t wanted)
{
        uint64_t left = sink_bytes_left(sink);

        return (size_t)(wanted < left ? wanted : left);
}

ssize_t flow_fill(struct flow *flow, struct sink *sink)
{
        char piece[16384];
        size_t room = sink ? within_budget(sink, sizeof(piece)) : sizeof(piece);
        ssize_t got;

        if (!room)
                return fail_budget(flow);
        do {
                got = recv(flow->from, piece, room, MSG_DONTWAIT);
        } while (got < 0 && errno == EINTR);
        if (got < 0)
                return errno == EAGAIN ? -1 : fail_socket(flow, FLOW_FROM);
        flow->eof = got == 0;
        flow->got += (uint64_t)got;
        if (sink)
                sink_bytes(sink, (uint64_t)got);
        str_append(&flow->in, piece, (size_t)got);
        return got;
}

ssize_t flow_fill_line(struct flow *flow, struct sink *sink)
{
        for (;;) {
                size_t before = flow->in.len;
                ssize_t got = flow_fill(flow, sink);

                if (got <= 0 || flow->in.len - flow->in_used > HEAD_MAX ||
                    memchr(flow->in.data + before, '\n', (size_t)got))
                        return got;
        }
}

/* ---- through the kernel ---- */

static int open_pipe(struct flow *flow)
{
        if (flow->pipe[0] < 0) {
                if (pipe2(flow->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
                        return fail(flow, FLOW_MACHINE, "no descriptors are left");
                fcntl(flow->pipe[1], F_SETPIPE_SZ, PIPE_SMALL);
        }
        /* A wider pipe moves more per call; where there is none to be had, the small one does. */
        if (!flow->big && flow->got > PIPE_AFTER && big_pipes < PIPES_BIG_MAX &&
            fcntl(flow->pipe[1], F_SETPIPE_SZ, PIPE_BIG) > 0) {
                flow->big = true;
                big_pipes++;
        }
        return 0;
}

/* 1: moved some or met the end; 0: nothing there now; -1: fault. */
static int pump_in(struct flow *flow, struct sink *sink)
{
        uint64_t most = flow->body == HTTP_BODY_LENGTH && flow->left < PIPE_BIG ? flow->left : PIPE_BIG;
        size_t room = within_budget(sink, most);
        ssize_t got;

        if (!room)
                return fail_budget(flow);
        if (open_pipe(flow) < 0)
                return -1;
        got = splice(flow->from, NULL, flow->pipe[1], NULL, room, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : fail_socket(flow, FLOW_FROM);
        flow->eof = got == 0;
        flow->piped += (size_t)got;
        flow->got += (uint64_t)got;
        if (flow->body == HTTP_BODY_LENGTH)
                flow->left -= (uint64_t)got;
        sink_bytes(sink, (uint64_t)got);
        return 1;
}

/* 1: the pipe is empty; 0: the receiver is full; -1: fault. */
static int pump_out(struct flow *flow)
{
        while (flow->piped) {
                ssize_t put =
                        splice(flow->pipe[0], NULL, flow->to, NULL, flow->piped, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

                if (put < 0 && errno == EAGAIN)
                        return 0;
                if (put < 0 && errno != EINTR)
                        return fail_socket(flow, FLOW_TO);
                if (put > 0) {
                        flow->piped -= (size_t)put;
                        flow->put += (uint64_t)put;
                }
        }
        return 1;
}

/* ---- through our memory ---- */

/* 0, or -1 with fault. */
static int unwrap(struct flow *flow, const char *bytes, size_t len)
{
        struct err err = ERR_INIT;
        size_t used = 0;
        int ended = http_chunked_feed(flow->chunked, bytes, len, &flow->out, &used, &err);

        if (ended < 0)
                return fail(flow, FLOW_MALFORMED, "a malformed chunked body");
        if (ended)
                flow->body = HTTP_BODY_NONE;
        flow_use(flow, used);
        return 0;
}

/* What was read ahead is the body's first part. */
static int take_input(struct flow *flow)
{
        size_t len;
        const char *bytes = flow_input(flow, &len);

        if (flow->body == HTTP_BODY_CHUNKED)
                return unwrap(flow, bytes, len);
        if (flow->body == HTTP_BODY_LENGTH) {
                len = len < flow->left ? len : (size_t)flow->left;
                flow->left -= len;
        }
        str_append(&flow->out, bytes, len);
        flow_use(flow, len);
        return 0;
}

static bool body_is_through(const struct flow *flow)
{
        return flow->body == HTTP_BODY_NONE || (flow->body == HTTP_BODY_LENGTH && !flow->left) ||
               (flow->body == HTTP_BODY_EOF && flow->eof);
}

/* 1: there may be more to do; 0: wait; -1: fault. */
static int read_more(struct flow *flow, struct sink *sink)
{
        if (flow->eof)
                return fail(flow, FLOW_FROM, "the connection ended in the middle of a body");
        if (flow->body != HTTP_BODY_CHUNKED)
                return pump_in(flow, sink);
        return flow_fill(flow, sink) >= 0 ? 1 : flow->fault ? -1 : 0;
}

void flow_run(struct flow *flow, struct sink *sink)
{
        uint64_t enough = flow->got + TURN_BYTES;

        flow->wants_read = flow->wants_write = false;
        while (!flow->done && !flow->fault) {
                int empty = flow_flush(flow);

                if (empty == 1)
                        empty = pump_out(flow);
                if (empty < 1) {
                        flow->wants_write = empty == 0;
                        return;
                }
                if (!body_is_through(flow) && flow->in.len > flow->in_used) {
                        if (take_input(flow) < 0)
                                return;
                        continue;
                }
                flow->done = body_is_through(flow);
                if (flow->done || flow->got >= enough || read_more(flow, sink) == 0) {
                        flow->wants_read = !flow->done;
                        return;
                }
        }
}
