/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_WEAK_FILES_H
#define CUPEL_SANDBOX_WEAK_FILES_H

/*
 * chmod and times for a step of tier D. Landlock does not stop them on files that it does not show, so the step's filter
 * stops them all and asks (SECCOMP_ASK, seccomp_unotify(2)). The keeper reads the arguments once, opens what they name without
 * touching it (O_PATH), looks where that lies, and does to that very file what was asked, or answers EPERM. Nothing of what
 * the step says is looked at twice, so there is nothing to exchange meanwhile.
 *
 *         weak_files_serve(listener, &roots);       when `listener` is readable; one call
 */

#include <stddef.h>

struct weak_roots {
        const char *items[4]; /* absolute, without symlinks */
        size_t len;
};

void weak_files_serve(int listener, const struct weak_roots *roots);

#endif
