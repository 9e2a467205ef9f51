/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"

#include "lib/base/cleanup.h"
#include "lib/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEMPORARY_HEX 12
#define TEMPORARY_END ".tmp"

int fs_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
        struct open_how how = {
                .flags = (unsigned)(flags | O_CLOEXEC),
                .mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
        };
        long fd;

        /* EAGAIN: a rename somewhere raced with the walk (openat2(2)); the kernel asks to try again */
        do
                fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
        while (fd < 0 && (errno == EAGAIN || errno == EINTR));
        return (int)fd;
}

int fs_read_fd(int fd, size_t max, struct str *ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};
        char buffer[16384];
        ssize_t got;

        while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "read");
                if ((size_t)got > max - text.len)
                        return err_set(err, ERR_INPUT, "larger than %zu bytes", max);
                str_append(&text, buffer, (size_t)got);
        }
        str_append(&text, "", 0);
        str_release(ret);
        *ret = text;
        text = (struct str){0};
        return 0;
}

int fs_read_at(int dirfd, const char *path, size_t max, struct str *ret, struct err *err)
{
        _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (fd < 0)
                return err_errno(err, "open %s", path);
        if (fs_read_fd(fd, max, ret, err) < 0)
                return err_wrap(err, "%s", path);
        return 0;
}

int fs_write_all(int fd, const void *data, size_t len)
{
        const char *bytes = data;

        while (len) {
                ssize_t put = write(fd, bytes, len);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return -1;
                bytes += put;
                len -= (size_t)put;
        }
        return 0;
}

int fs_write_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *err)
{
        _cleanup_free_ char *temporary = NULL;
        _cleanup_fd_ int fd = -1;
        char random[TEMPORARY_HEX + 1];

        if (random_hex(random, TEMPORARY_HEX) < 0)
                return err_errno(err, "getrandom");
        temporary = xasprintf("%s.%s" TEMPORARY_END, name, random);
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0)
                return err_errno(err, "create %s", name);
        if (fs_write_all(fd, data, len) < 0 || fchmod(fd, mode) < 0 || renameat(dirfd, temporary, dirfd, name) < 0) {
                err_errno(err, "write %s", name);
                unlinkat(dirfd, temporary, 0);
                return -1;
        }
        return 0;
}

/* "<name>.<random>.tmp", as fs_write_at() makes it */
static bool is_temporary(const char *name)
{
        const size_t len = strlen(name), end = TEMPORARY_HEX + strlen(TEMPORARY_END);

        return len > end + 1 && name[len - end - 1] == '.' &&
               strspn(name + len - end, "0123456789abcdef") == TEMPORARY_HEX &&
               strcmp(name + len - strlen(TEMPORARY_END), TEMPORARY_END) == 0;
}

