/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where groups may be made, and what dead processes left there. The own group of each hierarchy is named by
 * /proc/self/cgroup; in a container that shows the host's path, and the mount is that group already.
 *
 * Version 2 gives controllers only to groups below one that has no processes of its own. So the parent of the own group is
 * tried too, where it is no slice: a unit whose processes live in a group below it (DelegateSubgroup=, or by hand). Slices
 * belong to the service manager alone.
 */
#include "sandbox/cgroup.h"
#include "sandbox/cgroup_backend.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_PREFIX "cupel-"

static uint64_t pid_namespace(void)
{
        struct stat status;

        return stat("/proc/self/ns/pid", &status) < 0 ? 0 : status.st_ino;
}

/* Whether the comma-separated list has the word; both may be empty. */
static bool has_word(const char *list, size_t len, const char *word)
{
        const char *end = list + len;

        for (;;) {
                const char *comma = memchr(list, ',', (size_t)(end - list));
                size_t part = (size_t)((comma ? comma : end) - list);

                if (part == strlen(word) && memcmp(list, word, part) == 0)
                        return true;
                if (!comma)
                        return false;
                list = comma + 1;
        }
}

/* The path of the own group out of cgroups(7)'s `id:controllers:path` lines; owned by the caller, NULL: none. */
static char *own_path(const char *text, const char *controller)
{
        for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
                size_t len = strcspn(line, "\n");
                const char *list = memchr(line, ':', len);
                const char *path = list ? memchr(list + 1, ':', len - (size_t)(list + 1 - line)) : NULL;

                if (path && has_word(list + 1, (size_t)(path - list - 1), controller))
                        return xmemdup(path + 1, len - (size_t)(path + 1 - line));
        }
        return NULL;
}

static int open_group(const struct cgroup_backend *backend, const char *mount, const char *path)
{
        _cleanup_free_ char *folder = xasprintf(CGROUP_ROOT "%s%s", mount, path);
        _cleanup_fd_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 && faccessat(fd, backend->mark, F_OK, 0) == 0 ? steal_fd(&fd) : -1;
}

static bool ends_in(const char *text, const char *end)
{
        size_t len = strlen(text), tail = strlen(end);

        return len >= tail && strcmp(text + len - tail, end) == 0;
}

static bool may_hold(int folder)
{
        return folder >= 0 && faccessat(folder, ".", W_OK, AT_EACCESS) == 0 && cgroup_delegate(folder) != CGROUP_CPU;
}

/* The own group, or else its parent, whichever hands controllers on; the own one where neither does. */
static int choose_unified(const struct cgroup_backend *backend, const char *mount, char *path)
{
        _cleanup_fd_ int own = open_group(backend, mount, path);
        char *slash = strrchr(path, '/');

        if (own < 0 || may_hold(own) || !slash || slash == path)
                return steal_fd(&own);
        *slash = '\0';
        if (!ends_in(path, ".slice")) {
                _cleanup_fd_ int parent = open_group(backend, mount, path);

                if (may_hold(parent))
                        return steal_fd(&parent);
        }
        return steal_fd(&own);
}

static int find_parent(const struct cgroup_backend *backend, const char *text)
{
        _cleanup_free_ char *path = own_path(text, backend->controller);
        int found = -1;

        if (!path || strstr(path, "/.."))
                return -1;
        if (strcmp(path, "/") == 0)
                *path = '\0';
        for (size_t i = 0; i < 2 && backend->mounts[i] && found < 0; i++) {
                found = backend->version == 2 ? choose_unified(backend, backend->mounts[i], path)
                                              : open_group(backend, backend->mounts[i], path);
                if (found < 0)
                        found = open_group(backend, backend->mounts[i], "");
        }
        if (found >= 0 && faccessat(found, ".", W_OK, AT_EACCESS) == 0)
                return found;
        if (found >= 0)
                close(found);
        return -1;
}

void cgroups_find(struct cgroups *groups)
{
        _cleanup_str_ struct str text = {0};
        struct err ignored;
        bool any = false;

        *groups = CGROUPS_NONE;
        if (fs_read_at(AT_FDCWD, "/proc/self/cgroup", 65536, &text, &ignored) < 0)
                return;
        for (size_t i = 0; i < CGROUP_BACKENDS; i++) {
                groups->places[i].parent = find_parent(&cgroup_backends[i], str_text(&text));
                any |= groups->places[i].parent >= 0;
        }
        if (any)
                snprintf(groups->name, sizeof(groups->name), NAME_PREFIX "%" PRIu64 "-%d-%" PRIu64, pid_namespace(),
                         (int)getpid(), process_start(getpid()));
}

/* ---- Removing ---- */

/* A name that is not exactly as ours are is nobody's we know; a pid of another pid namespace says nothing here. */
static bool is_left(const char *name, uint64_t namespace)
{
        uint64_t numbers[4]; /* pid namespace, pid, start time, step */
        char again[128], *at = (char *)name + strlen(NAME_PREFIX);

        if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0)
                return false;
        for (size_t i = 0; i < 4; i++) {
                numbers[i] = strtoull(at, &at, 10);
                at += *at == '-';
        }
        snprintf(again, sizeof(again), NAME_PREFIX "%" PRIu64 "-%" PRIu64 "-%" PRIu64 "-%" PRIu64, numbers[0],
                 numbers[1], numbers[2], numbers[3]);
        return strcmp(again, name) == 0 && numbers[0] == namespace && !process_lives((pid_t)numbers[1], numbers[2]);
}

#define DEPTH_MAX 12
#define GROUPS_MAX 20000

struct sweep {
        uint64_t namespace;
        unsigned depth; /* how deep it looks below the folder that it was given */
        unsigned looked_at, removed;
};

/* Takes `fd`. */
static void sweep_folder(struct sweep *sweep, int fd, unsigned depth)
{
        _cleanup_dir_ DIR *dir = fs_list(fd);
        const struct dirent *entry;

        while ((entry = fs_list_next(dir))) {
                if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || sweep->looked_at++ > GROUPS_MAX)
                        continue;
                if (is_left(entry->d_name, sweep->namespace))
                        sweep->removed += unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0;
                else if (depth < sweep->depth)
                        sweep_folder(sweep, openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                                     depth + 1);
        }
}

static void sweep_own(struct sweep *sweep)
{
        struct cgroups groups;

        cgroups_find(&groups);
        for (size_t i = 0; i < CGROUP_BACKENDS; i++)
                if (groups.places[i].parent >= 0)
                        sweep_folder(sweep, groups.places[i].parent, 0);
}

unsigned cgroups_sweep(bool everywhere)
{
        struct sweep sweep = {.namespace = pid_namespace(), .depth = everywhere ? DEPTH_MAX : 0};

        if (!everywhere)
                sweep_own(&sweep);
        for (size_t i = 0; everywhere && i < CGROUP_BACKENDS; i++)
                for (size_t k = 0; k < 2 && cgroup_backends[i].mounts[k]; k++)
                        sweep_folder(&sweep, open_group(&cgroup_backends[i], cgroup_backends[i].mounts[k], ""), 0);
        return sweep.removed;
}
