/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_FLOW_H
#define CUPEL_EGRESS_FLOW_H

/*
 * One direction of a connection: bytes from one non-blocking socket to another, with never more than a pipe and two small
 * buffers in between. It reads only when everything it has is written, so a slow receiver slows the sender.
 *
 *         struct flow flow = FLOW_INIT;
 *         str_puts(&flow.out, "HTTP/1.1 200 …");          what goes before the body
 *         flow_begin(&flow, from, to, HTTP_BODY_LENGTH, 1000, false);
 *         flow_run(&flow, sink);                          whenever a socket is ready; then flow.wants_read, .wants_write
 *         flow.done: the body is through · flow.fault: it never will be, flow.why
 *
 * Bodies of known length, and those until the end, go through the kernel (splice(2)) and never enter our memory. `in` keeps
 * what was read ahead of the body; what of it is beyond the body stays there, for the next request.
 */

#include "runner/egress/http.h"
#include "runner/egress/sink.h"

enum flow_fault {
        FLOW_FINE,
        FLOW_FROM,      /* the sender's side failed, or ended too early */
        FLOW_TO,        /* the receiver's side failed */
        FLOW_MALFORMED, /* a chunked body that is none */
        FLOW_BUDGET,    /* the run's bytes are used up */
        FLOW_MACHINE,   /* no descriptors */
};

struct flow {
        int from, to; /* borrowed */
        enum http_body body;
        uint64_t left; /* of HTTP_BODY_LENGTH */
        struct http_chunked *chunked;
        struct str in, out;
        size_t in_used, out_sent;
        int pipe[2];
        size_t piped;
        uint64_t got, put; /* bytes read from `from` by this flow, written to `to` */
        bool big, eof, done, wants_read, wants_write;
        enum flow_fault fault;
        const char *why; /* of the fault */
};

#define FLOW_INIT ((struct flow){.from = -1, .to = -1, .pipe = {-1, -1}})

void flow_release(struct flow *flow);

/* The counters start anew; what is in the buffers stays. bare: a chunked body is unwrapped. */
void flow_begin(struct flow *flow, int from, int to, enum http_body body, uint64_t length, bool bare);

/* What follows, after the head was read by flow_fill(): as flow_begin(), and the counters go on. */
void flow_body(struct flow *flow, enum http_body body, uint64_t length, bool bare);

void flow_run(struct flow *flow, struct sink *sink);

/* Only writes `out`. 1: all of it is written; 0: the socket is full; -1: fault is set. */
int flow_flush(struct flow *flow);

/* Reads some bytes into `in`, counted where sink is not NULL: their number, 0 at the end (eof is set), -1: none now, or fault is set. */
ssize_t flow_fill(struct flow *flow, struct sink *sink);

/* The same until another line end is there, or HEAD_MAX bytes are: a head that comes byte by byte is not scanned for each. */
ssize_t flow_fill_line(struct flow *flow, struct sink *sink);

/* What is in `in` and not used yet. */
static inline const char *flow_input(const struct flow *flow, size_t *ret_len)
{
        *ret_len = flow->in.len - flow->in_used;
        return str_text(&flow->in) + flow->in_used;
}
void flow_use(struct flow *flow, size_t len);
void flow_forget_input(struct flow *flow); /* all of it: it came from another sender */

#endif
