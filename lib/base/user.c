/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/user.h"

#include "lib/base/str.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

enum field {
        NAME,
        HOME,
};

static char *find(uid_t uid, enum field field)
{
        FILE *users = fopen("/etc/passwd", "re");
        const struct passwd *user;
        char *found = NULL;

        while (users && !found && (user = fgetpwent(users)))
                if (user->pw_uid == uid)
                        found = xstrdup(field == NAME ? user->pw_name : user->pw_dir);
        if (users)
                fclose(users);
        return found;
}

char *user_name(uid_t uid)
{
        return find(uid, NAME);
}

char *user_home(uid_t uid)
{
        char *home = find(uid, HOME);

        if (home && home[0] == '/')
                return home;
        free(home);
        return NULL;
}

char *user_path(const char *home, const char *path)
{
        return home && path[0] == '~' && path[1] == '/' ? xasprintf("%s%s", home, path + 1) : xstrdup(path);
}

void user_paths(const char *home, const struct strv *paths, struct strv *ret)
{
        for (size_t i = 0; i < paths->len; i++)
                strv_take(ret, user_path(home, paths->items[i]));
}
