/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a step finds in its fresh home. Its leader writes them before it restricts itself; nobody else runs in the step
 * then, and no link is followed all the same, since folders of the host may be shown below the home. The helper compares them
 * when everything in the step is dead, through a descriptor of that home: what the step made is opened without following or
 * waiting for anything, and no more is read than was written.
 *
 * A file in a folder that is shown below the home is not compared: its mount ended with the step.
 */
#include "sandbox/step.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Crossing mounts is meant. */
static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
        struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
                               .mode = mode,
                               .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

        return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static int make_parents(int home, const char *path, struct err *err)
{
        _cleanup_free_ char *parent = xstrdup(path);

        for (char *slash = parent; (slash = strchr(slash, '/')); slash++) {
                _cleanup_fd_ int fd = -1;

                *slash = '\0';
                fd = open_beneath(home, parent, O_PATH | O_DIRECTORY, 0);
                if (fd < 0 && (errno != ENOENT || mkdirat(home, parent, 0700) < 0))
                        return err_errno(err, "folder %s", parent);
                *slash = '/';
        }
        return 0;
}

static int write_file(int home, const struct sandbox_home_file *file, struct err *err)
{
        mode_t mode = strncmp(file->text, "#!", 2) == 0 ? 0700 : 0600;
        _cleanup_fd_ int fd = -1;

        if (make_parents(home, file->path, err) < 0)
                return -1;
        fd = open_beneath(home, file->path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY, mode);
        if (fd < 0 || fs_write_all(fd, file->text, strlen(file->text)) < 0)
                return err_errno(err, "write it");
        return 0;
}

int home_files_write(const struct site *site, const struct sandbox_step *step, struct err *err)
{
        _cleanup_fd_ int home = -1;

        if (!step->home.len)
                return 0;
        home = open(site->home, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (home < 0)
                return err_errno(err, "home %s", site->home);
        for (size_t i = 0; i < step->home.len; i++)
                if (write_file(home, &step->home.items[i], err) < 0) {
                        err->code = ERR_INPUT; /* a file where a folder is needed, a shown folder in the way, no room */
                        return err_wrap(err, "home file %s", step->home.items[i].path);
                }
        return 0;
}

static bool is_shown(const struct site *site, const struct sandbox_shows *shows, const char *path)
{
        _cleanup_free_ char *full = xasprintf("%s/%s", site->home, path);

        for (size_t i = 0; i < shows->len; i++) {
                size_t len = strlen(shows->items[i].inside);

                if (strncmp(full, shows->items[i].inside, len) == 0 && (full[len] == '/' || !full[len]))
                        return true;
        }
        return false;
}

static bool is_as_written(int fd, const char *text)
{
        size_t len = strlen(text), done = 0;
        struct stat status;
        char bytes[16384];

        if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || (size_t)status.st_size != len)
                return false;
        while (done < len) {
                ssize_t got = read(fd, bytes, len - done < sizeof(bytes) ? len - done : sizeof(bytes));

                if (got <= 0 || memcmp(bytes, text + done, (size_t)got) != 0)
                        return false;
                done += (size_t)got;
        }
        return true;
}

void home_files_compare(const struct site *site, const struct sandbox_step *step, int home, uint64_t *ret_changed,
                        uint64_t *ret_removed)
{
        _cleanup_fd_ int own = site->weak ? open(site->home, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        int at = site->weak ? own : home;

        for (size_t i = 0; at >= 0 && i < step->home.len; i++) {
                const struct sandbox_home_file *file = &step->home.items[i];
                _cleanup_fd_ int fd = -1;

                if (is_shown(site, &site->plan->write, file->path) || is_shown(site, &site->plan->read, file->path) ||
                    is_shown(site, &step->read, file->path))
                        continue;
                fd = open_beneath(at, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
                if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                        *ret_removed |= (uint64_t)1 << i;
                else if (fd < 0 || !is_as_written(fd, file->text))
                        *ret_changed |= (uint64_t)1 << i;
        }
}
