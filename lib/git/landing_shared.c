/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.sharedRepository (git-config(1)): what git makes in its folder is for the group, or for everybody, whatever the umask of who
 * happens to make it; else the others could neither read an object nor append to a log nor lock a branch in a folder of branches. It
 * is read into the permissions that a umask must let through; folders inherit their group from those above (setgid), which
 * git sees to when a repository is made. The checkout is the user's own: nothing of this holds there.
 */
#include "lib/base/cleanup.h"
#include "lib/git/landing_internal.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#define EXACT 010000 /* these permissions and no others */

static mode_t with_folders(mode_t mode)
{
        return mode | (mode & 0444) >> 2;
}

mode_t shared_read(struct repo *repo)
{
        static const struct {
                const char *word;
                mode_t mode;
        } words[] = {{"group", 0660}, {"true", 0660}, {"yes", 0660},   {"on", 0660},       {"1", 0660},
                     {"all", 0664},   {"2", 0664},    {"world", 0664}, {"everybody", 0664}};
        _cleanup_free_ char *value = repo_config_str(repo, "core.sharedRepository");
        char *end = NULL;
        unsigned long octal;

        for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++)
                if (strcasecmp(value, words[i].word) == 0)
                        return with_folders(words[i].mode);
        octal = value ? strtoul(value, &end, 8) : 0;
        if (!value || end == value || *end || (octal & 0600) != 0600)
                return 0;
        return EXACT | with_folders((mode_t)octal & 0666);
}

mode_t shared_begin(mode_t shared)
{
        const mode_t own = umask(0);

        umask(shared & EXACT ? 0777 & ~shared : own & ~shared);
        return own;
}
