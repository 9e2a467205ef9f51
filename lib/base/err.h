/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_ERR_H
#define CUPEL_BASE_ERR_H

/*
 * Errors as values. A function that can fail takes `struct err *err` last and returns 0, or -1 with *err set and its
 * `ret_` outputs untouched:
 *
 *         struct err err = ERR_INIT;
 *         if (layer_open(&layer, dirfd, key, &err) < 0)
 *                 return err_wrap(&err, "base %s", key);
 *
 * The library never prints. Each process reports its error once, at its top, with err_report(), and exits with
 * err_exit_status(). Wrapping adds a fact the caller knows and the callee did not; it is not a stack trace.
 */

#include <stdio.h>

/* code, exit status of the process that ends with it, what a person is told */
#define ERR_CODES(X)                                                                                                   \
        X(OK, 0, "no error")                                                                                           \
        X(INPUT, 2, "invalid input")                                                                                   \
        X(NOT_FOUND, 2, "not found")                                                                                   \
        X(HELD, 10, "it waits for a person or for the user's checkout")                                                \
        X(REFUSED, 22, "the result was refused")                                                                       \
        X(CONFLICT, 25, "the target moved")                                                                            \
        X(LOST, 27, "another run of the race won")                                                                     \
        X(BLOCKED, 30, "a precondition is missing")                                                                    \
        X(SANDBOX, 31, "the sandbox cannot be built")                                                                  \
        X(BUSY, 70, "somebody else holds the lock")                                                                    \
        X(GIT, 70, "the git library failed")                                                                           \
        X(STORE, 70, "the store failed")                                                                               \
        X(SYSTEM, 70, "a system call failed")                                                                          \
        X(INTERNAL, 70, "this is a bug in cupel")

enum err_code {
#define X(name, status, text) ERR_##name,
        ERR_CODES(X)
#undef X
};

struct err {
        enum err_code code;
        int errnum; /* errno of the cause, 0 where there was none */
        char message[512];
};

#define ERR_INIT ((struct err){.code = ERR_OK})

/* All three return -1, so that a failure is one statement. err_errno() reads errno before anything else. */
int err_set(struct err *err, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* About a path that a person typed: where it is not there, or not to be written, the input was wrong, not the system. */
int err_place(struct err *err);

int err_exit_status(const struct err *err);
void err_report(FILE *out, const char *program, const struct err *err);

/* The message with its errno text, as err_report() would print it without the program's name. */
void err_text(const struct err *err, char *buffer, size_t size);

#endif
