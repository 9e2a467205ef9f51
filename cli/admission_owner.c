/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admission_owner.h"

#include "cli/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool owner_by_sudo(uid_t *ret)
{
        const char *said = geteuid() == 0 ? getenv("SUDO_UID") : NULL;
        char *end = NULL;
        unsigned long uid;

        if (!said || !*said)
                return false;
        errno = 0;
        uid = strtoul(said, &end, 10);
        if (errno || *end || uid > UINT32_MAX)
                return false;
        *ret = (uid_t)uid;
        return true;
}

bool owner_is_caller(uid_t uid)
{
        uid_t by_sudo;

        return uid == geteuid() || (owner_by_sudo(&by_sudo) && by_sudo == uid);
}

int owners_look(const struct context *context, struct owned ret[OWNED_MAX], struct err *err)
{
        const struct owned all[OWNED_MAX] = {
                {"its git folder", repo_commondir(context->repo), 0},
                {"its working tree", repo_workdir(context->repo), 0},
                {"the linked worktree's git folder", repo_gitdir(context->repo), 0},
        };
        int len = 0;

        for (int i = 0; i < OWNED_MAX; i++) {
                struct stat st;

                if (!all[i].path || (i == 2 && all[0].path && strcmp(all[i].path, all[0].path) == 0))
                        continue;
                if (lstat(all[i].path, &st) < 0)
                        return err_errno(err, "look at %s", all[i].path);
                ret[len] = all[i];
                ret[len++].uid = st.st_uid;
        }
        return len;
}
