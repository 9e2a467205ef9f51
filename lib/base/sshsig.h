/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SSHSIG_H
#define CUPEL_BASE_SSHSIG_H

/*
 * Signatures that `ssh-keygen -Y verify` and `git verify-commit` check, made in the process (OpenSSH's PROTOCOL.sshsig
 * and PROTOCOL.key; ed25519 and SHA-512 from libcrypto).
 *
 *         struct sshkey *key = NULL;
 *         sshkey_ensure(keys_dirfd, "director", "cupel@localhost", &key, err);
 *         char *armored = sshsig_sign(key, "git", bytes, len, err);
 *         sshkey_free(key);
 *
 * sshkey_ensure() loads `name`, or makes it: `name` (OpenSSH private key, mode 0600), `name.pub`, and
 * its line in `allowed_signers` for the principal, bound to the namespace git. A crash between the files is mended by the next call;
 * two processes at once end with the same key. A key that is there but unreadable, or open to others, is an error, never
 * replaced.
 */

#include "lib/base/err.h"
#include "lib/base/key_file.h"

#include <stddef.h>

#define COMMIT_KEY "director_ed25519" /* signs commits; in <state>/keys */

struct sshkey;

int sshkey_ensure(int dirfd, const char *name, const char *principal, struct sshkey **ret, struct err *err);
/* Whether one that is there can be used; 0 where there is none, too. Makes nothing. ERR_BLOCKED with the remedy. */
int sshkey_look(int dirfd, const char *name, enum key_look look, struct err *err);
void sshkey_free(struct sshkey *key); /* wipes it; NULL is fine */

/* The armored signature with its newline; owned by the caller (free). NULL with err set. */
char *sshsig_sign(const struct sshkey *key, const char *name_space, const void *data, size_t len, struct err *err);

static inline void sshkey_cleanup(struct sshkey **key)
{
        sshkey_free(*key);
}

#define _cleanup_sshkey_ __attribute__((cleanup(sshkey_cleanup)))

#endif
