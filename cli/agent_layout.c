/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How programs are laid out on disk, and what of it must be there for them to run. A row per layout: each looks at the file and
 * adds the folder, or adds nothing. All of them are asked: a script in node's own prefix is an npm package too.
 */
#include "cli/agent_find.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/plan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 65536

struct layout {
        const struct agent_place *place;
        const char *file, *named, *interpreter;
        struct strv *ret;
};

static char *parent(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash && slash != path ? xmemdup(path, (size_t)(slash - path)) : xstrdup("/");
}

/* Where programs of all kinds have their files: too much to show for one of them. */
bool agent_layout_is_shared(const struct agent_place *place, const char *folder)
{
        static const char *const below_home[] = {
                "",    ".local", ".local/share", ".local/state", ".local/lib", ".local/bin", ".config", ".cache",
                "bin", "lib",    "Desktop",      "Documents",    "Downloads",  "src",        "projects"};
        size_t len = strlen(folder), depth = 0;

        for (size_t i = 0; i < len; i++)
                depth += folder[i] == '/' && folder[i + 1];
        if (depth < 2) /* "/srv": a place for everything */
                return true;
        if (!place->home)
                return false;
        if (strncmp(place->home, folder, len) == 0 && (!place->home[len] || place->home[len] == '/'))
                return true;
        for (size_t i = 0; i < sizeof(below_home) / sizeof(*below_home); i++) {
                _cleanup_free_ char *shared = xasprintf("%s/%s", place->home, below_home[i]);

                if (strcmp(shared, folder) == 0)
                        return true;
        }
        return false;
}

static void add(const struct layout *layout, const char *folder)
{
        if (!sandbox_is_system(folder))
                strv_add(layout->ret, folder);
}

/* Packages find each other from the outermost one down; what is installed for a platform lies there too. */
static void npm(const struct layout *layout)
{
        const char *part = strstr(layout->file, "/node_modules/");

        if (part) {
                _cleanup_free_ char *folder = xmemdup(layout->file, (size_t)(part - layout->file) + 13);

                add(layout, folder);
        }
}

/* A program for node that is no installed package: a checkout, linked to (npm link). */
static void package(const struct layout *layout)
{
        static const char *const runtimes[] = {"node", "nodejs", "bun", "deno"};
        _cleanup_free_ char *folder = parent(layout->file);
        bool known = false;

        for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++)
                known |= strcmp(layout->interpreter, runtimes[i]) == 0;
        while (known && !strstr(layout->file, "/node_modules/") && !agent_layout_is_shared(layout->place, folder)) {
                _cleanup_free_ char *manifest = xasprintf("%s/package.json", folder);
                char *up;

                if (access(manifest, F_OK) == 0) {
                        add(layout, folder);
                        return;
                }
                up = parent(folder);
                free(folder);
                folder = up;
        }
}

/* What installed packages of homebrew need lies beside them, behind links. */
static void homebrew(const struct layout *layout)
{
        const char *part = strstr(layout->file, "/Cellar/");

        if (part) {
                _cleanup_free_ char *folder = xmemdup(layout->file, (size_t)(part - layout->file));

                add(layout, folder);
        }
}

/* node of nvm and its like, conda, a Python of uv or pyenv: bin and lib side by side. */
static void own_prefix(const struct layout *layout, const char *path)
{
        _cleanup_free_ char *bin = parent(path), *prefix = parent(bin), *lib = xasprintf("%s/lib", prefix);

        if (strcmp(strrchr(bin, '/') + 1, "bin") == 0 && fs_is_folder(lib))
                add(layout, prefix);
}

static void prefix(const struct layout *layout)
{
        own_prefix(layout, layout->file);
}

/* Else an environment would choose any folder that has a bin and a lib. */
static bool has_python(const char *bin)
{
        DIR *dir = opendir(bin);
        struct dirent *entry;
        bool has = false;

        while (dir && !has && (entry = readdir(dir)))
                has = strncmp(entry->d_name, "python", 6) == 0;
        if (dir)
                closedir(dir);
        return has;
}

