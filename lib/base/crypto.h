/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CRYPTO_H
#define CUPEL_BASE_CRYPTO_H

/*
 * Before the first key operation of libcrypto in a process; calling it again costs nothing. Hashes need none of it
 * (lib/base/hash.c).
 */
void crypto_start(void);

#endif
