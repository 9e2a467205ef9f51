/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_DISGUISE_H
#define CUPEL_BASE_DISGUISE_H

/*
 * Names that another file system takes for other ones. What lands here may be checked out there: macOS folds case and drops code points
 * that it ignores in names, Windows folds case, cuts dots and spaces at a name's end and what follows a ':', and takes '\' for '/'.
 */

#include <stddef.h>

/* Length of the UTF-8 sequence at `at` that HFS+ ignores in names; 0: it counts. */
size_t disguise_ignored(const char *at, size_t left);

/*
 * The path as all of them together would read it, in lower case (ASCII alone). Only to ask whether it may stand for another one: different
 * paths become the same. Owned by the caller (free).
 */
char *disguise_lift(const char *path);

#endif
