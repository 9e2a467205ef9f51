/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_SECCOMP_H
#define CUPEL_SANDBOX_SECCOMP_H

/*
 * System calls. One table (seccomp_table.c) says what is refused and why; all else that libseccomp knows, and the listed
 * newer calls, are allowed; what nobody knows answers ENOSYS, so that a new kernel opens nothing and libcs fall back. Calls
 * of another ABI (32-bit, x32) kill the process. sandbox/filter compiles the table with libseccomp when cupel is built:
 * compiling takes 1.8 ms, loading does not.
 */

#include "lib/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum seccomp_profile {
        SECCOMP_STEP,    /* agent and verifiers */
        SECCOMP_PROGRAM, /* the caged program: also no sockets of its own */
        SECCOMP_LOADING, /* a caged program with network, until it is loaded: no sockets but TCP and UDP */
        SECCOMP_EGRESS,  /* and from then on: no programs, no processes, nothing that listens */
        SECCOMP_PROFILES,
};

enum seccomp_action {
        SECCOMP_ALLOW, /* a newer call, by number */
        SECCOMP_EPERM,
        SECCOMP_ENOSYS,       /* the caller has an older way to do it */
        SECCOMP_REFUSE_BITS,  /* EPERM where any bit of `value` is set in the low 32 bits of the argument */
        SECCOMP_REFUSE_VALUE, /* EPERM where the low 32 bits are `value` */
        SECCOMP_ONLY_VALUE,   /* else EAFNOSUPPORT */
        SECCOMP_NEED_BITS,    /* EPERM where not all bits of `value` are set */
};

struct seccomp_rule {
        const char *name; /* NULL ends the table */
        int number;       /* of calls without a name in libseccomp 2.5.4 (one number on all ABIs of ours), else -1 */
        enum seccomp_action action;
        unsigned argument; /* its index, for the last four */
        uint32_t value;
        unsigned profiles; /* set of 1 << enum seccomp_profile */
        const char *reason;
};

extern const struct seccomp_rule seccomp_table[];

/* Loads the compiled filter into the calling thread; no_new_privs must be set. */
int seccomp_apply(enum seccomp_profile profile, struct err *err);

void seccomp_print(FILE *out);

#endif
