/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs of paths begin at the top of the repository, a leading slash is gitignore's word for that place. Somebody who writes a path of
 * this machine there, the checkout's or another one's, would have an agent work for nothing: ERR_INPUT, with what to write instead.
 */
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What lies below the folder, or NULL. */
static const char *path_below(const char *path, const char *folder)
{
        size_t len = folder ? strlen(folder) : 0;

        while (len > 1 && folder[len - 1] == '/')
                len--;
        if (len < 2 || strncmp(path, folder, len) != 0 || (path[len] && path[len] != '/'))
                return NULL;
        return path + len + strspn(path + len, "/");
}

static int check_path(const struct launch *launch, const struct context *context, const char *key, const char *glob,
                      struct err *err)
{
        const char *below = path_below(glob, repo_workdir(context->repo));
        _cleanup_free_ char *first = NULL;
        int known;

        if (below)
                return err_set(err, ERR_INPUT,
                               "paths.%s: %s is a path of this machine; paths begin at the top of the repository: %s",
                               key, glob, below[0] ? below : "**");
        if (glob[0] != '/' || access(glob, F_OK) < 0)
                return 0;
        first = xmemdup(glob + 1, strcspn(glob + 1, "/"));
        known = repo_has_path_at(context->repo, launch->base, first, err);
        if (known != 0)
                return known < 0 ? -1 : 0;
        return err_set(err, ERR_INPUT,
                       "paths.%s: %s is a path of this machine, and the repository has no %s; a folder that the run is "
                       "to make: %s/**",
                       key, glob, first, first);
}

int launch_check_paths(const struct launch *launch, const struct context *context, struct err *err)
{
        const struct {
                const char *key;
                const struct strv *globs;
        } lists[] = {{"allow", &launch->item.paths.allow}, {"deny", &launch->item.paths.deny}};

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                for (size_t j = 0; j < lists[i].globs->len; j++)
                        if (check_path(launch, context, lists[i].key, lists[i].globs->items[j], err) < 0)
                                return -1;
        return 0;
}
