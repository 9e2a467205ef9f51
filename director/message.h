/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_MESSAGE_H
#define CUPEL_DIRECTOR_MESSAGE_H

/*
 * What the commit says and whose name it bears. The message is the item's title, then the objective where it says more, then
 * how to roll back, without what is a secret by its format; the author is the one of the user's policy, else the user's git
 * identity, else cupel itself.
 */

#include "lib/base/err.h"

struct plan;
struct repo;

struct author {
        char *name, *mail;
};

char *commit_message(const struct plan *plan); /* owned by the caller */

/* "Name <mail>"; -1 where it is not of that form. `ret` untouched then. */
int author_parse(const char *text, struct author *ret);

/* `configured` may be NULL. */
int author_find(struct author *ret, const char *configured, struct repo *repo, struct err *err);
void author_release(struct author *author);

/* "sha256:<hex>", whether or not it was there already; owned by the caller. */
char *digest_label(const char *digest);

#endif
