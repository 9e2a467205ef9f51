/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SSHSIG_CHECK_H
#define CUPEL_BASE_SSHSIG_CHECK_H

/*
 * The other half of lib/base/sshsig.h: an SSHSIG signature checked as `ssh-keygen -Y verify` does, for the one kind of key that the
 * director signs with (ed25519). All of it may be hostile.
 *
 *         sshsig_check(armored, "git", bytes, len, &public, err)      ERR_INPUT: it is no such signature; ERR_REFUSED: of other bytes
 *         sshsig_allowed(signers, "director@cupel.invalid", "git", public)
 *
 * A line of allowed signers (ssh-keygen(1), ALLOWED SIGNERS) counts with the option namespaces, and with none; one with another
 * option (cert-authority, valid-before, …) is passed over, so that nobody is let in by what was not understood.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* `ret_public`: "ssh-ed25519 AAAA…", the key that made it; owned by the caller. */
int sshsig_check(const char *armored, const char *name_space, const void *data, size_t len, char **ret_public,
                 struct err *err);

/* `signers`: the text of an allowed signers file. */
bool sshsig_allowed(const char *signers, const char *principal, const char *name_space, const char *public);

#endif
