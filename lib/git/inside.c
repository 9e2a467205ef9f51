/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look itself: what became of .git, then its files and folders by one table. Everything is opened beneath the upper's own
 * .git, without links, devices and waiting.
 */
#include "lib/git/inside_internal.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN_MAX 120 /* bytes of a name */

void inside_add(struct inside_walk *walk, const char *verb, const char *name)
{
        struct inside *found = walk->found;
        size_t len = strlen(name);
        struct str text = {0};

        if (found->actions.len == INSIDE_ACTIONS_MAX) {
                found->more++;
                return;
        }
        str_printf(&text, "%s ", verb);
        str_put_quoted(&text, name, len > SHOWN_MAX ? SHOWN_MAX : len);
        if (len > SHOWN_MAX)
                str_puts(&text, "…");
        strv_take(&found->actions, str_steal(&text));
}

enum inside_state inside_read(const struct inside_walk *walk, const char *path, struct str *ret)
{
        _cleanup_fd_ int place = fs_open_beneath(walk->git, path, O_PATH, 0), fd = -1;
        struct err ignored = ERR_INIT;
        struct stat st;

        if (place < 0 || fstat(place, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? INSIDE_ABSENT : INSIDE_STRANGE;
        if (overlay_is_whiteout(&st))
                return INSIDE_REMOVED;
        if (!S_ISREG(st.st_mode))
                return INSIDE_STRANGE;
        fd = fs_open_beneath(walk->git, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        if (fd < 0 || fs_read_fd(fd, INSIDE_FILE_MAX, ret, &ignored) < 0) {
                str_clear(ret);
                return INSIDE_STRANGE;
        }
        return INSIDE_READ;
}

bool inside_read_lower(const struct inside_walk *walk, const char *path, struct str *ret)
{
        const struct strv *lowers = walk->options->lowers;
        _cleanup_free_ char *name = xasprintf(".git/%s", path);
        struct err ignored = ERR_INIT;

        for (size_t i = 0; lowers && !walk->replaced && i < lowers->len; i++) {
                _cleanup_fd_ int lower = open(lowers->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
                _cleanup_fd_ int fd = lower < 0 ? -1 : fs_open_beneath(lower, name, O_RDONLY | O_NONBLOCK, 0);

                if (fd >= 0)
                        return fs_read_fd(fd, INSIDE_FILE_MAX, ret, &ignored) == 0;
        }
        return false;
}

/* Copied up without a change of its bytes is no change. */
static void look_at_file(struct inside_walk *walk, const char *path)
{
        _cleanup_str_ struct str now = {0}, before = {0};
        _cleanup_free_ char *name = xasprintf(".git/%s", path);
        enum inside_state state = inside_read(walk, path, &now);

        if (state == INSIDE_ABSENT)
                return;
        if (state == INSIDE_REMOVED)
                inside_add(walk, "remove", name);
        else if (!inside_read_lower(walk, path, &before))
                inside_add(walk, "write", name);
        else if (state == INSIDE_STRANGE || now.len != before.len ||
                 memcmp(str_text(&now), str_text(&before), now.len) != 0)
                inside_add(walk, "change", name);
}

/* git's own examples, and what ends like them, git never runs. */
static bool is_sample(const char *name)
{
        size_t len = strlen(name);

        return len > 7 && strcmp(name + len - 7, ".sample") == 0;
}

/* Each entry of a folder that ordinary use leaves empty, by its name. */
static void look_at_folder(struct inside_walk *walk, const char *path)
{
        _cleanup_dir_ DIR *dir = fs_list(fs_open_beneath(walk->git, path, O_RDONLY | O_DIRECTORY, 0));
        const struct dirent *entry;

        for (int i = 0; i < 10 * INSIDE_ACTIONS_MAX && (entry = fs_list_next(dir)); i++) {
                _cleanup_free_ char *name = xasprintf(".git/%s/%s", path, entry->d_name);

                if (!is_sample(entry->d_name))
                        inside_add(walk, "write", name);
        }
}

static const char *const files[] = {"info/exclude",    "info/attributes",         "info/grafts", "info/sparse-checkout",
                                    "config.worktree", "objects/info/alternates", "shallow",     "commondir",
                                    "FETCH_HEAD"};
static const char *const folders[] = {"hooks", "worktrees", "modules"};

static void look_around(struct inside_walk *walk)
{
        inside_refs(walk);
        inside_config(walk);
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                look_at_folder(walk, folders[i]);
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                look_at_file(walk, files[i]);
}

void inside_look(struct repo *repo, int upper_fd, const struct inside_options *options, struct inside *ret)
{
        struct inside_walk walk = {.git = -1, .odb = repo->odb, .options = options, .found = ret};
        struct stat st;

        if (fstatat(upper_fd, ".git", &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (overlay_is_whiteout(&st) || !S_ISDIR(st.st_mode)) {
                inside_add(&walk, overlay_is_whiteout(&st) ? "remove" : "replace", ".git");
                return;
        }
        walk.git = fs_open_beneath(upper_fd, ".git", O_RDONLY | O_DIRECTORY, 0);
        if (walk.git < 0)
                return;
        walk.replaced = overlay_is_opaque(walk.git);
        if (walk.replaced)
                inside_add(&walk, "replace", ".git");
        look_around(&walk);
        close(walk.git);
}

void inside_release(struct inside *inside)
{
        strv_release(&inside->actions);
        *inside = (struct inside){0};
}
