/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order: every file, SHA256SUMS, all of it synced, the exchange, the old folder's removal. Killed before the exchange the
 * old site stands; killed after it the new one does, and the folder beside it goes with the next publication.
 */
#include "cli/site_dir.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX ((size_t)64 << 20)
#define SYNCED_ONE_BY_ONE 32 /* files; with more, syncing the whole file system is the lesser work */

static const char *const ours[] = {"index.html", "failures.html", "covenant.html", "runs",
                                   "data",       "SHA256SUMS",    ".nojekyll",     NULL};

/* ---- what is there ---- */

int site_open(int folder, const char *path, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "there is no %s", path);
        if (fd < 0 && errno != ELOOP && errno != ENOTDIR && errno != ENXIO) {
                err_errno(err, "open %s", path);
                return err_place(err);
        }
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return err_set(err, ERR_INPUT, "%s is no regular file", path);
        return steal_fd(&fd);
}

int site_read(int folder, const char *path, size_t most, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = site_open(folder, path, err);

        if (fd < 0)
                return -1;
        return fs_read_fd(fd, most, ret, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

static int check_marker(int old, const char *path, const struct site_owner *owner, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *site = NULL;
        struct err none = ERR_INIT;

        if (site_read(old, "data/site.json", READ_MAX, &text, &none) == 0)
                site = json_loadb(str_text(&text), text.len, 0, NULL);
        if (strcmp(json_text_of(site, "schema"), SITE_SCHEMA) != 0)
                return err_set(err, ERR_INPUT,
                               "%s is not empty and no site that cupel wrote: name an empty or a new folder", path);
        if (strcmp(json_text_of(site, "repository"), owner->repository) != 0)
                return err_set(err, ERR_INPUT, "%s is the site of another repository (%s): name another folder", path,
                               json_text_of(site, "repository"));
        if (owner->preview && !json_is_true(json_object_get(site, "preview")))
                return err_set(err, ERR_INPUT,
                               "%s is a site to be published, and a preview shows what may not be: name another folder",
                               path);
        return 0;
}

static bool is_ours(const char *name)
{
        for (size_t i = 0; ours[i]; i++)
                if (strcmp(ours[i], name) == 0)
                        return true;
        return false;
}

/* 0: empty, 1: not; what nobody of us wrote is named. */
static int look_into(int fd, const char *path, char ret_foreign[NAME_MAX + 1], struct err *err)
{
        _cleanup_dir_ DIR *folder = fs_list(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        const struct dirent *entry;
        int found = 0;

        if (!folder)
                return err_errno(err, "list %s", path);
        rewinddir(folder);
        while ((entry = fs_list_next(folder))) {
                found = 1;
                if (!is_ours(entry->d_name))
                        snprintf(ret_foreign, NAME_MAX + 1, "%s", entry->d_name);
        }
        return errno ? err_errno(err, "list %s", path) : found;
}

static int check_old(int old, const char *path, const struct site_owner *owner, struct err *err)
{
        char foreign[NAME_MAX + 1] = "";
        const int found = look_into(old, path, foreign, err);
        _cleanup_str_ struct str name = {0};

        if (found <= 0)
                return found;
        if (check_marker(old, path, owner, err) < 0)
                return -1;
        if (!foreign[0])
                return 0;
        str_put_quoted(&name, foreign, strlen(foreign));
        return err_set(err, ERR_INPUT, "%s holds %s, which cupel did not write and would remove: move it away", path,
                       str_text(&name));
}

/* ---- opening ---- */

/* A link is followed: what it leads to is replaced, not the link. */
static int split_path(struct site_dir *dir, const char *path, struct err *err)
{
        _cleanup_free_ char *real = realpath(path, NULL);
        _cleanup_free_ char *text = xstrdup(real ? real : path);
        char *slash;
        size_t len = strlen(text);

        while (len > 1 && text[len - 1] == '/')
                text[--len] = '\0';
        slash = strrchr(text, '/');
        dir->name = xstrdup(slash ? slash + 1 : text);
        if (slash)
                slash[slash == text] = '\0';
        if (!dir->name[0] || strcmp(dir->name, ".") == 0 || strcmp(dir->name, "..") == 0)
                return err_set(err, ERR_INPUT, "%s is no folder that can be made or replaced: name one", path);
        if (slash && !real && fs_mkdir_p(text, 0755, err) < 0)
                return -1;
        dir->parent = fs_open_dir(slash ? text : ".", err);
        dir->building = xasprintf(".%s.cupel-building", dir->name);
        return dir->parent < 0 ? -1 : 0;
}

/* What exchange() was killed in, where names cannot be exchanged. */
static int put_back(struct site_dir *dir, struct err *err)
{
        _cleanup_free_ char *aside = xasprintf(".%s.cupel-old", dir->name);

        if (faccessat(dir->parent, aside, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (renameat2(dir->parent, aside, dir->parent, dir->name, RENAME_NOREPLACE) == 0)
                return 0;
        return fs_remove_tree_at(dir->parent, aside, err);
}

static int open_old(struct site_dir *dir, const char *path, const struct site_owner *owner, struct err *err)
{
        if (put_back(dir, err) < 0)
                return -1;
        dir->old = openat(dir->parent, dir->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir->old < 0)
                return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
        return check_old(dir->old, path, owner, err);
}

int site_dir_open(struct site_dir *dir, const char *path, const struct site_owner *owner, struct err *err)
{
        if (split_path(dir, path, err) < 0)
                return -1;
        if (flock(dir->parent, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK
                               ? err_set(err, ERR_BUSY, "another `cupel publish` works beside %s: wait for it", path)
                               : err_errno(err, "lock the folder of %s", path);
        if (open_old(dir, path, owner, err) < 0 || fs_remove_tree_at(dir->parent, dir->building, err) < 0)
                return -1;
        dir->new = fs_mkdir_open_at(dir->parent, dir->building, 0755, err);
        return dir->new < 0 ? err_wrap(err, "beside %s", path) : 0;
}

void site_dir_release(struct site_dir *dir)
{
        struct err ignored = ERR_INIT;

        if (dir->new >= 0 && !dir->finished)
                (void)fs_remove_tree_at(dir->parent, dir->building, &ignored);
        cleanup_fd(&dir->new);
        cleanup_fd(&dir->old);
        cleanup_fd(&dir->parent);
        free(dir->name);
        free(dir->building);
        strv_release(&dir->sums);
        *dir = SITE_DIR_INIT;
}

/* ---- files ---- */

/* What a mirror of somewhere else names stays below the site. */
static int check_path(const char *path, struct err *err)
{
        for (const char *at = path;; at += strcspn(at, "/") + 1) {
                const size_t len = strcspn(at, "/");

                if (len == 0 || (at[0] == '.' && (len == 1 || (len == 2 && at[1] == '.'))))
                        return err_set(err, ERR_INPUT, "a file of the site has the path \"%.100s\"", path);
                if (!at[len])
                        return 0;
        }
}

static int make_folders(const struct site_dir *dir, const char *path, struct err *err)
{
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *folder = xasprintf("%.*s", (int)(slash - path), path);

                if (mkdirat(dir->new, folder, 0755) < 0 && errno != EEXIST)
                        return err_errno(err, "make the folder %s of the site", folder);
        }
        return 0;
}

static bool is_same(const struct site_dir *dir, const char *path, const void *bytes, size_t len)
{
        _cleanup_fd_ int fd = dir->old < 0 ? -1 : fs_open_beneath(dir->old, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
        _cleanup_str_ struct str before = {0};
        struct err none = ERR_INIT;
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == len &&
               fs_read_fd(fd, len, &before, &none) == 0 && before.len == len &&
               memcmp(str_text(&before), bytes, len) == 0;
}

/* A file system without links gets a copy: the bytes are the same. */
static bool keep(struct site_dir *dir, const char *path, const void *bytes, size_t len)
{
        if (!is_same(dir, path, bytes, len) || linkat(dir->old, path, dir->new, path, 0) < 0)
                return false;
        dir->kept++;
        return true;
}

static int write_file(struct site_dir *dir, const char *path, const void *bytes, size_t len, struct err *err)
{
        _cleanup_fd_ int fd = -1;

        if (check_path(path, err) < 0 || make_folders(dir, path, err) < 0)
                return -1;
        if (keep(dir, path, bytes, len))
                return 0;
        fd = openat(dir->new, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0 || fs_write_all(fd, bytes, len) < 0 || (dir->written < SYNCED_ONE_BY_ONE && fdatasync(fd) < 0))
                return err_errno(err, "write %s of the site", path);
        dir->written++;
        return 0;
}

int site_dir_put(struct site_dir *dir, const char *path, const void *bytes, size_t len, struct err *err)
{
        char hex[HASH_HEX];

        if (write_file(dir, path, bytes, len, err) < 0)
                return -1;
        hash_bytes(bytes, len, hex);
        strv_add_printf(&dir->sums, "%s\n%s", path, hex);
        return 0;
}

int site_dir_copy(struct site_dir *dir, const char *path, int fd, size_t most, struct site_file *ret, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};

        if (fs_read_fd(fd, most, &bytes, err) < 0 || site_dir_put(dir, path, str_text(&bytes), bytes.len, err) < 0)
                return -1;
        hash_bytes(str_text(&bytes), bytes.len, ret->sha256);
        ret->bytes = (int64_t)bytes.len;
        return 0;
}

int site_dir_read(const struct site_dir *dir, const char *path, struct str *ret, struct err *err)
{
        return site_read(dir->new, path, READ_MAX, ret, err) < 0 ? err_wrap(err, "the new site") : 0;
}

/* ---- the exchange ---- */

static int put_sums(struct site_dir *dir, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        strv_sort_unique(&dir->sums);
        for (size_t i = 0; i < dir->sums.len; i++) {
                const char *path = dir->sums.items[i], *end = strchr(path, '\n');

                str_printf(&text, "%s  %.*s\n", end + 1, (int)(end - path), path);
        }
        return write_file(dir, "SHA256SUMS", str_text(&text), text.len, err);
}

/* SHA256SUMS names every file: where it is the same, and was written of the same files, there is nothing to exchange. */
static bool nothing_new(const struct site_dir *dir)
{
        return dir->old >= 0 && dir->written == 0 && dir->removed == 0;
}

static void count_removed(struct site_dir *dir)
{
        _cleanup_str_ struct str text = {0};
        struct err none = ERR_INIT;

        if (dir->old < 0 || site_read(dir->old, "SHA256SUMS", READ_MAX, &text, &none) < 0)
                return;
        for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n"))
                if (strlen(line) > HASH_HEX && faccessat(dir->new, line + HASH_HEX + 1, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                        dir->removed++;
}

/* Where a file system cannot exchange two names, the old site is moved aside first; the lock is held meanwhile. */
static int exchange(struct site_dir *dir, struct err *err)
{
        _cleanup_free_ char *aside = xasprintf(".%s.cupel-old", dir->name);

        if (renameat2(dir->parent, dir->building, dir->parent, dir->name, RENAME_EXCHANGE) == 0)
                return fs_remove_tree_at(dir->parent, dir->building, err);
        if (errno != EINVAL && errno != ENOSYS)
                return err_errno(err, "put the new site in the place of %s", dir->name);
        if (renameat(dir->parent, dir->name, dir->parent, aside) < 0)
                return err_errno(err, "move the old site %s aside", dir->name);
        if (renameat(dir->parent, dir->building, dir->parent, dir->name) < 0)
                return err_errno(err, "put the new site in the place of %s (the old one is %s)", dir->name, aside);
        return fs_remove_tree_at(dir->parent, aside, err);
}

int site_dir_finish(struct site_dir *dir, struct err *err)
{
        if (put_sums(dir, err) < 0)
                return -1;
        count_removed(dir);
        if (nothing_new(dir))
                return 0;
        if ((dir->written > SYNCED_ONE_BY_ONE ? syncfs(dir->new) : fsync(dir->new)) < 0)
                return err_errno(err, "sync the site");
        if (dir->old >= 0 ? exchange(dir, err) < 0 : renameat(dir->parent, dir->building, dir->parent, dir->name) < 0)
                return dir->old >= 0 ? -1 : err_errno(err, "name the site %s", dir->name);
        dir->finished = true;
        (void)fs_fsync_dir(dir->parent);
        return 0;
}
