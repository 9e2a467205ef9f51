/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/place.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTINFO_MAX ((size_t)16 << 20)
#define DEPTH_MAX 4096

/* ---- Mounts ---- */

/* Blank, tab, newline and backslash are written as three octal digits. */
static char *unescape(const char *text)
{
        char *copy = xstrdup(text), *to = copy;

        for (const char *at = copy; *at; to++) {
                if (at[0] == '\\' && at[1] && at[2] && at[3]) {
                        *to = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
                        at += 4;
                } else {
                        *to = *at++;
                }
        }
        *to = '\0';
        return copy;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT …" */
static void add_mount(struct mounts *mounts, char *line)
{
        char *fields[5], *rest = line;

        for (size_t i = 0; i < 5; i++)
                if (!(fields[i] = strsep(&rest, " ")))
                        return;
        mounts->items = xrealloc(mounts->items, (mounts->len + 1) * sizeof(*mounts->items));
        mounts->items[mounts->len++] = (struct mount_entry){(int)strtol(fields[0], NULL, 10), xstrdup(fields[2]),
                                                            unescape(fields[3]), unescape(fields[4])};
}

int mounts_read(struct mounts *mounts, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        char *rest, *line;

        if (fs_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, err) < 0)
                return err_wrap(err, "mounts");
        rest = text.data;
        while (rest && (line = strsep(&rest, "\n")))
                add_mount(mounts, line);
        return 0;
}

void mounts_release(struct mounts *mounts)
{
        for (size_t i = 0; i < mounts->len; i++) {
                free(mounts->items[i].device);
                free(mounts->items[i].root);
                free(mounts->items[i].point);
        }
        free(mounts->items);
        *mounts = (struct mounts){0};
}

/* ---- Places ---- */

static int mount_id(int fd)
{
        _cleanup_free_ char *name = xasprintf("/proc/self/fdinfo/%d", fd);
        _cleanup_str_ struct str text = {0};
        const char *line;
        struct err ignored;

        if (fs_read_at(AT_FDCWD, name, 4096, &text, &ignored) < 0 || !(line = strstr(str_text(&text), "mnt_id:")))
                return -1;
        return (int)strtol(line + 7, NULL, 10);
}

static void locate(struct place *place, const struct mounts *mounts)
{
        int id = mount_id(place->fd);

        for (size_t i = 0; i < mounts->len; i++) {
                const struct mount_entry *mount = &mounts->items[i];
                const char *root = strcmp(mount->root, "/") == 0 ? "" : mount->root;

                if (mount->id != id || !path_is_in(place->path, mount->point))
                        continue;
                place->device = xstrdup(mount->device);
                place->within = xasprintf("%s%s", root,
                                          place->path + (strcmp(mount->point, "/") == 0 ? 0 : strlen(mount->point)));
                if (!place->within[0]) {
                        free(place->within);
                        place->within = xstrdup("/");
                }
                return;
        }
}

/* The path, or the nearest one above it that exists. */
static int open_nearest(char *path, bool *ret_exists)
{
        for (*ret_exists = true;; *ret_exists = false) {
                int fd = open(path, O_PATH | O_CLOEXEC);
                char *slash = strrchr(path, '/');

                if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR) || !slash || !path[1])
                        return fd;
                slash[slash == path ? 1 : 0] = '\0';
        }
}

int place_find(struct place *ret, const char *path, const struct mounts *mounts, struct err *err)
{
        _cleanup_free_ char *copy = xstrdup(path);
        struct place place = PLACE_NONE;

        place.fd = open_nearest(copy, &place.exists);
        if (place.fd < 0)
                return err_errno(err, "look at %s", path);
        place.path = fs_real_path(place.fd);
        if (!place.path) {
                place_release(&place);
                return err_set(err, ERR_SYSTEM, "look at %s: it has no path", path);
        }
        locate(&place, mounts);
        *ret = place;
        return 0;
}

void place_release(struct place *place)
{
        if (place->fd >= 0)
                close(place->fd);
        free(place->path);
        free(place->device);
        free(place->within);
        *place = PLACE_NONE;
}

/* ---- Comparing ---- */

static bool same(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int open_parent(const struct place *place, int at)
{
        struct stat status;

        if (fstat(at, &status) == 0 && !S_ISDIR(status.st_mode)) { /* a file: only its path tells */
                _cleanup_free_ char *folder = xmemdup(place->path, (size_t)(strrchr(place->path, '/') - place->path));

                return open(folder[0] ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        }
        return openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Whether `folder` is met on the way up from `place`, itself included. */
static bool leads_to(const struct place *place, const struct place *folder)
{
        _cleanup_fd_ int at = fcntl(place->fd, F_DUPFD_CLOEXEC, 3);
        struct stat wanted, here, before = {0};

        if (fstat(folder->fd, &wanted) < 0)
                return false;
        for (int depth = 0; at >= 0 && depth < DEPTH_MAX && fstat(at, &here) == 0; depth++) {
                int parent;

                if (same(&here, &wanted))
                        return true;
                if (depth && same(&here, &before))
                        return false; /* the root is its own parent */
                before = here;
                parent = open_parent(place, at);
                close(at);
                at = parent;
        }
        return false;
}

static enum place_relation compare_regions(const char *device, const char *within, const struct place *guarded)
{
        if (!device || !guarded->device || strcmp(device, guarded->device) != 0)
                return PLACE_APART;
        if (guarded->exists && path_is_in(within, guarded->within))
                return PLACE_IN;
        return path_is_in(guarded->within, within) ? PLACE_CONTAINS : PLACE_APART;
}

const char *place_mount_below(const struct place *place, const struct mounts *mounts)
{
        for (size_t i = 0; place->exists && i < mounts->len; i++)
                if (path_is_in(mounts->items[i].point, place->path) && strcmp(mounts->items[i].point, place->path) != 0)
                        return mounts->items[i].point;
        return NULL;
}

enum place_relation place_compare(const struct place *shown, const struct place *guarded, const struct mounts *mounts)
{
        enum place_relation relation = compare_regions(shown->device, shown->within, guarded);

        if (guarded->exists && leads_to(shown, guarded))
                return PLACE_IN;
        if (leads_to(guarded, shown))
                return PLACE_CONTAINS;
        for (size_t i = 0; relation == PLACE_APART && i < mounts->len; i++)
                if (path_is_in(mounts->items[i].point, shown->path) &&
                    compare_regions(mounts->items[i].device, mounts->items[i].root, guarded) != PLACE_APART)
                        relation = PLACE_CONTAINS;
        return relation;
}
