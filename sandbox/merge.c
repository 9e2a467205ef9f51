/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/merge.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs_list.h"
#include "lib/base/overlay.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define SENDFILE_MAX (1 << 30)

void merge_stack_release(struct merge_stack *stack)
{
        while (stack->len)
                close(stack->fds[--stack->len]);
}

int merge_stack_open(struct merge_stack *stack, const char *const *paths, size_t len, struct err *err)
{
        for (size_t i = 0; i < len && i < MERGE_LAYERS_MAX; i++) {
                int fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                if (fd < 0)
                        return err_errno(err, "open %s", paths[i]);
                stack->fds[stack->len++] = fd;
        }
        return 0;
}

int merge_lookup(const struct merge_stack *stack, const char *name, struct stat *ret_status)
{
        for (size_t i = 0; i < stack->len; i++)
                if (fstatat(stack->fds[i], name, ret_status, AT_SYMLINK_NOFOLLOW) == 0)
                        return overlay_is_whiteout(ret_status) ? -1 : (int)i;
        return -1;
}

void merge_descend(const struct merge_stack *stack, const char *name, struct merge_stack *ret)
{
        *ret = (struct merge_stack){0};
        for (size_t i = 0; i < stack->len; i++) {
                struct stat status;
                int fd;

                if (fstatat(stack->fds[i], name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (!S_ISDIR(status.st_mode))
                        return; /* a file or a whiteout hides what is below */
                fd = openat(stack->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        return;
                ret->fds[ret->len++] = fd;
                if (overlay_is_opaque(fd))
                        return;
        }
}

int merge_names(const struct merge_stack *stack, struct strv *ret, struct err *err)
{
        for (size_t i = 0; i < stack->len; i++) {
                _cleanup_dir_ DIR *dir = fs_list(openat(stack->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                const struct dirent *entry;

                while ((entry = fs_list_next(dir)))
                        strv_add(ret, entry->d_name);
                if (!dir || errno)
                        return err_errno(err, "read a folder");
        }
        strv_sort_unique(ret);
        return 0;
}

static int copy_range(int in, int out, off_t from, off_t end)
{
        if (lseek(in, from, SEEK_SET) < 0 || lseek(out, from, SEEK_SET) < 0)
                return -1;
        while (from < end) {
                ssize_t done = sendfile(out, in, NULL, end - from < SENDFILE_MAX ? (size_t)(end - from) : SENDFILE_MAX);

                if (done <= 0)
                        return done < 0 ? -1 : 0;
                from += done;
        }
        return 0;
}

/* Holes stay holes: who made the file paid for none of their bytes, and no disk need have the room for them. */
static int copy_bytes(int in, int out, off_t size, struct merge_count *count)
{
        if (ioctl(out, FICLONE, in) == 0) {
                count->reflinked = true;
                return 0;
        }
        for (off_t hole = 0; hole < size;) {
                const off_t data = lseek(in, hole, SEEK_DATA);

                if (data < 0 && errno == ENXIO)
                        break;
                if (data < 0 || (hole = lseek(in, data, SEEK_HOLE)) < 0 ||
                    copy_range(in, out, data, hole < size ? hole : size) < 0)
                        return -1;
        }
        return ftruncate(out, size);
}

static int copy_file(int from, const char *name, const struct stat *status, int to, struct merge_count *count,
                     struct err *err)
{
        struct timespec times[2] = {status->st_atim, status->st_mtim};
        _cleanup_fd_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        _cleanup_fd_ int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (in < 0 || out < 0 || copy_bytes(in, out, status->st_size, count) < 0 ||
            fchmod(out, status->st_mode & 0777) < 0 || futimens(out, times) < 0)
                return err_errno(err, "copy %s", name);
        return 0;
}

static int copy_link(int from, const char *name, int to, struct err *err)
{
        char target[PATH_MAX];
        ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

        if (len < 0)
                return err_errno(err, "copy link %s", name);
        target[len] = '\0';
        return symlinkat(target, to, name) < 0 ? err_errno(err, "copy link %s", name) : 0;
}

int merge_copy_entry(int from, const char *name, const struct stat *status, int to, struct merge_count *count,
                     struct err *err)
{
        if (S_ISREG(status->st_mode))
                return copy_file(from, name, status, to, count, err);
        return S_ISLNK(status->st_mode) ? copy_link(from, name, to, err) : 0;
}

static int copy_folder(const struct merge_stack *stack, const char *name, mode_t mode, int to, unsigned depth,
                       struct merge_count *count, struct err *err)
{
        _cleanup_merge_stack_ struct merge_stack below = {0};
        _cleanup_fd_ int fd = -1;

        if (mkdirat(to, name, 0700 | (mode & 0777)) < 0 ||
            (fd = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
                return err_errno(err, "mkdir %s", name);
        merge_descend(stack, name, &below);
        return merge_copy(&below, fd, depth + 1, count, err);
}

/* What it takes on disk there, which is what fs_tree_size() will say of it: of many small files that is a multiple of their sizes. */
static void count_entry(int to, const char *name, struct merge_count *count)
{
        struct stat status;

        if (fstatat(to, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return; /* special files are not copied */
        count->inodes++;
        count->bytes += (uint64_t)status.st_blocks * 512;
}

int merge_copy(const struct merge_stack *stack, int to, unsigned depth, struct merge_count *count, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};

        if (depth > MERGE_DEPTH_MAX)
                return err_set(err, ERR_INPUT, "a tree deeper than %d folders", MERGE_DEPTH_MAX);
        if (merge_names(stack, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                const char *name = names.items[i];
                struct stat status;
                int layer = merge_lookup(stack, name, &status);

                if (layer < 0)
                        continue;
                if ((S_ISDIR(status.st_mode) ? copy_folder(stack, name, status.st_mode, to, depth, count, err)
                                             : merge_copy_entry(stack->fds[layer], name, &status, to, count, err)) < 0)
                        return -1;
                count_entry(to, name, count);
        }
        return 0;
}
