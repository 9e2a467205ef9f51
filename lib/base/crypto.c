/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto as short-lived processes need it. By itself it reads the machine's configuration, makes its 9,000 error texts and
 * all old names of ciphers and digests known, sets all ciphers up for a random generator on AES, and takes all that down
 * again at exit: two thirds of what the keys of a run cost. The texts are not shown, what it holds ends with the process, and
 * the generator on SHA-512 is one of the same standard (NIST SP 800-90A).
 */
#include "lib/base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdbool.h>

void crypto_start(void)
{
        static bool started;

        if (started)
                return;
        started = true;
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                    OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
                                    OPENSSL_INIT_NO_ATEXIT,
                            NULL);
        /* Where it is refused (one exists already) the default stays. */
        (void)RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA512");
}
