/* SPDX-License-Identifier: Apache-2.0 */
/* Names and where they lead: the PATH, links, the first line of a script. */
#include "cli/agent_find.h"

#include "lib/base/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40
#define LINE_BYTES 512

const char *agent_base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

char *agent_folder_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return !slash ? xstrdup(".") : slash == path ? xstrdup("/") : xmemdup(path, (size_t)(slash - path));
}

/* ---- The PATH ---- */

const char *agent_path_of(const struct pairs *env)
{
        const char *own = pairs_get(env, "PATH"), *path = own ? own : getenv("PATH");

        return path && path[0] ? path : "/usr/local/bin:/usr/bin:/bin";
}

bool agent_is_program(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* What a version manager puts on the PATH starts that manager, which looks for its files elsewhere. */
bool agent_is_shim(const char *found)
{
        static const char *const managers[] = {"volta-shim", "mise", "snap", "proto-shim"};
        _cleanup_free_ char *folder = agent_folder_of(found), *file = realpath(found, NULL);

        if (strcmp(agent_base_name(folder), "shims") == 0)
                return true;
        for (size_t i = 0; file && i < sizeof(managers) / sizeof(*managers); i++)
                if (strcmp(agent_base_name(file), managers[i]) == 0 && strcmp(agent_base_name(found), managers[i]) != 0)
                        return true;
        return false;
}

/* Relative entries would be looked up in the worktree, inside. The first shim is taken where there is nothing else. */
char *agent_look_up(const char *path, const char *name)
{
        _cleanup_free_ char *rest_of = xstrdup(path), *shim = NULL;
        char *rest = rest_of;

        for (char *folder; (folder = strsep(&rest, ":"));) {
                size_t len = strlen(folder);
                _cleanup_free_ char *file = NULL;

                if (folder[0] != '/')
                        continue;
                while (len > 1 && folder[len - 1] == '/')
                        folder[--len] = '\0';
                file = xasprintf("%s/%s", len > 1 ? folder : "", name);
                if (!agent_is_program(file))
                        continue;
                if (!agent_is_shim(file))
                        return steal_ptr(&file);
                if (!shim)
                        shim = steal_ptr(&file);
        }
        return steal_ptr(&shim);
}

/* ---- Links on the way to a file ---- */

struct walk {
        struct str at, rest; /* without links so far; still to go */
        struct strv *links;
};

static void walk_into(struct walk *walk, const char *name, size_t len, const char *rest)
{
        _cleanup_free_ char *before = xstrdup(str_text(&walk->at)), *after = xstrdup(rest);
        char target[PATH_MAX];
        ssize_t got;

        str_clear(&walk->rest);
        if (len == 1 && name[0] == '.') {
                str_puts(&walk->rest, after);
                return;
        }
        if (len == 2 && strncmp(name, "..", 2) == 0) {
                char *slash = strrchr(before, '/');

                if (slash)
                        *slash = '\0';
                str_clear(&walk->at);
                str_puts(&walk->at, before);
                str_puts(&walk->rest, after);
                return;
        }
        str_printf(&walk->at, "/%.*s", (int)len, name);
        got = readlink(str_text(&walk->at), target, sizeof(target) - 1);
        if (got > 0) {
                strv_add(walk->links, str_text(&walk->at));
                str_append(&walk->rest, target, (size_t)got);
                str_clear(&walk->at);
                if (target[0] != '/')
                        str_puts(&walk->at, before);
        }
        str_puts(&walk->rest, after);
}

/* Each link that an absolute path goes through. -1: too many. */
int agent_walk_links(const char *path, struct strv *ret)
{
        struct walk walk = {.links = ret};

        str_puts(&walk.rest, path);
        while (ret->len <= LINKS_MAX) {
                _cleanup_free_ char *rest = xstrdup(str_text(&walk.rest));
                char *name = rest + strspn(rest, "/");
                size_t len = strcspn(name, "/");

                if (!len)
                        break;
                walk_into(&walk, name, len, name + len);
        }
        str_release(&walk.at);
        str_release(&walk.rest);
        return ret->len <= LINKS_MAX ? 0 : -1;
}

/* ---- What lies in a folder ---- */

/* `folder` NULL: nothing does. */
static bool lies_in(const char *path, const char *folder)
{
        _cleanup_free_ char *real = folder ? realpath(folder, NULL) : NULL;
        size_t len = real ? strlen(real) : 0;

        while (len && real[len - 1] == '/')
                len--;
        return len && strncmp(path, real, len) == 0 && (path[len] == '/' || !path[len]);
}

char *agent_path_outside(const char *path, const char *folder)
{
        _cleanup_free_ char *rest_of = xstrdup(path);
        struct str kept = {0};
        char *rest = rest_of;

        for (char *entry; (entry = strsep(&rest, ":"));) {
                _cleanup_free_ char *real = entry[0] == '/' ? realpath(entry, NULL) : NULL;

                if (!real || !lies_in(real, folder))
                        str_printf(&kept, "%s%s", kept.len ? ":" : "", entry);
        }
        str_puts(&kept, "");
        return str_steal(&kept);
}

bool agent_leads_through(const char *path, const char *folder)
{
        _cleanup_strv_ struct strv links = {0};
        bool through = folder && agent_walk_links(path, &links) < 0;

        for (size_t i = 0; folder && i < links.len; i++)
                through |= lies_in(links.items[i], folder);
        return through;
}

/* ---- Interpreter lines ---- */

/* "#!/usr/bin/env -S node --x" → "node"; "#!/bin/sh -e" → "/bin/sh". NULL: there is none. */
char *agent_read_interpreter(const char *file)
{
        _cleanup_fd_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        char line[LINE_BYTES + 1];
        ssize_t got = fd < 0 ? -1 : read(fd, line, LINE_BYTES);
        char *rest = line + 2, *word;

        if (got < 3 || line[0] != '#' || line[1] != '!')
                return NULL;
        line[got] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        word = strtok_r(rest, " \t", &rest);
        if (!word)
                return NULL;
        if (strcmp(agent_base_name(word), "env") != 0)
                return xstrdup(word);
        while ((word = strtok_r(NULL, " \t", &rest)))
                if (word[0] != '-' && !strchr(word, '='))
                        return xstrdup(word);
        return NULL;
}

bool agent_is_shell(const char *interpreter)
{
        static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh", "fish"};

        for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
                if (strcmp(agent_base_name(interpreter), shells[i]) == 0)
                        return true;
        return false;
}
