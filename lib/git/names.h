/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_NAMES_H
#define CUPEL_GIT_NAMES_H

/*
 * Which names a tree of ours may hold. libgit2 and git each accept some that the other refuses; ours is the union of the
 * refusals: empty, ".", "..", with '/' or NUL, and ".git" in every disguise that a file system somewhere folds to it
 * (case; HFS+'s ignored code points; NTFS's short name git~1, trailing dots and spaces, streams after ':').
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_BYTES_MAX 255u

/* One path component with its git mode. NULL: allowed; else why not, a constant phrase for a message. */
const char *name_refusal(const char *name, size_t len, uint32_t mode);

#endif