/* "home = /usr/bin" of pyvenv.cfg: the Python that the environment is made of. */
static void based_on(const struct layout *layout, const char *settings)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_free_ char *real = NULL;
        struct err err = ERR_INIT;
        char *line = NULL, *rest;

        if (fs_read_at(AT_FDCWD, settings, SETTINGS_MAX, &text, &err) < 0)
                return;
        for (char *at = strtok_r(text.data, "\n", &rest); at && !line; at = strtok_r(NULL, "\n", &rest))
                if (strncmp(at, "home", 4) == 0 && at[4 + strspn(at + 4, " \t")] == '=')
                        line = strchr(at, '=') + 1;
        if (!line)
                return;
        line += strspn(line, " \t");
        line[strcspn(line, "\r")] = '\0';
        real = realpath(line, NULL);
        if (real) {
                _cleanup_free_ char *program = xasprintf("%s/python", real);

                if (has_python(real))
                        own_prefix(layout, program);
        }
}

static void environment_of(const struct layout *layout, const char *path)
{
        _cleanup_free_ char *bin = parent(path), *folder = parent(bin), *settings = xasprintf("%s/pyvenv.cfg", folder);
        _cleanup_free_ char *real = NULL;

        if (access(settings, F_OK) < 0 || !(real = realpath(folder, NULL)))
                return;
        add(layout, real);
        based_on(layout, settings);
}

static void environment(const struct layout *layout)
{
        environment_of(layout, layout->file);
        environment_of(layout, layout->named);
}

/* pip install --user: ~/.local/bin/tool, ~/.local/lib/python3.11/site-packages. */
static void user_packages(const struct layout *layout)
{
        _cleanup_free_ char *bin = parent(layout->file), *prefix_ = parent(bin), *lib = xasprintf("%s/lib", prefix_);
        DIR *dir = strncmp(layout->interpreter, "python", 6) == 0 ? opendir(lib) : NULL;
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                _cleanup_free_ char *folder = xasprintf("%s/%s/site-packages", lib, entry->d_name);

                if (strncmp(entry->d_name, "python", 6) == 0 && fs_is_folder(folder))
                        add(layout, folder);
        }
        if (dir)
                closedir(dir);
}

/* pnpm's programs are shell scripts that start node on "$basedir/global/5/node_modules/…". */
static void script(const struct layout *layout)
{
        static const char mark[] = "$basedir/";
        _cleanup_free_ char *folder = parent(layout->file);
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        if (!layout->interpreter[0] || fs_read_at(AT_FDCWD, layout->file, SETTINGS_MAX, &text, &err) < 0)
                return;
        for (char *at = text.data; at && (at = strstr(at, mark)); at++) {
                char *name = at + strlen(mark);
                _cleanup_free_ char *path = xasprintf("%s/%.*s", folder, (int)strcspn(name, "\"' \n:"), name);
                _cleanup_free_ char *real = realpath(path, NULL);

                if (real)
                        npm(&(struct layout){layout->place, real, real, "", layout->ret});
        }
}

static void libraries(const struct layout *layout)
{
        _cleanup_strv_ struct strv folders = {0};
        _cleanup_free_ char *loader = NULL;

        agent_elf(layout->file, &folders, &loader);
        for (size_t i = 0; i < folders.len; i++)
                add(layout, folders.items[i]);
}

void agent_layout(const struct agent_place *place, const char *file, const char *named, const char *interpreter,
                  struct strv *ret)
{
        static void (*const layouts[])(const struct layout *) = {npm,         package,       homebrew, prefix,
                                                                 environment, user_packages, script,   libraries};
        const struct layout layout = {place, file, named, interpreter, ret};

        for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
                layouts[i](&layout);
}