void fs_sweep_unwritten(int dirfd)
{
        _cleanup_dir_ DIR *dir = fs_list(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        while ((entry = fs_list_next(dir)))
                if (is_temporary(entry->d_name))
                        (void)unlinkat(dirfd, entry->d_name, 0); /* a folder stays: none of ours */
}

bool path_is_in(const char *path, const char *folder)
{
        const size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

        return strncmp(path, folder, len) == 0 && (len == 0 || path[len] == '/' || !path[len]);
}

bool path_is_normal(const char *path, size_t len)
{
        for (size_t at = 0, part; at < len; at += part + 1) {
                const char *slash = memchr(path + at, '/', len - at);

                part = slash ? (size_t)(slash - path) - at : len - at;
                if (part == 0 || (path[at] == '.' && (part == 1 || (part == 2 && path[at + 1] == '.'))) ||
                    at + part + 1 == len)
                        return false;
        }
        return true;
}

bool fs_is_folder(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int fs_open_dir(const char *path, struct err *err)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return err_errno(err, "open folder %s", path);
        return fd;
}

char *fs_real_path(int fd)
{
        char name[64], path[PATH_MAX];
        ssize_t len;

        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        len = readlink(name, path, sizeof(path) - 1);
        return len > 0 && path[0] == '/' ? xmemdup(path, (size_t)len) : NULL;
}

int fs_fsync_dir(int dirfd)
{
        return fsync(dirfd);
}

int fs_set_cloexec(int fd, int on)
{
        return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

static bool is_dots(const char *name)
{
        return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* ---- Removing a tree ---- */

#define REMOVE_DEPTH 12
#define REMOVE_BATCH 4096
#define TRIES 3

/*
 * Depth is the attacker's choice, descriptors and stack are not: the first levels are gone down into, a folder further
 * down is moved up beside the root of the removal under a fresh name and waits its turn, and so the depth never grows.
 */
struct removal {
        int top;
        struct strv pending;
};

static int remove_folder(struct removal *removal, int dirfd, const char *name, unsigned depth);

static int open_to_remove(int dirfd, const char *name)
{
        static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(dirfd, name, flags);

        if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
                fd = openat(dirfd, name, flags);
        return fd;
}

static int remove_file(int dirfd, const char *name)
{
        if (unlinkat(dirfd, name, 0) == 0)
                return 0;
        return errno == EACCES && fchmod(dirfd, 0700) == 0 ? unlinkat(dirfd, name, 0) : -1;
}

static int lift_folder(struct removal *removal, int dirfd, const char *name)
{
        static unsigned serial;
        char lifted[64];

        /* moving a folder rewrites its "..", which needs write permission on the folder itself */
        fchmodat(dirfd, name, 0700, 0);
        snprintf(lifted, sizeof(lifted), ".removing-%d-%u", (int)getpid(),
                 __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
        if (renameat(dirfd, name, removal->top, lifted) < 0)
                return -1;
        strv_add(&removal->pending, lifted);
        return 0;
}

static int remove_entry(struct removal *removal, int dirfd, const struct dirent *entry, unsigned depth)
{
        const char *name = entry->d_name;

        if (is_dots(name))
                return 0;
        if (entry->d_type != DT_DIR) {
                if (remove_file(dirfd, name) == 0 || errno == ENOENT)
                        return 0;
                if (errno != EISDIR && errno != EPERM)
                        return -1;
        }
        if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
                return 0;
        if (errno == EACCES)
                fchmod(dirfd, 0700);
        return depth < REMOVE_DEPTH ? remove_folder(removal, dirfd, name, depth + 1)
                                    : lift_folder(removal, dirfd, name);
}

/* Leaves `name` behind, emptied. */
static int empty_folder(struct removal *removal, int dirfd, const char *name, unsigned depth)
{
        _Alignas(struct dirent) char batch[REMOVE_BATCH];
        _cleanup_fd_ int fd = open_to_remove(dirfd, name);
        ssize_t got;

        if (fd < 0)
                return -1;
        while ((got = getdents64(fd, batch, sizeof(batch))) > 0) {
                for (ssize_t at = 0; at < got;) {
                        const struct dirent *entry = (const void *)(batch + at);

                        if (remove_entry(removal, fd, entry, depth) < 0)
                                return -1;
                        at += entry->d_reclen;
                }
        }
        return got < 0 ? -1 : 0;
}

static int remove_folder(struct removal *removal, int dirfd, const char *name, unsigned depth)
{
        return empty_folder(removal, dirfd, name, depth) < 0 ? -1 : unlinkat(dirfd, name, AT_REMOVEDIR);
}

static int remove_below(int dirfd, const char *name)
{
        struct removal removal = {.top = dirfd};
        int status = remove_folder(&removal, dirfd, name, 0);

        for (size_t i = 0; status == 0 && i < removal.pending.len; i++)
                status = remove_folder(&removal, dirfd, removal.pending.items[i], 0);
        strv_release(&removal.pending);
        return status;
}

bool fs_again(int *tries)
{
        static const int no_answers[] = {EINTR, EIO, ENOMEM, EMFILE, ENFILE, EAGAIN, ENOSPC};
        const int error = errno;

        for (size_t i = 0; i < sizeof(no_answers) / sizeof(*no_answers); i++)
                if (error == no_answers[i])
                        return ++*tries < TRIES;
        return false;
}

static int remove_tree(int dirfd, const char *name, struct err *err)
{
        const char *last = strrchr(name, '/');
        _cleanup_free_ char *parent = last ? xasprintf("%.*s/", (int)(last - name), name) : NULL;
        _cleanup_fd_ int parent_fd = -1;

        if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return err_errno(err, "remove %s", name);
        if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
                return 0;
        /* what is lifted stays beside it, on its own file system */
        if (parent && (parent_fd = openat(dirfd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
                return err_errno(err, "remove %s", name);
        if (remove_below(parent ? parent_fd : dirfd, parent ? last + 1 : name) < 0)
                return err_errno(err, "remove %s", name);
        return 0;
}

int fs_remove_tree_at(int dirfd, const char *name, struct err *err)
{
        for (int tries = 0; remove_tree(dirfd, name, err) < 0;) {
                errno = err->errnum;
                if (!fs_again(&tries))
                        return -1;
                *err = ERR_INIT;
        }
        return 0;
}
