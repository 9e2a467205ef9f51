/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_BUNDLE_H
#define CUPEL_GIT_BUNDLE_H

/*
 * A commit with all of its history as a git bundle (gitformat-bundle(5), version 2): what makes a packet independent of any
 * clone. It needs nothing that it does not hold, so `git bundle verify`, `git fetch` and `git clone` take it; the commit is
 * BUNDLE_REF and HEAD in it.
 *
 *         bundle_write(repo, commit, fd, err);                    of a shallow clone: ERR_INPUT
 *         bundle_open(fd, "/private/base.git", commit, err);      a bare repository, made anew, with that one branch
 *
 * bundle_open() trusts nothing of the file: the pack is indexed object by object with all hashes checked, the commit must be
 * there with all that its tree names, and the tree must be of a size that a checkout survives. ERR_INPUT says what is wrong;
 * the folder is then the caller's to remove.
 */

#include "lib/base/err.h"

struct repo;

#define BUNDLE_REF "refs/heads/cupel-base"

int bundle_write(struct repo *repo, const char *commit, int fd, struct err *err);
int bundle_open(int fd, const char *folder, const char *commit, struct err *err);

#endif
