/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read from configuration files: the repository's own, and for the default author of commits the user's. Parsing
 * only; no value is ever run. Also where the objects live, which alternates files configure.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define ALTERNATES_MAX 64          /* object stores of one repository */
#define ALTERNATES_BYTES (1 << 20) /* one alternates file */

bool repo_config_bool(struct repo *repo, const char *key, bool otherwise)
{
        _cleanup_config_ git_config *config = NULL;
        int value;

        if (git_repository_config_snapshot(&config, repo->git) < 0 || git_config_get_bool(&value, config, key) < 0)
                return otherwise;
        return value != 0;
}

char *repo_config_str(struct repo *repo, const char *key)
{
        _cleanup_config_ git_config *config = NULL;
        const char *value;

        if (git_repository_config_snapshot(&config, repo->git) < 0 || git_config_get_string(&value, config, key) < 0)
                return NULL;
        return xstrdup(value);
}

static int take_value(const git_config_entry *entry, void *data)
{
        strv_add(data, entry->value ? entry->value : "");
        return 0;
}

void repo_config_strs(struct repo *repo, const char *key, struct strv *ret)
{
        _cleanup_config_ git_config *config = NULL;

        if (git_repository_config_snapshot(&config, repo->git) == 0)
                (void)git_config_get_multivar_foreach(config, key, NULL, take_value, ret);
}

/* Below the worktree: the path without what leads there; NULL: elsewhere. Borrowed from `path`. */
static const char *inside_worktree(const struct repo *repo, const char *path)
{
        size_t len = repo->workdir ? strlen(repo->workdir) : 0;

        if (path[0] == '/') {
                if (!len || strncmp(path, repo->workdir, len) != 0 || path[len] != '/')
                        return NULL;
                path += len + 1;
        }
        while (path[0] == '.' && path[1] == '/')
                path += 2;
        return !path[0] || path[0] == '~' || path[0] == '/' || strncmp(path, "..", 2) == 0 ? NULL : path;
}

char *repo_hooks_glob(struct repo *repo)
{
        _cleanup_free_ char *configured = repo_config_str(repo, "core.hooksPath");
        const char *path = configured ? inside_worktree(repo, configured) : NULL;
        size_t len = path ? strlen(path) : 0;
        struct str glob = {0};

        if (!len || strncmp(path, ".git/", 5) == 0 || strcmp(path, ".git") == 0)
                return NULL;
        if (path[0] == '.' && path[1])
                len = strcspn(path, "/");
        str_putc(&glob, '/');
        for (size_t i = 0; i < len; i++)
                str_printf(&glob, strchr("*?[\\", path[i]) ? "\\%c" : "%c", path[i]);
        str_puts(&glob, path[len - 1] == '/' ? "" : "/");
        return str_steal(&glob);
}

/* Fills what is still missing from one configuration file; a file that is absent or broken says nothing. */
static void identity_from(const char *path, char **name, char **email)
{
        _cleanup_config_ git_config *config = NULL, *snapshot = NULL;
        const char *value;

        if (access(path, R_OK) < 0 || git_config_open_ondisk(&config, path) < 0 ||
            git_config_snapshot(&snapshot, config) < 0)
                return;
        if (!*name && git_config_get_string(&value, snapshot, "user.name") == 0)
                *name = xstrdup(value);
        if (!*email && git_config_get_string(&value, snapshot, "user.email") == 0)
                *email = xstrdup(value);
}

