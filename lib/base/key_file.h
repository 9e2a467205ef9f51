/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_KEY_FILE_H
#define CUPEL_BASE_KEY_FILE_H

/*
 * The file of a secret key, whatever its form (p256.h, sshsig.h): a regular file that nobody but its owner can open. Bytes of keys
 * are in buffers that are wiped when their scope ends.
 *
 *         _cleanup_secret_ struct str text = {0};
 *         if (key_file_read(keys_dirfd, "attest", "attestation key", &text, err) < 0) …
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

bool key_file_exists(int dirfd, const char *name);

/* Whether its owner alone can open it, without reading it; 0 where there is none: it is made when it is first used. ERR_BLOCKED. */
int key_file_check(int dirfd, const char *name, const char *what, struct err *err);

/* Appends all of it. `what` begins the message. ERR_BLOCKED where others can open it, ERR_INPUT where it is too long to be a key. */
int key_file_read(int dirfd, const char *name, const char *what, struct str *ret, struct err *err);

void secret_release(struct str *str);
#define _cleanup_secret_ __attribute__((cleanup(secret_release)))

#endif
