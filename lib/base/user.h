/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_USER_H
#define CUPEL_BASE_USER_H

/* What /etc/passwd says of a user. The file itself, no name service: our programs are static. Owned; NULL: not there. */

#include <sys/types.h>

struct strv;

char *user_name(uid_t uid);
char *user_home(uid_t uid); /* only an absolute path */

/* A path as configuration spells it: "~/x" is below `home` (NULL: it stays as it is). Owned, never NULL. */
char *user_path(const char *home, const char *path);
void user_paths(const char *home, const struct strv *paths, struct strv *ret); /* adds them */

#endif
