/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_LIMITS_H
#define CUPEL_EGRESS_LIMITS_H

/* Every bound of cupel-egress, in one table: name, value, what it bounds. docs/sandbox.md repeats those that users meet. */
#define EGRESS_LIMITS(X)                                                                                               \
        X(CLIENTS_MAX, 512, "connections of the step at once; more wait in the listener's backlog")                    \
        X(ROUTE_CLIENTS_MAX, 256, "connections of the step to its routes at once; more wait as well")                  \
        X(ROUTE_COSTLY_MAX, 16, "requests under way at once whose cost is counted; more wait")                         \
        X(ROUTE_KEPT_S, 20, "seconds a connection to an upstream is kept for the next request")                        \
        X(LISTENERS_MAX, 32, "listening sockets at once")                                                              \
        X(ACCEPT_PER_TURN, 32, "connections accepted before the others are served again")                              \
        X(LOOKUP_THREADS, 16, "threads for name resolution; libuv keeps half of them for it")                          \
        X(ADDRESSES_MAX, 8, "addresses of one name that are tried")                                                    \
        X(HEAD_MAX, 32 * 1024, "bytes of a request's or response's head")                                              \
        X(HEADERS_MAX, 100, "lines of a head")                                                                         \
        X(BLANKS_MAX, 4, "empty lines before a request")                                                               \
        X(INTERIM_MAX, 16, "interim answers (1xx) to one request")                                                     \
        X(PIECE_MAX, 64 * 1024, "bytes of one direction in our memory at once")                                        \
        X(PIPE_SMALL, 32 * 1024, "size of a direction's pipe")                                                         \
        X(PIPE_BIG, 1024 * 1024, "size of the pipe of a direction that moves much")                                    \
        X(PIPE_AFTER, 1024 * 1024, "bytes after which a direction moves much")                                         \
        X(PIPES_BIG_MAX, 16, "big pipes at once")                                                                      \
        X(TURN_BYTES, 4 * 1024 * 1024, "bytes one connection moves before the others are served again")                \
        X(VETOES_BURST, 2000, "vetoes that may come in a burst")                                                       \
        X(VETOES_PER_SECOND, 100, "vetoes per second after it")                                                        \
        X(VETOES_WAITING, 1024 * 1024, "bytes that wait for the supervisor before vetoes are dropped")                 \
        X(RECEIPTS_WAITING, 8 * 1024 * 1024, "the same for receipts, of which there are no more than connections")     \
        X(VETO_TEXT_MAX, 512, "bytes of what a veto quotes")                                                           \
        X(SPENT_MS, 20, "between two words to the runner of what the run has spent")                                   \
        X(ANSWER_TEXT_MAX, 128, "bytes of what is told of an upstream's answer")                                       \
        X(TICK_MS, 250, "how often deadlines are looked at")                                                           \
        X(HEAD_MS, 10000, "until a client has sent its greeting or a whole head")                                      \
        X(KEPT_MS, 60000, "until a kept-alive client sends its next request")                                          \
        X(LOOKUP_MS, 10000, "until a name is resolved")                                                                \
        X(DIAL_MS, 5000, "until one address answers")                                                                  \
        X(IDLE_MS, 600000, "without a byte in either direction; a model may think for minutes")                        \
        X(HALF_MS, 120000, "the same after one side has ended its direction")                                          \
        X(ANSWER_MS, 5000, "until a refused client has taken our answer and closed")

enum egress_limit {
#define X(name, value, what) name = (value),
        EGRESS_LIMITS(X)
#undef X
};

#endif
