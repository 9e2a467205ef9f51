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

/* How much is looked at where a key is not to be used yet. */
enum key_look {
        KEY_FORM,  /* file, mode and form: some microseconds */
        KEY_HALVES /* also that secret and public half belong together, for which libcrypto is started */
};

/* Takes all of it. `what` begins the message. ERR_BLOCKED where it is not there, is no file, is not its owner's alone, or no key. */
int key_file_read(int dirfd, const char *name, const char *what, struct str *ret, struct err *err);

/* ERR_BLOCKED: `fault` ("is damaged"), and how there is a key again. */
int key_file_unusable(const char *name, const char *what, const char *fault, struct err *err);

void secret_release(struct str *str);
#define _cleanup_secret_ __attribute__((cleanup(secret_release)))

#endif
