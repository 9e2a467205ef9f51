/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_SECCOMP_H
#define CUPEL_SANDBOX_SECCOMP_H

/*
 * System calls. One table (seccomp_table.c) says what is refused and why; all else that libseccomp knows, and the listed
 * newer calls, are allowed; what nobody knows answers ENOSYS, so that a new kernel opens nothing and libcs fall back. Calls
 * of another ABI (32-bit, x32) kill the process. sandbox/filter compiles the table with libseccomp when cupel is built, for
 * x86-64 and for arm64: compiling takes 1.8 ms, loading does not.
 */

#include "lib/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_t;
struct sock_filter;

enum seccomp_profile {
        SECCOMP_STEP,         /* agent and verifiers */
        SECCOMP_PROGRAM,      /* the caged program: also no sockets of its own */
        SECCOMP_LOADING,      /* a caged program with network, until it is loaded: no sockets but TCP and UDP */
        SECCOMP_EGRESS,       /* and from then on: no programs, no processes, nothing that listens */
        SECCOMP_WEAK_STEP,    /* tier D: what namespaces and mounts would have stopped */
        SECCOMP_WEAK_PROGRAM, /* tier D: the same for the caged program */
        SECCOMP_PROFILES,
};

/* Sets of profiles. */
#define SECCOMP_IN(profile) (1u << (profile))
#define SECCOMP_IN_ALL (SECCOMP_IN(SECCOMP_PROFILES) - 1)
#define SECCOMP_IN_PROGRAMS (SECCOMP_IN(SECCOMP_PROGRAM) | SECCOMP_IN(SECCOMP_WEAK_PROGRAM))
#define SECCOMP_IN_NETWORK (SECCOMP_IN(SECCOMP_LOADING) | SECCOMP_IN(SECCOMP_EGRESS))
#define SECCOMP_IN_WEAK (SECCOMP_IN(SECCOMP_WEAK_STEP) | SECCOMP_IN(SECCOMP_WEAK_PROGRAM))

enum seccomp_action {
        SECCOMP_ALLOW,        /* a newer call, by number; or one that was thought about */
        SECCOMP_REFUSE,       /* with `error`: EPERM, or ENOSYS where the caller has an older way to do it */
        SECCOMP_ASK,          /* the step's keeper does it, or refuses (sandbox/weak_files.h) */
        SECCOMP_REFUSE_BITS,  /* `error` where any bit of `value` is set in the low 32 bits of the argument */
        SECCOMP_NEED_BITS,    /* `error` where not all bits of `value` are set */
        SECCOMP_REFUSE_VALUE, /* `error` where the low 32 bits are `value` */
        SECCOMP_ONLY_VALUE,   /* `error` where they are none of the `value`s of such rules on this argument */
};

struct seccomp_rule {
        const char *name; /* NULL ends the table */
        int number;       /* of calls without a name in libseccomp 2.5.4 (one number on all ABIs of ours), else -1 */
        enum seccomp_action action;
        int error;
        unsigned argument; /* its index, for the last four */
        uint32_t value;
        unsigned profiles; /* where the rule holds: SECCOMP_IN_… */
        const char *reason;
};

extern const struct seccomp_rule seccomp_table[];

/* The architectures that the table is made for. */
enum seccomp_arch { SECCOMP_X86_64, SECCOMP_AARCH64, SECCOMP_ARCHES };

/* The rule that decides a call among those of its name: plain ones win over those that look at an argument. */
#define SECCOMP_IS_PLAIN(action) ((action) < SECCOMP_REFUSE_BITS)

/* As compiled: the number of a row's call, -1 where the architecture has none; and the whole program. */
int seccomp_number(enum seccomp_arch arch, size_t row);
const struct sock_filter *seccomp_program(enum seccomp_arch arch, enum seccomp_profile profile, size_t *ret_len);

/* Loads the compiled filter into the calling thread; no_new_privs must be set. */
int seccomp_apply(enum seccomp_profile profile, struct err *err);

/* The same, and returns the descriptor on which SECCOMP_ASK calls arrive (seccomp_unotify(2)). */
int seccomp_apply_listening(enum seccomp_profile profile, struct err *err);

void seccomp_print(FILE *out);
struct json_t *seccomp_to_json(void); /* owned by the caller */

#endif