int repo_user_identity(struct repo *repo, char **ret_name, char **ret_email, struct err *err)
{
        const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME"), *instead = getenv("GIT_CONFIG_GLOBAL");
        _cleanup_free_ char *personal = NULL, *shared = NULL;
        char *name = repo_config_str(repo, "user.name"), *email = repo_config_str(repo, "user.email");

        (void)err;
        *ret_name = name;
        *ret_email = email;
        if (instead) { /* git(1): in place of the two below */
                identity_from(instead, ret_name, ret_email);
                return 0;
        }
        if (home && home[0] == '/') {
                personal = xasprintf("%s/.gitconfig", home);
                identity_from(personal, &name, &email);
        }
        if (xdg && xdg[0] == '/')
                shared = xasprintf("%s/git/config", xdg);
        else if (home && home[0] == '/')
                shared = xasprintf("%s/.config/git/config", home);
        if (shared)
                identity_from(shared, &name, &email);
        *ret_name = name;
        *ret_email = email;
        return 0;
}

static bool is_store_name(const char *name)
{
        static const char *const known[] = {
                ".", "..", "info", "pack", "bulk-checkin", "maintenance.lock", "schedule.lock", ".DS_Store"};
        static const char *const begins[] = {"tmp_", "incoming", "noz", ".nfs"};

        if (strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2)
                return true;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (strcmp(name, known[i]) == 0)
                        return true;
        for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
                if (strncmp(name, begins[i], strlen(begins[i])) == 0)
                        return true;
        return false;
}

/*
 * Object stores are shown to the agent. A .git that somebody else made can name any folder as one (by alternates, or by a
 * link in the place of objects/): only what holds nothing but what git puts there is shown.
 */
static int check_store(const char *path, struct err *err)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        int result = 0;

        if (!dir)
                return err_errno(err, "cannot open the object store %.200s", path);
        while (result == 0 && (entry = readdir(dir))) {
                _cleanup_str_ struct str quoted = {0};

                if (is_store_name(entry->d_name))
                        continue;
                str_put_quoted(&quoted, entry->d_name, strlen(entry->d_name));
                result = err_set(err, ERR_REFUSED,
                                 "%.200s, which the repository names as an object store, is none: it holds %.100s",
                                 path, str_text(&quoted));
        }
        closedir(dir);
        return result;
}

/* One line of an alternates file: relative to the store that names it. Quoted lines (rare) are not understood by libgit2
 * either and are passed over with it. */
static void add_alternate(struct strv *stores, const char *store, const char *line)
{
        _cleanup_free_ char *path = NULL, *real = NULL;

        if (!*line || *line == '#' || *line == '"' || stores->len >= ALTERNATES_MAX)
                return;
        path = *line == '/' ? xstrdup(line) : xasprintf("%s/%s", store, line);
        real = realpath(path, NULL);
        if (real && !strv_has(stores, real))
                strv_add(stores, real);
}

static int add_alternates_of(struct strv *stores, const char *store, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/info/alternates", store), *text = NULL;
        _cleanup_str_ struct str bytes = {0};
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char *rest, *line;

        if (fd < 0)
                return errno == ENOENT ? 0 : err_errno(err, "cannot open %s", path);
        if (fs_read_fd(fd, ALTERNATES_BYTES, &bytes, err) < 0)
                return err_wrap(err, "%s", path);
        text = xstrdup(str_text(&bytes));
        for (rest = text; (line = strsep(&rest, "\r\n"));)
                add_alternate(stores, store, line);
        return 0;
}

int repo_object_dirs(struct repo *repo, struct strv *ret, struct err *err)
{
        _cleanup_strv_ struct strv stores = {0};
        _cleanup_free_ char *path = NULL;
        char *real;

        if (repo->object_dirs.len) {
                strv_copy(ret, &repo->object_dirs);
                return 0;
        }
        path = xasprintf("%s/objects", repo->commondir);
        real = realpath(path, NULL);
        if (!real)
                return err_errno(err, "cannot resolve %s", path);
        strv_take(&stores, real);
        for (size_t i = 0; i < stores.len; i++) {
                if (check_store(stores.items[i], err) < 0 || add_alternates_of(&stores, stores.items[i], err) < 0)
                        return -1;
        }
        strv_copy(&repo->object_dirs, &stores);
        strv_copy(ret, &stores);
        return 0;
}
