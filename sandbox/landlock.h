/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_LANDLOCK_H
#define CUPEL_SANDBOX_LANDLOCK_H

/*
 * Landlock (landlock(7)): what the running kernel's ABI can handle is handled, and granted back by rules.
 *
 *         landlock_begin(&lock, LANDLOCK_NO_SIGNALS, err);
 *         landlock_allow(&lock, "/usr", LANDLOCK_READ | LANDLOCK_RUN, err);
 *         landlock_enter(&lock, err);              no_new_privs must be set
 *
 * ABI 0 (no Landlock) makes all of it a no-op that landlock_abi() tells of: who requires it asks first.
 */

#include "lib/base/err.h"

#include <stdint.h>

enum landlock_grant {
        LANDLOCK_READ = 1,    /* files and folders */
        LANDLOCK_RUN = 2,     /* execute */
        LANDLOCK_WRITE = 4,   /* everything that changes them */
        LANDLOCK_FILE = 8,    /* write to an existing file or device only */
        LANDLOCK_SOCKET = 16, /* connect to Unix sockets there that were made outside of the domain (ABI 9) */
};

#define LANDLOCK_NO_ABSTRACT_SOCKETS 1u
#define LANDLOCK_NO_SIGNALS 2u /* out of the domain; PDEATHSIG is not delivered to children that are out of it */
#define LANDLOCK_NO_TCP 0x100u /* no bind, no connect (ABI 4): for who has no use for the network at all */

#define LANDLOCK_NO_BIND 0x200u /* no bind of TCP: for who connects and accepts, and opens no port of its own */

#define LANDLOCK_ABI_SCOPES 6

struct landlock {
        int fd;
        int abi;
        uint64_t handled;
};

int landlock_abi(void); /* 0: none */
int landlock_begin(struct landlock *lock, uint64_t scopes, struct err *err);
int landlock_allow(struct landlock *lock, const char *path, unsigned grants,
                   struct err *err); /* ENOENT: nothing to allow */
int landlock_allow_fd(struct landlock *lock, int fd, unsigned grants, struct err *err);
int landlock_enter(struct landlock *lock, struct err *err);
void landlock_release(struct landlock *lock);

#define _cleanup_landlock_ __attribute__((cleanup(landlock_release)))

#endif
