/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run's identity says of its tools: the digest of the agent's executable and the sandbox's tier. Both cost more to
 * find out than a whole trivial run (an agent may be 200 MB, a tier is probed by doing), so both are remembered in the
 * cache: a digest under path, inode, size and change time; a tier under the boot and the user. A stale entry cannot be
 * mistaken for a fresh one, and a cache that cannot be written costs only time.
 */
#include "cli/agent_find.h"
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "sandbox/probe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMEMBERED_MAX 256

/* <cache>/facts/<digest of the key>: one short line. */
static char *fact_path(const struct context *context, const char *key)
{
        char name[HASH_HEX];

        hash_bytes(key, strlen(key), name);
        return xasprintf("%s/facts/%s", context->cache_root, name);
}

static char *fact_get(const struct context *context, const char *key)
{
        _cleanup_free_ char *path = fact_path(context, key);
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        if (fs_read_at(AT_FDCWD, path, REMEMBERED_MAX, &text, &err) < 0 || !text.len)
                return NULL;
        return str_steal(&text);
}

static void fact_put(const struct context *context, const char *key, const char *value)
{
        _cleanup_free_ char *path = fact_path(context, key);
        _cleanup_free_ char *folder = xasprintf("%s/facts", context->cache_root);
        _cleanup_fd_ int fd = -1;
        struct err err = ERR_INIT;

        if (fs_mkdir_p(folder, 0700, &err) < 0 || (fd = fs_open_dir(folder, &err)) < 0)
                return;
        unlink(path); /* what is there cannot be read: the power may have left it empty */
        fs_put_at(fd, strrchr(path, '/') + 1, value, strlen(value), 0600, &err);
}

static char *executable_digest(const struct context *context, const char *path)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        _cleanup_free_ char *key = NULL, *known = NULL;
        char digest[HASH_HEX];
        struct err err = ERR_INIT;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return NULL;
        key = xasprintf("digest %s %ju %ju %ju %jd.%09ld", path, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
                        (uintmax_t)st.st_size, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
        known = fact_get(context, key);
        if (known)
                return steal_ptr(&known);
        if (hash_fd(fd, digest, &err) < 0)
                return NULL;
        fact_put(context, key, digest);
        return xstrdup(digest);
}

char *launch_agent_identity(const struct launch *launch, const struct context *context)
{
        const struct strv *command = &launch->plan.agent.command;
        _cleanup_free_ char *path = NULL, *digest = NULL;

        if (!command->len)
                return xstrdup("none");
        if (launch->agent_program && (digest = executable_digest(context, launch->agent_program)))
                return xasprintf("sha256:%s", digest);
        /* a relative path lies in the worktree: the base tree is what it is */
        if (strchr(command->items[0], '/') && command->items[0][0] != '/')
                return xasprintf("worktree:%s", command->items[0]);
        /* a bare name is looked for on the sandbox's PATH, which is not the caller's */
        path = command->items[0][0] == '/' ? xstrdup(command->items[0])
                                           : agent_look_up(SANDBOX_SYSTEM_PATH, command->items[0]);
        digest = path ? executable_digest(context, path) : NULL;
        return digest ? xasprintf("sha256:%s", digest) : xasprintf("unknown:%s", command->items[0]);
}

static char *read_line(const char *path)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        if (fs_read_at(AT_FDCWD, path, REMEMBERED_MAX, &text, &err) < 0)
                return xstrdup("");
        return str_steal(&text);
}

/* Not what a step would get in the end: what this machine gives at best. */
static char *probe_tier(void)
{
        struct err err = ERR_INIT;
        struct probe probe;

        return xstrdup(probe_spawn(&probe, &err) < 0 ? "unknown" : sandbox_tier_name(probe.tier));
}

char *launch_sandbox_identity(const struct context *context)
{
        _cleanup_free_ char *boot = read_line("/proc/sys/kernel/random/boot_id");
        _cleanup_free_ char *key = xasprintf("tier %s uid %u cupel %s", boot, (unsigned)getuid(), CUPEL_VERSION);
        char *tier = fact_get(context, key);

        if (tier)
                return tier;
        tier = probe_tier();
        if (strcmp(tier, "unknown") != 0)
                fact_put(context, key, tier);
        return tier;
}
