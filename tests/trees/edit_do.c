/* SPDX-License-Identifier: Apache-2.0 */
/* One edit on a folder. What is in the way stays, what is not there is not missed; a folder that an overlay cannot rename is copied. */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "tests/trees/edits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that holds `path`, made where it is missing; its name there. -1: something else is in the way. */
static int parent(int folder, const char *path, bool make, const char **ret_name)
{
        int at = fcntl(folder, F_DUPFD_CLOEXEC, 3);

        for (const char *slash; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
                _cleanup_free_ char *name = xmemdup(path, (size_t)(slash - path));
                const int above = at;

                if (make)
                        (void)mkdirat(above, name, 0755);
                at = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                close(above);
        }
        *ret_name = path;
        return at;
}

static void remove_at(int folder, const char *path)
{
        struct err ignored = ERR_INIT;
        const char *name;
        _cleanup_fd_ int at = parent(folder, path, false, &name);

        if (at >= 0)
                (void)fs_remove_tree_at(at, name, &ignored);
}

static int open_file(int folder, const char *path, int flags)
{
        const char *name;
        _cleanup_fd_ int at = parent(folder, path, (flags & O_CREAT) != 0, &name);
        struct stat st;

        if (at < 0 || (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode)))
                return -1;
        return openat(at, name, flags | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static void put(int folder, const char *path, int flags, const char *text, size_t len)
{
        _cleanup_fd_ int fd = open_file(folder, path, flags);

        if (fd >= 0)
                (void)fs_write_all(fd, text, len);
}

static void put_content(int folder, const struct edit *edit, int flags)
{
        size_t len;
        _cleanup_free_ char *text = edit_content(edit->value, &len);

        put(folder, edit->path, flags, text, len);
}

static void put_line(int folder, const struct edit *edit, const char *line)
{
        _cleanup_free_ char *text = xasprintf("%s\n", line);

        put(folder, edit->path, O_CREAT | O_APPEND, text, strlen(text));
}

/* ---- As mv does it ---- */

static void copy(int from, const char *name, int to, const char *as);

static void copy_folder(int from, const char *name, int to, const char *as)
{
        DIR *dir = fdopendir(openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        _cleanup_fd_ int made = mkdirat(to, as, 0755) < 0 ? -1 : openat(to, as, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (struct dirent *entry; dir && made >= 0 && (entry = readdir(dir));)
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        copy(dirfd(dir), entry->d_name, made, entry->d_name);
        if (dir)
                closedir(dir);
}

static void copy(int from, const char *name, int to, const char *as)
{
        _cleanup_fd_ int in = -1, out = -1;
        char piece[65536];
        struct stat st;
        ssize_t got;

        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (S_ISLNK(st.st_mode)) {
                got = readlinkat(from, name, piece, PATH_MAX - 1);
                piece[got < 0 ? 0 : got] = '\0';
                (void)symlinkat(piece, to, as);
                return;
        }
        if (S_ISDIR(st.st_mode)) {
                copy_folder(from, name, to, as);
        } else {
                in = openat(from, name, O_RDONLY | O_CLOEXEC);
                out = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                while (in >= 0 && out >= 0 && (got = read(in, piece, sizeof(piece))) > 0)
                        (void)fs_write_all(out, piece, (size_t)got);
        }
        (void)fchmodat(to, as, st.st_mode & 0777, 0);
}

static void move(int folder, const char *path, const char *other)
{
        struct err ignored = ERR_INIT;
        const char *name, *as;
        _cleanup_fd_ int from = parent(folder, path, false, &name), to = parent(folder, other, true, &as);
        const size_t len = strlen(path);

        if (from < 0 || to < 0 || renameat(from, name, to, as) == 0 || errno != EXDEV ||
            (strncmp(other, path, len) == 0 && other[len] == '/'))
                return;
        if ((unlinkat(to, as, AT_REMOVEDIR) < 0 && errno != ENOENT) ||
            faccessat(to, as, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return;
        copy(from, name, to, as);
        (void)fs_remove_tree_at(from, name, &ignored);
}

/* ---- Each kind ---- */

static void do_write(int folder, const struct edit *edit)
{
        put_content(folder, edit, O_CREAT | O_TRUNC);
}

static void do_replace(int folder, const struct edit *edit)
{
        remove_at(folder, edit->path);
        put_content(folder, edit, O_CREAT | O_TRUNC);
}

static void do_append(int folder, const struct edit *edit)
{
        put_content(folder, edit, O_APPEND);
}

static void do_truncate(int folder, const struct edit *edit)
{
        _cleanup_fd_ int fd = open_file(folder, edit->path, 0);

        if (fd >= 0)
                (void)ftruncate(fd, edit->value % 9000);
}

static bool is_link(int at, const char *name)
{
        struct stat st;

        return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode);
}

static void do_chmod(int folder, const struct edit *edit)
{
        const char *name;
        _cleanup_fd_ int at = parent(folder, edit->path, false, &name);
        struct stat st;

        if (at < 0 || is_link(at, name) || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        (void)fchmodat(at, name, (mode_t)edit->value | (S_ISDIR(st.st_mode) ? 0700 : 0), 0);
}

static void do_touch(int folder, const struct edit *edit)
{
        const char *name;
        _cleanup_fd_ int at = parent(folder, edit->path, false, &name);

        if (at >= 0)
                (void)utimensat(at, name, NULL, AT_SYMLINK_NOFOLLOW);
}

static void do_remove(int folder, const struct edit *edit)
{
        remove_at(folder, edit->path);
}

static void do_rename(int folder, const struct edit *edit)
{
        move(folder, edit->path, edit->other);
}

static void do_swap(int folder, const struct edit *edit)
{
        move(folder, edit->path, "between");
        move(folder, edit->other, edit->path);
        move(folder, "between", edit->other);
}

static void do_symlink(int folder, const struct edit *edit)
{
        const char *name;
        _cleanup_fd_ int at = parent(folder, edit->path, true, &name);

        if (at < 0)
                return;
        (void)unlinkat(at, name, 0);
        (void)symlinkat(edit->other, at, name);
}

static void do_hardlink(int folder, const struct edit *edit)
{
        const char *name, *as;
        _cleanup_fd_ int from = parent(folder, edit->path, false, &name), to = parent(folder, edit->other, true, &as);

        if (from >= 0 && to >= 0)
                (void)linkat(from, name, to, as, 0);
}

static void do_mkdir(int folder, const struct edit *edit)
{
        const char *name;
        _cleanup_fd_ int at = parent(folder, edit->path, true, &name);

        if (at >= 0)
                (void)mkdirat(at, name, 0755);
}

static void do_ignore(int folder, const struct edit *edit)
{
        put_line(folder, edit, edit_ignore_line(edit->value));
}

static void do_attribute(int folder, const struct edit *edit)
{
        put_line(folder, edit, edit_attribute_line(edit->value));
}

void edit_do(int folder, const struct edit *edit)
{
        static void (*const kinds[EDIT_KIND_COUNT])(int, const struct edit *) = {
                [EDIT_WRITE] = do_write,       [EDIT_REPLACE] = do_replace,    [EDIT_APPEND] = do_append,
                [EDIT_TRUNCATE] = do_truncate, [EDIT_CHMOD] = do_chmod,        [EDIT_TOUCH] = do_touch,
                [EDIT_REMOVE] = do_remove,     [EDIT_RENAME] = do_rename,      [EDIT_SWAP] = do_swap,
                [EDIT_SYMLINK] = do_symlink,   [EDIT_HARDLINK] = do_hardlink,  [EDIT_MKDIR] = do_mkdir,
                [EDIT_IGNORE] = do_ignore,     [EDIT_ATTRIBUTE] = do_attribute};

        kinds[edit->kind](folder, edit);
}
