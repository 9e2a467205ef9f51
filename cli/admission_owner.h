/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ADMISSION_OWNER_H
#define CUPEL_CLI_ADMISSION_OWNER_H

/* Whose the repository is, as the file system says now. */

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct context;

struct owned {
        const char *what, *path; /* "the working tree"; borrowed from the repository */
        uid_t uid;
};
#define OWNED_MAX 3

/* The common git folder first, then the working tree and the git folder where those are others; returns how many. -1: err. */
int owners_look(const struct context *context, struct owned ret[OWNED_MAX], struct err *err);

/* The caller's own: the effective user, and for root that came by sudo the one who called it. */
bool owner_is_caller(uid_t uid);
/* Whether root acts for another user by sudo(8); `ret` is that one. */
bool owner_by_sudo(uid_t *ret);

#endif
