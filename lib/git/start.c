/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting libgit2 so that it obeys us alone: no user, system or template configuration, no ownership check (we open by
 * git directory and run nothing), objects synced when written. Also the small helpers about its errors and ids.
 */
#include "lib/git/internal.h"
#include "lib/git/no_network.h"

#include <stdarg.h>
#include <string.h>

int git_fail(struct err *err, const char *format, ...)
{
        const git_error *last = git_error_last();
        char context[256];
        va_list args;

        va_start(args, format);
        vsnprintf(context, sizeof(context), format, args);
        va_end(args);
        return err_set(err, ERR_GIT, "%s: %s", context, last && last->message ? last->message : "no reason given");
}

/* A run looks at the same few trees again and again, and libgit2 by itself keeps none above 4 KiB: a folder of 100 files. */
#define TREE_KEPT_BYTES ((size_t)1 << 20)
#define CACHE_BYTES ((ssize_t)64 << 20)

static const git_config_level_t quiet_levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                                                  GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

int git_start(struct err *err)
{
        static bool started;

        if (started)
                return 0;
        git_without_network();
        if (git_libgit2_init() < 0)
                return git_fail(err, "cannot start libgit2");
        for (size_t i = 0; i < sizeof(quiet_levels) / sizeof(quiet_levels[0]); i++) {
                if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, quiet_levels[i], "") < 0)
                        return git_fail(err, "cannot set libgit2's search path");
        }
        if (git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) < 0 ||
            git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, TREE_KEPT_BYTES) < 0 ||
            git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_BYTES) < 0)
                return git_fail(err, "cannot set libgit2's options");
        if (ident_replace(err) < 0)
                return -1;
        started = true;
        return 0;
}

int oid_parse(const char *hex, git_oid *ret, struct err *err)
{
        git_oid id;

        if (!hex || strlen(hex) != GIT_OID_HEXSZ || git_oid_fromstr(&id, hex) < 0)
                return err_set(err, ERR_INPUT, "\"%.60s\" is not an object id (40 hexadecimal digits)", hex ? hex : "");
        *ret = id;
        return 0;
}

void oid_hex(const git_oid *id, char ret_hex[GIT_HEX])
{
        git_oid_tostr(ret_hex, GIT_HEX, id);
}
