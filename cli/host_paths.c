/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host_paths.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"
#include "lib/base/user.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct expansion {
        const char *home, *path;
        bool pattern;
        struct strv found;
        size_t looked;
};

static int walk(struct expansion *expansion, int folder, const char *before, const char *rest, struct err *err);

static bool is_wild(const char *text, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (strchr("*?[", text[i]))
                        return true;
        return false;
}

bool host_path_is_pattern(const char *path)
{
        return is_wild(path, strlen(path));
}

static int refuse_link(const struct expansion *expansion, const char *at, struct err *err)
{
        _cleanup_free_ char *link = user_path(expansion->home, at);
        _cleanup_free_ char *whole = user_path(expansion->home, expansion->path);
        _cleanup_free_ char *real = realpath(whole, NULL);

        return err_set(err, ERR_INPUT, "%s leads through the symlink %s; name the place itself%s%s", expansion->path,
                       link, real ? ": " : "", real ? real : "");
}

static int add_found(struct expansion *expansion, const char *path, struct err *err)
{
        if (expansion->found.len >= HOST_PATHS_MAX)
                return err_set(err, ERR_INPUT, "%s matches more than %d paths; name the folder that holds them",
                               expansion->path, HOST_PATHS_MAX);
        strv_add(&expansion->found, path);
        return 0;
}

/* One name of the path, `rest` after it: it is the end, or the way goes on in it. */
static int take_name(struct expansion *expansion, int folder, const char *path, const char *name, const char *rest,
                     struct err *err)
{
        _cleanup_fd_ int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;

        if (fd < 0 || fstat(fd, &status) < 0) {
                if (expansion->pattern || errno == ENOENT || errno == ENOTDIR)
                        return 0;
                return err_errno(err, "%s", path);
        }
        if (S_ISLNK(status.st_mode))
                return expansion->pattern ? 0 : refuse_link(expansion, path, err);
        if (*rest)
                return S_ISDIR(status.st_mode) ? walk(expansion, fd, path, rest, err) : 0;
        if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))
                return add_found(expansion, path, err);
        return expansion->pattern
                       ? 0
                       : err_set(err, ERR_INPUT, "%s is neither a file nor a folder; only those can be shown", path);
}

/* Not the folder itself, not the one above; and what a policy could have spelled. */
static bool is_nameable(const char *name)
{
        for (const unsigned char *at = (const unsigned char *)name; *at; at++)
                if (*at < ' ' || *at == 0x7f)
                        return false;
        return json_can_hold(name) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Sorted, so that the same folders give the same plan. */
static int list_matches(struct expansion *expansion, int folder, const char *pattern, struct strv *ret, struct err *err)
{
        _cleanup_dir_ DIR *dir = fs_list(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;
        int status = 0;

        /* where it cannot be listed nothing matches */
        while (status == 0 && (entry = fs_list_next(dir))) {
                if (++expansion->looked > HOST_PATHS_LOOKED)
                        status = err_set(err, ERR_INPUT, "%s: more than %d names to look at; be more exact",
                                         expansion->path, HOST_PATHS_LOOKED);
                else if (is_nameable(entry->d_name) && fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
                        strv_add(ret, entry->d_name);
        }
        strv_sort_unique(ret);
        return status;
}

static int walk(struct expansion *expansion, int folder, const char *before, const char *rest, struct err *err)
{
        size_t len = strcspn(rest, "/");
        _cleanup_free_ char *name = xmemdup(rest, len);
        _cleanup_strv_ struct strv names = {0};

        rest += len + (rest[len] == '/');
        if (!is_wild(name, len))
                strv_add(&names, name);
        else if (list_matches(expansion, folder, name, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", before, names.items[i]);

                if (take_name(expansion, folder, path, names.items[i], rest, err) < 0)
                        return -1;
        }
        return 0;
}

int host_path_expand(const char *home, const char *path, struct strv *ret, struct err *err)
{
        bool below_home = path[0] == '~';
        const char *rest = path + (below_home ? 2 : 1);
        struct expansion expansion = {.home = home, .path = path, .pattern = host_path_is_pattern(path)};
        _cleanup_fd_ int base = open(below_home && home ? home : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int status;

        if (base < 0)
                return err_errno(err, "%s", below_home ? home : "/");
        if (strlen(path) < (below_home ? 3U : 2U))
                return err_set(err, ERR_INPUT, "%s is too much to show; name folders in it", path);
        status = walk(&expansion, base, below_home ? "~" : "", rest, err);
        if (status == 0 && !expansion.found.len && !expansion.pattern)
                strv_take(&expansion.found, xmemdup(path, strlen(path) - (path[strlen(path) - 1] == '/')));
        for (size_t i = 0; status == 0 && i < expansion.found.len; i++)
                if (!strv_has(ret, expansion.found.items[i]))
                        strv_add(ret, expansion.found.items[i]);
        strv_release(&expansion.found);
        return status;
}
